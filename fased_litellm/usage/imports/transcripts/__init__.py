"""The Node agent's transcripts: one file, read into calls."""
