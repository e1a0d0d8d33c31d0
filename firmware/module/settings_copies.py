"""Reads the two copies of the settings, and the one file of an earlier version. Dropped after use."""

import json
import os

from module.settings import FIELDS, FILES, OLD_FILE, checksum

MAX_SIZE = 2048  # bytes of a copy; save() writes about 400, at most 1,500


def newest(folder, report):
    """(the fields of the newest whole copy with their `number` or None, True when there is an OLD_FILE)."""
    texts = {name: _read(folder + "/" + name) for name in FILES}
    whole = {}
    for name, text in texts.items():
        if text is not None:
            stored = _decode(text)
            if stored is not None:
                whole[name] = stored
    for name, text in texts.items():
        if text is not None and name not in whole:
            _put_aside(folder + "/" + name, not whole, report)
    best = max(whole.values(), key=lambda stored: stored["number"]) if whole else None
    return best, OLD_FILE in whole


def _put_aside(path, lost, report):
    if lost:
        os.rename(path, path + ".damaged")
        report(f"{path} is damaged; it is kept as {path}.damaged and the module gets a new identity")
    else:
        report(f"{path} is damaged, as by a power cut; the other copy is used")


def _read(path):
    """The text of a copy, None when there is no such file, "" when it is no text."""
    try:
        with open(path) as file:
            return file.read(MAX_SIZE)
    except UnicodeError:
        return ""
    except OSError as error:
        if error.errno != 2:  # ENOENT
            raise
        return None


def _decode(text):
    """The stored fields with their number, 0 in an old file; None when save() wrote something else."""
    parts = text.split("\n")
    if len(parts) != 3 or parts[1] != checksum(parts[0]):
        return None
    try:
        stored = json.loads(parts[0])
    except ValueError:
        return None
    if not isinstance(stored, dict) or any(not _valid(stored.get(name)) for name in FIELDS):
        return None
    number = stored.setdefault("number", 0)
    return stored if isinstance(number, int) and number >= 0 else None


def _valid(value):
    return value is None or isinstance(value, str) or (isinstance(value, list) and len(value) == 1)
