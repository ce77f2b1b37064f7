"""What the commands of ``fased usage`` print for people."""
