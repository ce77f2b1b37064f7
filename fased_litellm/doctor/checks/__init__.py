"""Everything about a route that can be looked at without spending anything.

Each module has checks of one kind, functions from a ``Subject`` to findings; ``examine`` runs them all, ``mending`` does what is
safe to do about some of them.
"""
