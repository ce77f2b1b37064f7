"""The model map of a LiteLLM ``config.yaml``: which alias is which model, and what is wrong with the file.

``yamltree`` reads YAML with line numbers, ``gatewayfile`` puts included files together, ``reading`` makes the map of it,
``judging`` finds what is wrong, ``markdown`` writes the map for people, ``first`` makes a first config. Nothing is asked
of a network.
"""
