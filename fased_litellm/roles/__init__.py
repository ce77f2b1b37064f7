"""Agents and model roles: which model an agent uses for which kind of work, and where the config says so."""
