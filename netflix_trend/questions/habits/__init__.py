"""What kinds of weeks people have: yes-or-no answers."""
