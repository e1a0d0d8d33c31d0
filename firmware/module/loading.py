"""Code that is needed for a moment: dropped from memory after use."""

import sys


def drop(name):
    """Forget the file `module/<name>.py`; the package holds it too, so leaving sys.modules is not enough."""
    if sys.modules.pop("module." + name, None) is not None:
        package = sys.modules["module"]
        if hasattr(package, name):
            delattr(package, name)
