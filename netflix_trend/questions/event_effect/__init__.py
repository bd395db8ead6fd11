"""The question how viewing changed during a life event."""
