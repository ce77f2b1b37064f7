"""What calls cost, found afterwards: prices, repricing, and the same calls on another model."""
