"""``${VAR}`` in the values of a config, and the environment that it is looked up in."""
