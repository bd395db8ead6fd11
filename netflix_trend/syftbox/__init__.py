"""The protocol over SyftBox: datasites, permission files and the files that are shared."""
