"""Questions to the usage history, and their answers."""
