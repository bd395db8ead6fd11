"""Backups: one file that holds what cannot be made again of a participant, an aggregator or a helper."""
