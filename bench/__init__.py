"""Measures speed and memory: `python -m bench`. Every figure in the README comes from a command here."""
