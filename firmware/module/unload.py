"""Gives back the heap of a module that is used rarely."""

import sys

_PACKAGE = "module"


def unload(*names):
    """Forget modules of this package; the next import loads them anew.

    MicroPython keeps a loaded module in two places: sys.modules, and an attribute of its package.
    """
    package = sys.modules[_PACKAGE]
    for name in names:
        sys.modules.pop(_PACKAGE + "." + name, None)
        if hasattr(package, name):
            delattr(package, name)
