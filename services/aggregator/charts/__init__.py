"""Public charts: how they come in, what waits for them, and the lists that begin with them."""
