"""What the proxy offers: discovery, the last good list, and how it becomes definitions in Fased's config."""
