"""The helper: the same image as the aggregator with ROLE=helper, run by another operator on another machine."""
