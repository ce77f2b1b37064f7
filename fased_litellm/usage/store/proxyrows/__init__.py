"""Calls that ``reconcile --fill`` took from the proxy's rows: each counts until the same call comes from elsewhere."""
