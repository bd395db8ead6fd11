"""Which shows the same people have seen, once a quarter, where operators sum."""
