"""Words of the operator's view: reasons of refusals."""

from __future__ import annotations

# Why a file is refused, and what it usually means.
REASONS = {
    "size": "a release that is not 512 bytes: another program, or a damaged file",
    "not_json": "not a release file at all",
    "schema": "fields that a release does not have: another version of the app",
    "checksum": "damaged on the way, or changed by hand",
    "round": "says another round than its name",
    "vocabulary": "answers about another list of titles",
    "survey": "answers another survey than the one asked",
    "question": "answers another question than this person was asked",
    "parameters": "states other odds or another list than the survey",
    "payload": "an answer that no honest app sends",
    "not_asked": "this person was not asked in this round",
    "manifest": "the list of files cannot be read",
    "too_large": "larger than anything that is read",
    "not_a_file": "a link or a folder in a file's place",
    "hard_link": "a file with more than one name",
    "path": "a name that leads elsewhere",
    "unreadable": "may not be read: rights of the folder",
}

# What a round of sums is doing.
STATES = {
    "opening": "the operators agree on it",
    "open": "reports are collected",
    "early": "the early sums are published, late reports are collected",
    "final": "over",
    "given_up": "given up",
}
# Why a sealed report is refused, or a round of sums waits or is given up.
SEALED_REASONS = {
    "proof": "the proof shows that the answer is not valid",
    "seal": "it cannot be opened: sealed to another key, or changed",
    "replayed": "a report that was there before",
    "not_at_helper": "it had reached one operator only",
    "late": "it came after the last deadline",
    "invalid": "it does not keep to the protocol",
    "not_invited": "the datasite is not on this operator's list",
    "not_own": "it names another datasite: copied",
    "size": "it has another size than a report",
    "malformed": "it cannot be read",
    "noise": "it costs more privacy than this helper allows",
    "batch": "it allows sums of fewer people than this helper does",
    "budget": "the year's limit of privacy loss is reached",
    "overlap": "another round asked about the same days",
    "deadline": "the other operator was silent until the last deadline",
    "too_few": "too few people reported",
    "mismatch": "the operators have counted different reports",
    "other_operator": "the other operator gave it up",
    "operators": "the settings name other operators than those that agreed on it",
    "lost": "the database was lost, or is an older copy",
    "parties": "it names other operators than the helper's settings",
    "too_large": "larger than anything that is read",
    "not_a_file": "a link or a folder in a file's place",
    "hard_link": "a file with more than one name",
}
