"""Sums by two operators who share no secret: the protocol of a round over files in datasites.

Rooms, from the bottom: `wire` and `codec` (the bytes of DAP messages), `identity` and `sealing` (who signed, who can
open), `blocks` and `manifest` (what a round asks and with which noise), `transport` (files), `store` and `budget` (the
state of a party), `report` (a participant's file), `reporter`, `leader` and `helper` (the parties), `result`.
Decision records 0081 to 0084 say what is DAP and what is not.
"""
