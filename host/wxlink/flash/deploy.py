"""`wxlink flash deploy`: the application of a development board brought up to date over its console.

A board with slots gets it into the one that does not run, file by file, the same files left alone and the
manifest last; then the slot word puts that slot on trial, as an update by the relay does. A board without
slots has MicroPython only: it gets boot.py, main.py and slot a. A product's console is shut, and refuses.
"""

import argparse
import hashlib
import json
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from wxlink.flash import app, crew
from wxlink.flash.app import Application
from wxlink.flash.crew import Stopped
from wxlink.flash.ports import chosen
from wxlink.flash.problem import FlashError
from wxlink.flash.progress import Display, Lane, out_for
from wxlink.flash.prompt import SHUT, Prompt, opened
from wxlink.flash.trouble import Trouble

SLOTS: Final = ("a", "b")
MANIFEST: Final = "manifest.json"

# The slot word, an i32 in NVS; firmware/module/slots.py has its table.
MARK: Final = 0x5700
FIELDS: Final = 0x3F
TRIAL: Final = 1 << 1
BOOTS: Final = 3 << 2  # a trial that is confirmed in none of them is given up

PROBE: Final = """
import json, os
told = {"word": None, "production": False, "slots": {}, "boot": False}
for slot in "ab":
    try:
        with open("/" + slot + "/manifest.json") as file:
            told["slots"][slot] = json.load(file).get("version")
    except (OSError, ValueError, AttributeError):
        pass
    try:
        os.stat("/" + slot)
        told["slots"].setdefault(slot, None)
    except OSError:
        pass
try:
    import esp32
    room = bytearray(4096)
    try:
        told["word"] = esp32.NVS("wxslot").get_i32("state")
    except OSError:
        pass
    try:
        size = esp32.NVS("wxlink").get_blob("config", room)
        told["production"] = bool(json.loads(bytes(room[:size])).get("production"))
    except (OSError, ValueError):
        pass
except ImportError:
    pass
print(json.dumps(told))
"""

HASHES: Final = """
import binascii, hashlib, json, os
found = {}
room = memoryview(bytearray(512))
def walk(folder):
    for name, kind, *_ in os.ilistdir(folder):
        path = folder + "/" + name
        if kind & 0x4000:
            walk(path)
            continue
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while True:
                size = file.readinto(room)
                if not size:
                    break
                digest.update(room[:size])
        found[path] = binascii.hexlify(digest.digest()).decode()
try:
    walk(ROOT)
except OSError:
    pass
print(json.dumps(found))
"""

PREPARE: Final = """
import os
for path in FOLDERS:
    try:
        os.mkdir(path)
    except OSError:
        pass
for path in GONE:
    os.remove(path)
"""

SWITCH: Final = """
import esp32
store = esp32.NVS("wxslot")
store.set_i32("state", WORD)
store.commit()
"""


@dataclass(slots=True)
class Deployed:
    """What became of one port. slot: that now starts; sent, kept: files; trial: to be confirmed on-line."""

    port: str
    ok: bool = False
    version: str = ""
    slot: str = ""
    sent: int = 0
    kept: int = 0
    trial: bool = False
    step: str = ""
    error: str = ""


def target(word: int | None, slots: Mapping[str, str | None]) -> tuple[str, bool]:
    """The slot to write, and whether the other one stays as the way back. A damaged word counts as none."""
    good = word & 1 if word is not None and word & ~FIELDS == MARK else 0
    if not slots:
        return SLOTS[0], False
    if slots.get(SLOTS[good]) is None:  # what should run cannot: nothing to go back to
        return SLOTS[good], False
    return SLOTS[1 - good], True


def word_for(slot: str, *, trial: bool) -> int:
    """The slot word that starts `slot`: on trial, or as the good one."""
    number = SLOTS.index(slot)
    return MARK | (1 - number) | TRIAL | BOOTS if trial else MARK | number


