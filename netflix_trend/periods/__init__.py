"""ISO weeks and quarters."""
