"""How a module ends when it is to start anew."""


class Restart(Exception):
    """The module is to start anew; what was to be wiped is wiped."""
