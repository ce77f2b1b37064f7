"""Reading and writing the config's files: locks, backups, all files or none, and the log of changes."""
