"""Prepare, verify and debug a route: checks and experiments that return findings. Nothing here prints."""
