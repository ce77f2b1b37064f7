"""What can still be read of a damaged ledger, and a new one in its place."""
