"""The whole network in one process, by seed: a virtual clock, a disk with faults, and a relay that misbehaves."""
