"""What the aggregator asks in a round, and the release that answers it."""
