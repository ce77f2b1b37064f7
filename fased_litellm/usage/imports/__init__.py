"""What the Node agent keeps of its calls, read into the ledger: transcripts, session stores, task run logs."""
