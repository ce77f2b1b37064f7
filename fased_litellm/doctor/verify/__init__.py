"""Verify a route in small steps: each is tried, timed and told; the first that fails says who failed and what to do.

``steps`` has what a step and a run are, ``walk`` goes along the path, ``ladder`` remembers how far an installation has come.
"""
