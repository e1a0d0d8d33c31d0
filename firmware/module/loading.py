"""Code that is needed for a moment: dropped from memory after use."""

import sys


def drop(*names):
    """Forget files by the names that imports have for them; the next import loads them anew.

    MicroPython keeps a loaded file in two places: sys.modules, and an attribute of its package.
    """
    for name in names:
        sys.modules.pop(name, None)
        package, _, file = name.rpartition(".")
        package = sys.modules.get(package)
        if hasattr(package, file):
            delattr(package, file)


def rare(method):
    """Mark a method that is seldom called: on a chip it is in memory only while it runs.

    There its class does not have it (wxlink/flash/overlay.py): find() loads it from the file of that name. So
    it is to be called, not passed about, and not to run for long.
    """
    return method


def find(owner, name):
    """A rare method of an object, for one call: `__getattr__` of a class whose RARE names the file.

    AttributeError for what is not there.
    """
    file = owner.RARE
    __import__(file)
    method = getattr(sys.modules[file], name, None)
    drop(file)
    if method is None:
        raise AttributeError(name)
    return lambda *given, **named: method(owner, *given, **named)


def packed(name):
    """The path of what the build puts beside the application's code."""
    return __file__[: __file__.rfind("module/")] + name


def told(at, values=None):
    """A text of the application: the build keeps what is raised or said in a file, each behind its size.

    values: what goes into it by `%`. Where it cannot be read there is its place, for whoever has the file.
    """
    try:
        with open(packed("texts"), "rb") as file:
            file.seek(at)
            text = str(file.read(file.read(1)[0]), "utf-8")
    except (OSError, MemoryError):
        return "text %d" % at
    return text if values is None else text % values
