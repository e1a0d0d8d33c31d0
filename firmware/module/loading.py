"""Code that is needed for a moment: dropped from memory after use."""

import sys


def drop(*names):
    """Forget the files `module/<name>.py`, or `a/b.py` for "a.b"; the next import loads them anew.

    MicroPython keeps a loaded file in two places: sys.modules, and an attribute of its package.
    """
    for name in names:
        package, _, file = (name if "." in name else "module." + name).partition(".")
        sys.modules.pop(package + "." + file, None)
        package = sys.modules.get(package)
        if hasattr(package, file):
            delattr(package, file)
