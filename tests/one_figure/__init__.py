"""One figure is the same through every door, and is what the oracle or a plain sum says it is."""
