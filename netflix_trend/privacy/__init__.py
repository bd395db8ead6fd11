"""Randomizers, estimators with standard errors, and accounting: pure functions on integers and arrays."""
