"""Turns a participant's exports into tables and encodings on the private volume."""
