"""What pages on 127.0.0.1 share: the guard that keeps everybody else out. The only room of the library with Flask."""
