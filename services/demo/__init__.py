"""The whole network in one process: composes the services' own functions, adds invented people."""
