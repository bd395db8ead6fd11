"""Processor and publisher in one process, for people without Docker."""
