"""What to watch next: computed on a participant's machine from their own history and what a group publishes."""
