"""Reads the manifest.json of a slot, one JSON object that names version and SHA-256 of each file:

    {"version": "00010001", "files": {"module/program.mpy": "<64 hex digits>", ...}}

Dropped after use.
"""

from wxproto.errors import PeerError

MANIFEST = "manifest.json"
MAX_MANIFEST = 16384  # bytes; 128 entries take less
_TEXT = 256  # bytes of it read at once
_MAX_STRING = 72  # characters of a name or hash


class InstallError(PeerError):
    """The release cannot be installed; the text says why."""


def version_of(slot):
    """The version that the slot's manifest names, or None."""
    try:
        for what, text in strings(slot + "/" + MANIFEST):
            if what == "version":
                return text
    except (OSError, ValueError):
        pass
    return None


def strings(path):
    """The pairs of texts in a manifest.json, name and value: ("version", ...), (file name, hash).

    Only as much of JSON as that file needs: all of it at once takes 12 KB of heap. InstallError when it is
    too long for a manifest or holds something else.
    """
    name = None
    for text in _quoted(path):
        if name is None:
            if text != "files":
                name = text
        else:
            yield name, text
            name = None
    if name is not None:
        raise InstallError("the manifest has a name without a value")


def _quoted(path):
    with open(path) as file:
        rest = file.read(_TEXT)
        block = rest
        total = len(rest)
        while True:
            start = rest.find('"')
            end = rest.find('"', start + 1)
            if start >= 0 and end > 0:
                yield rest[start + 1 : end]
                rest = rest[end + 1 :]
                continue
            if not block:
                if start >= 0:
                    raise InstallError("the manifest is cut short")
                return
            if len(rest) > _TEXT + _MAX_STRING:
                raise InstallError("the manifest is no list of files")
            block = file.read(_TEXT)
            total += len(block)
            if total > MAX_MANIFEST:
                raise InstallError(f"the manifest has more than {MAX_MANIFEST} bytes")
            rest = (rest[start:] if start >= 0 else "") + block
