"""How an export reaches the private volume: archives from Netflix, and messages in the inbox."""
