"""Code that is needed for a moment: dropped from memory after use."""

import sys


def drop(*names):
    """Forget the files `module/<name>.py`; the next import loads them anew.

    MicroPython keeps a loaded file in two places: sys.modules, and an attribute of its package.
    """
    package = sys.modules["module"]
    for name in names:
        sys.modules.pop("module." + name, None)
        if hasattr(package, name):
            delattr(package, name)
