"""Verbs that work on a relay's data, beside a running relay or without one."""
