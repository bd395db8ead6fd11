"""What several services need at their edge: the queue, child processes and signs of life."""
