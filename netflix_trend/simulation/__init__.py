"""Invented people for the demo, the tests and the benchmarks. Seeded; never used for anything that protects people."""
