"""How far back a model remembers: one file for each protocol, one record for all of them (no torch here)."""
