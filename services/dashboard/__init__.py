"""The participant's page on 127.0.0.1: what I watched, me and the others, and what leaves this machine."""
