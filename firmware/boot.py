"""First on a chip: who may use the console, and which of the two copies of the application runs.

It stays as the factory wrote it: it needs nothing of the application and ends well whatever it meets. An
exception here would keep MicroPython from main.py and open its prompt. The slot word is that of
module/slots.py, which has the table of its changes.
"""

import micropython

micropython.kbd_intr(-1)  # shut until it is known that this is no product: a prompt shows every secret

import json  # noqa: E402 - see above
import sys  # noqa: E402
import time  # noqa: E402

import esp32  # noqa: E402

SLOTS = ("/a", "/b")
MARK = 0x5700  # the word's upper bits, always the same
FIELDS = 0x3F  # those that tell something
TRIAL = 1 << 1  # the other slot is on trial
BOOT = 1 << 2  # one boot that is left to it (two bits)
SILENT = 1 << 4  # why the other slot was given up: it was never confirmed,
DAMAGED = 2 << 4  # or files of it are missing
NOT_FOUND = -0x1102  # errno of ESP_ERR_NVS_NOT_FOUND
MAX_CONFIG = 4096  # bytes of the factory's configuration
WINDOW_S = 2  # seconds in which Ctrl-C leads to the prompt
CTRL_C = 3


def is_product():
    """True when the factory closed the console, or its configuration cannot be read any more."""
    buffer = bytearray(MAX_CONFIG)
    try:
        size = esp32.NVS("wxlink").get_blob("config", buffer)
        return bool(json.loads(bytes(buffer[:size])).get("production"))
    except OSError as error:
        return error.errno != NOT_FOUND  # a board that no factory has seen is open
    except Exception:  # noqa: BLE001 - damaged: whose it was is not known any more
        return True


def is_whole(slot):
    """True when the slot's manifest is there; it is written last."""
    try:
        with open(SLOTS[slot] + "/manifest.json") as file:
            return isinstance(json.load(file), dict)
    except (OSError, ValueError):
        return False


def choose():
    """The slot to run. A boot of a trial is counted before it is made; one that cannot be counted is not."""
    good = 0
    slot = 0
    try:
        nvs = esp32.NVS("wxslot")
        word = MARK
        try:
            word = nvs.get_i32("state")
        except OSError:
            pass  # never written: slot a, as the factory filled it
        if word & ~FIELDS != MARK:
            word = MARK
        good = slot = word & 1
        if word & TRIAL:
            left = word & 3 * BOOT
            if left and is_whole(1 - good):
                slot = 1 - good
                word -= BOOT
            else:
                word = MARK | good | (DAMAGED if left else SILENT)
            nvs.set_i32("state", word)
            nvs.commit()
    except Exception as error:  # noqa: BLE001 - whatever it is, a slot must run
        print("boot: the slot word cannot be used:", error)
        slot = good
    if not is_whole(slot) and is_whole(1 - slot):
        slot = 1 - slot
    return slot


product = is_product()  # main.py reads it: MicroPython hands Ctrl-C back when it starts that file
if not product:
    micropython.kbd_intr(CTRL_C)
    print("boot: Ctrl-C within", WINDOW_S, "s stops here, with a prompt")
    time.sleep(WINDOW_S)
sys.path.insert(0, SLOTS[choose()])
print("boot: runs", sys.path[0])
choose = is_product = is_whole = None  # noqa: F811 - 1 KB that the application has use for
