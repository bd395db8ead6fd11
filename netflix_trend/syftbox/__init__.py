"""The protocol over SyftBox: datasites, permission files and shared files."""
