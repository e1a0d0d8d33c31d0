"""The module status word that command 0D tells the MCU (serial-link 3, "module status")."""

from module.loading import rare
from wxproto import commands

SIGNAL_MAX = 7

BITS = {
    "soft_ap": commands.STATUS_SOFTAP,
    "station": commands.STATUS_STATION,
    "onboarding": commands.STATUS_ONBOARDING,
    "binding": commands.STATUS_BINDING,
    "router": commands.STATUS_ROUTER,
    "cloud": commands.STATUS_CLOUD,
    "app": commands.STATUS_APP,
    "test": commands.STATUS_TEST,
}


class Status:
    """The word and who wants to know of a change: `on_change()` is called after each one."""

    def __init__(self, on_change):
        self.word = 0
        self._on_change = on_change

    def set(self, **bits):
        """Set named bits to truth values, in one change: `set(cloud=False, app=False)`."""
        word = self.word
        for name, value in bits.items():
            word = word | BITS[name] if value else word & ~BITS[name]
        self._replace(word)

    def set_signal(self, level):
        """Signal strength 0..7 of the router; it counts only while the bit `router` is set."""
        level = max(0, min(SIGNAL_MAX, level))
        self._replace(self.word & ~commands.STATUS_SIGNAL_MASK | level << commands.STATUS_SIGNAL_SHIFT)

    def encode(self):
        """Payload of command 0D: two bytes, big endian."""
        return self.word.to_bytes(2, "big")

    @rare
    def names(self):
        """The bits that are set, lowest first, as one text for the console."""
        bits = sorted((mask, name) for name, mask in BITS.items() if self.word & mask)
        return " ".join([name for _, name in bits])

    def _replace(self, word):
        if word != self.word:
            self.word = word
            self._on_change()
