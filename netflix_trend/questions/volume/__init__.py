"""The question how many titles people started in a week."""
