"""Atomic files, canonical JSON and models of stored JSON."""
