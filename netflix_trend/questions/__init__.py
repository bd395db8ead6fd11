"""The questions a survey can ask: one folder each, behind the protocol of `question`, listed in `registry`."""
