"""The network as we use it: which addresses may be asked, and the one HTTP transport."""
