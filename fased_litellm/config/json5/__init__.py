"""JSON5 text with places: tokens, tree, style and splices. ``config.document`` puts them together."""
