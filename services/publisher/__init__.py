"""Writes differentially private releases, and nothing else, into the participant's datasite."""
