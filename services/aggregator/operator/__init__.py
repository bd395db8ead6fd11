"""The operator's view: on this machine only, for whoever brings the one-time token."""
