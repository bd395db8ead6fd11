"""The real SyftBox server and client in containers; none of our code runs in them but `start.py`."""
