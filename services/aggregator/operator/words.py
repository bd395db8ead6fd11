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
    "duplicate": "the same answer as somebody else's, which chance does not give: copied",
    "implausible": "names more shows than any honest answer: forged",
    "manifest": "the list of files cannot be read",
    "too_large": "larger than anything that is read",
    "not_a_file": "a link or a folder in a file's place",
    "hard_link": "a file with more than one name",
    "path": "a name that leads elsewhere",
    "unreadable": "may not be read: rights of the folder",
}
