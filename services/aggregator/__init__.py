"""Turns everybody's releases into statistics with error bars, and publishes them."""
