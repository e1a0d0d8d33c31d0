"""Long runs of random and mutated input against everything that reads bytes of a peer: `python -m fuzz`."""
