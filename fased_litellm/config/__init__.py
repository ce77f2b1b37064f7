"""fased.json: read, understand, check and edit the agent's config."""
