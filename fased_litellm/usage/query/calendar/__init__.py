"""Time zones, and windows of time in them."""
