"""MicroPython: boot.py and chip_main.py of a chip, started in many ways; argv: boot.py, chip_main.py.

Prints one JSON object a start: what the file printed, what it did to Ctrl-C, how long it slept, how it ended.
The first line is another: the slot words with which boot.py does not do what module/slots.py says.
"""

import builtins
import json
import sys

import chip_world as world

from module import install, slots

MAIN = compile(str(world.read_host(sys.argv[2]), "utf-8"), "main.py", "exec")
CONFIG = ("wxlink", "config")
TOO_LONG = b'{"production": false, "ntp": "' + bytes(5000) + b'"}'


class Reset(BaseException):
    """The chip starts anew."""


class Silicon:
    """What the files use of `micropython`, `time` and `machine`; it notes what they do."""

    def __init__(self):
        self.printed, self.keys, self.slept, self.watchdog = [], [], [], None

    def kbd_intr(self, key):
        self.keys.append(key)

    def sleep(self, seconds):
        self.slept.append(seconds)

    def WDT(self, timeout):
        self.watchdog = timeout

    def reset(self):
        raise Reset

    def print(self, *words):
        self.printed.append(" ".join([str(word) for word in words]))

    def run(self, code, names):
        """Run a file as MicroPython does; returns how it ended."""
        stand_ins = ("micropython", "time", "machine")
        real = [sys.modules.get(name) for name in stand_ins]
        for name in stand_ins:
            sys.modules[name] = self
        builtins.print = self.print
        end = "prompt"
        try:
            exec(code, names)  # noqa: S102 - as MicroPython runs it
        except Reset:
            end = "reset"
        except BaseException as error:  # noqa: BLE001 - that is looked for
            end = type(error).__name__
        builtins.print = show
        for name, module in zip(stand_ins, real):  # noqa: B905 - MicroPython's has no strict
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module
        return end


def tell(start, silicon, end):
    fields = {name: getattr(silicon, name) for name in ("printed", "keys", "slept", "watchdog")}
    fields["start"], fields["end"] = start, end
    show(json.dumps(fields))


def boot(config):
    """Run boot.py with this factory configuration; (Silicon, how it ended, names that it left)."""
    world.Nvs.store[CONFIG] = config
    if config is None:
        del world.Nvs.store[CONFIG]
    silicon = Silicon()
    names = {"__name__": "__main__"}
    return silicon, silicon.run(world.BOOT, names), names


def differences(chip):
    """Words, with which of the slots are whole, where boot.py and the table do not agree."""
    found = []
    numbers = [None, 0, -1, 0x5800]
    numbers.extend(range(slots.FIRST, slots.FIRST + 64))
    image = bytes(chip.flash.image)
    for whole in ((0, 1), (0,), (1,), ()):
        chip.flash.image[:] = image
        chip.mount()
        for slot in (0, 1):
            if slot not in whole:
                install.os.remove(slots.SLOTS[slot] + "/manifest.json")
        for number in numbers:
            world.Nvs.store = dict(world.FACTORY)
            if number is not None:
                world.Nvs.store[("wxslot", slots.KEY)] = number
            word = slots.read(world.Nvs("wxslot"))
            if word.left is not None and word.reason:
                continue  # no change of TRANSITIONS gives such a word
            booted = slots.SLOTS.index(chip.boot())
            after = slots.read(world.Nvs("wxslot"))
            world.Nvs.store[("wxslot", slots.KEY)] = word.encode()
            sound = word.state == slots.SETTLED or 1 - word.good in whole
            wanted = slots.move(world.Nvs("wxslot"), slots.BOOTED if sound else slots.BOOTED_DAMAGED)
            slot = wanted.good if wanted.left is None else 1 - wanted.good
            if slot not in whole and 1 - slot in whole:
                slot = 1 - slot
            if (booted, after.encode()) != (slot, wanted.encode()):
                found.append([number, whole, booted, after.encode(), slot, wanted.encode()])
    chip.flash.image[:] = image
    chip.mount()
    return found


def application(end):
    """A module.program whose run_chip() ends like that: an exit code, or an exception."""

    class Program:
        @staticmethod
        def run_chip():
            if isinstance(end, type):
                raise end("the reason")
            return end

    return Program


show = print
chip = world.Chip(world.Flash(world.factory("00010000")))
chip.mount()
world.fill_slot("/b", "00010001")
builtins.print = lambda *_: None
found = differences(chip)
builtins.print = show
show(json.dumps(found))

world.Nvs.store = dict(world.FACTORY)
for name, config in (
    ("product", b'{"production": true}'),
    ("development", b'{"production": false}'),
    ("nothing said", b"{}"),
    ("no factory data", None),
    ("damaged", b'{"produ'),
    ("no object", b"[1]"),
    ("too long", TOO_LONG),
):
    silicon, end, names = boot(config)
    left = sorted([name for name in names if callable(names[name])])
    tell(name, silicon, end)
    for ending in (None, 2, ValueError, SystemExit, MemoryError, KeyboardInterrupt):
        if name not in ("product", "development"):
            break
        silicon = Silicon()
        sys.modules["module.program"] = application(ending)
        end = silicon.run(MAIN, {"__name__": "__main__", "product": names["product"]})
        tell(f"main of {name}: {getattr(ending, '__name__', ending)}", silicon, end)
sys.modules.pop("module.program")
silicon = Silicon()
tell("main after a boot.py that failed", silicon, silicon.run(MAIN, {"__name__": "__main__"}))
world.Nvs.fails = True
world.Nvs.store[("wxslot", slots.KEY)] = slots.Word(0, 3).encode()
silicon, end, _ = boot(b'{"production": true}')
tell("nvs fails", silicon, end)
