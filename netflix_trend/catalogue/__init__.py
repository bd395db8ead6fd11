"""The vocabulary of shows, and the catalogues that it is made from."""
