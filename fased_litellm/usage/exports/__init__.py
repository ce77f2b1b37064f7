"""The usage history for other programs: one module per format, and the files they go to."""
