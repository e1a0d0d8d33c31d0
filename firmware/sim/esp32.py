"""Fake of `esp32`: NVS with i32 and blobs alone, and the heap of ESP-IDF. WORLD/nvs.json holds the NVS.

nvs.json: {namespace: {key: number or hex digits}}; the host writes factory data in the same form.
"""

from binascii import hexlify, unhexlify

HEAP_DATA = 4
HEAP_EXEC = 1
NOT_FOUND = -0x1102, "ESP_ERR_NVS_NOT_FOUND"
TOO_LONG = -0x1109, "ESP_ERR_NVS_KEY_TOO_LONG"
INVALID_LENGTH = -0x110C, "ESP_ERR_NVS_INVALID_LENGTH"
MAX_NAME = 15  # characters of a namespace or key
FREE = 94_000  # bytes of ESP-IDF's heap with the radio on, measured on the real firmware

world = None  # set by chip.py


class NVS:
    """One namespace. A set_ is in flash after commit()."""

    def __init__(self, namespace):
        self._space = _name(namespace)
        self._new = {}

    def get_i32(self, key):
        """A number."""
        return self._get(key, int)

    def set_i32(self, key, value):
        """Keep a number."""
        if not -(1 << 31) <= value < 1 << 31:
            raise OverflowError("overflow converting long int to machine word")
        self._new[_name(key)] = value

    def get_blob(self, key, buffer):
        """Bytes into `buffer`; returns how many."""
        data = unhexlify(self._get(key, str))
        if len(data) > len(buffer):
            raise OSError(*INVALID_LENGTH)
        buffer[: len(data)] = data
        return len(data)

    def set_blob(self, key, value):
        """Keep bytes."""
        self._new[_name(key)] = str(hexlify(value), "ascii")

    def erase_key(self, key):
        """Forget one."""
        self._get(key, object)
        self._new[key] = None

    def commit(self):
        """Write what was set, all of it or none."""
        cut = world.flash_written()
        if not cut:
            content = world.load("nvs.json", {})
            space = content.setdefault(self._space, {})
            space.update(self._new)
            for key in [key for key in space if space[key] is None]:
                del space[key]
            world.store("nvs.json", content)
        if cut:
            world.end("power cut")
        self._new = {}

    def _get(self, key, kind):
        content = world.load("nvs.json", {}).get(self._space, {})
        content.update(self._new)
        value = content.get(_name(key))
        if not isinstance(value, kind) or value is None:
            raise OSError(*NOT_FOUND)
        return value


def idf_heap_info(_capabilities):
    """[(total, free, largest free, lowest free so far)]."""
    return [(120_000, FREE, FREE * 3 // 4, FREE // 2)]


def _name(text):
    if not isinstance(text, str):
        raise TypeError("can't convert to str implicitly")
    if len(text) > MAX_NAME:
        raise OSError(*TOO_LONG)
    return text
