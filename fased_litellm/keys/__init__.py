"""The keys of an agent: where they are kept, and the proxy's virtual keys."""
