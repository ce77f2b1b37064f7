"""The local ledger: one SQLite file with a row per call."""
