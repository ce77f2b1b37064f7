"""What marks a call that ``reconcile --fill`` added."""

from __future__ import annotations

ID_PREFIX = "spend:"
"""How the ids of such calls begin."""
AFTER_PREFIX = "spend;"
"""What comes after all of these ids."""
COST_SOURCE = "spend-row"
"""Where the cost of such a call comes from: the proxy's own, afterwards."""