def deploy(prompt: Prompt, application: Application, lane: Lane, told: Deployed, *, confirm: bool) -> None:
    """Bring one board up to date. Raises Trouble."""
    lane.step("look at the module")
    probe = prompt.ask("look at the module", PROBE)
    if probe["production"]:
        raise Trouble("look at the module", "this is a production image", SHUT[1])
    slots: dict[str, str | None] = probe["slots"]
    told.slot, way_back = target(probe["word"], slots)
    told.version = application.version
    told.trial = way_back and not confirm
    files = {f"/{told.slot}/{path}": data for path, data in application.slot.items()}
    if not slots:
        files |= {f"/{path}": data for path, data in application.root.items()}
    _send(prompt, files, told, lane)
    lane.step("switch")
    if probe["word"] is not None or way_back or told.slot != SLOTS[0]:
        prompt.ask("switch", SWITCH.replace("WORD", str(word_for(told.slot, trial=told.trial))))


def _send(prompt: Prompt, files: Mapping[str, bytes], told: Deployed, lane: Lane) -> None:
    """Make the slot hold the files and no others; its manifest is away until all of them are whole."""
    slot = f"/{told.slot}"
    manifest = f"{slot}/{MANIFEST}"
    wanted = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    lane.step("compare files")
    found: dict[str, str] = prompt.ask("compare files", _with(HASHES, ROOT=slot))
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents if str(parent) != "/"}
    gone = [path for path in found if path not in wanted or path == manifest]
    prompt.ask("remove old files", _with(PREPARE, FOLDERS=sorted(folders), GONE=gone))
    missing = [path for path in files if found.get(path) != wanted[path] and path != manifest]
    told.sent, told.kept = len(missing), len(files) - 1 - len(missing)
    lane.step(f"send {len(missing)} files")
    total = sum(len(files[path]) for path in missing) or 1
    sent = 0
    for path in missing:
        prompt.write(path, files[path], lambda done, sent=sent: lane.progress((sent + done) / total))  # type: ignore[misc]
        sent += len(files[path])
    lane.step("check files")
    found = prompt.ask("check files", _with(HASHES, ROOT=slot))
    if {
        path: digest for path, digest in wanted.items() if path.startswith(slot) and path != manifest
    } != found:
        raise Trouble("check files", "the module holds other files than were sent", "run this again")
    prompt.write(manifest, files[manifest], lambda _done: None)


def _with(code: str, **values: Any) -> str:
    """Code for the board with values in place of names."""
    for name, value in values.items():
        code = code.replace(name, repr(value))
    return code


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink flash deploy`."""
    parser.add_argument("--port", action="append", default=[], help="a serial port; once for each board")
    parser.add_argument("--all", action="store_true", help="every USB serial port")
    parser.add_argument(
        "--confirm",
        action="store_true",
        help="keep the new version at once; else three starts without the relay bring the old one back",
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON a board, on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Bring the boards up to date; 0: all are, 1: one is not, 130: interrupted. Raises FlashError."""
    ports = chosen(arguments.port, every=arguments.all)
    application = app.build()
    results = [Deployed(port) for port in ports]

    def do(told: Deployed, lane: Lane, stop: threading.Event) -> None:
        lane.step("open the prompt")
        try:
            with opened(told.port, stop) as prompt:
                deploy(prompt, application, lane, told, confirm=arguments.confirm)
                prompt.restart()
            told.ok = True
            lane.end(_said(told), well=True)
        except Stopped:
            told.step, told.error = lane.text, "interrupted: run this again; the running version is untouched"
        except FlashError as error:
            told.step, told.error = getattr(error, "step", lane.text), str(error)
        if not told.ok:
            lane.end(f"failed at «{told.step}»: {told.error}", well=False)

    with Display(ports, out_for(arguments.json)) as display:
        interrupted, _ = crew.work(results, display.lanes, do)
    if arguments.json:
        for told in results:
            sys.stdout.write(json.dumps(asdict(told)) + "\n")
    return 130 if interrupted else int(not all(told.ok for told in results))


def _said(told: Deployed) -> str:
    after = "on trial until it was on-line for a while" if told.trial else "starts from now on"
    return (
        f"version {told.version} in slot {told.slot}, {told.sent} files sent, {told.kept} the same: {after}"
    )
