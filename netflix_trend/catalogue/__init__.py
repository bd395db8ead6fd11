"""The vocabulary of shows, and the catalogues it is built from."""
