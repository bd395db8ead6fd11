"""The question which shows of a list people watched in a week."""
