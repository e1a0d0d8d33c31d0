"""Whole relays as processes, load on them, and kill -9: what must hold whatever dies."""
