"""The proxy's routes beside calls: virtual keys and spend rows."""
