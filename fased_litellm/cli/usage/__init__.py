"""``fased usage`` and its commands: ask the usage history, and keep it."""
