"""Rounds whose answers are sealed and added up by operators: the leader's side of the aggregator."""
