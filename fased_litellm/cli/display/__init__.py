"""Tables, small charts and texts for terminals, which several commands print."""
