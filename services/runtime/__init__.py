"""What several services need for their I/O: the queue, child processes and heartbeats."""
