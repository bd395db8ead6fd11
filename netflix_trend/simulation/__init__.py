"""Invented people for the demo, the tests and the benchmarks. Seeded; never used to protect real people."""
