"""Two windows side by side: what changed, and why the cost did."""
