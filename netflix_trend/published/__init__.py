"""Formats of what the aggregator publishes, their schema, and the words for them."""
