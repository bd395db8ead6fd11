"""A toy question, for the test that a question is one folder and one line of the registry."""
