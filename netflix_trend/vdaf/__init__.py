"""Prio3: sums over many people's reports for several operators, none of whom sees a report, with proofs of validity.

Written from the text of draft-irtf-cfrg-vdaf-20 (wire version 18) and draft-ietf-ppm-l1-bound-sum. Messages are the
drafts' bytes. Nothing here reads or writes a file, and nothing is constant-time: see
docs/decisions/0080-prio3-is-our-own-code.md before calling it from anything that answers while somebody waits.
"""
