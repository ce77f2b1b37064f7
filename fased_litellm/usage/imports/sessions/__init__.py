"""The Node agent's session stores and task run logs."""
