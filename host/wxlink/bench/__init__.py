"""The bench: what stands in for hardware when the chain runs on one machine."""
