"""On which day of the week people watch."""
