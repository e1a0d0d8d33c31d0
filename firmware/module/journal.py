"""What the module remembers of updates across restarts: one small JSON file, replaced at once.

refused   {"1": version, "2": version} given up here, by kind: not taken again, another version is
mcu       {"version", "sha256", "hex", "tries"} of the image for the MCU in IMAGE, until the MCU runs it
"""

import json
import os

FILE = "/update.json"
IMAGE = "/mcu.img"  # in the same folder
MAX_SIZE = 1024  # bytes; what save() writes has about 200
_ENOENT = 2


def load(folder):
    """The journal; an empty one when there is none or it cannot be read: an update is then tried anew."""
    try:
        with open(folder + FILE) as file:
            found = json.loads(file.read(MAX_SIZE))
        refused, mcu = found["refused"], found["mcu"]
        texts = [text for pair in refused.items() for text in pair]
        if mcu is not None:
            texts += [mcu["version"], mcu["sha256"]]
            mcu["tries"] + mcu["hex"]
        if all(isinstance(text, str) for text in texts):
            return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return {"refused": {}, "mcu": None}


def save(folder, journal):
    """Write it beside the old one and rename: a power cut leaves one of the two."""
    new = folder + FILE + ".new"
    with open(new, "w") as file:
        file.write(json.dumps(journal))
    os.rename(new, folder + FILE)


def refuse(folder, kind, version):
    """Remember that this version is not to be taken; of the MCU's, its image goes."""
    journal = load(folder)
    journal["refused"][str(kind)] = version
    if kind != 1:
        journal["mcu"] = None
    save(folder, journal)
    if kind != 1:
        remove(folder + IMAGE)


def remove(path):
    """Remove a file, if it is there."""
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != _ENOENT:
            raise
