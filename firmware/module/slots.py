"""The two copies of the application on a chip, and the word that says which of them runs.

The word is one i32 in the NVS namespace `wxslot`, key `state`, and every change of it is one commit: a power
cut leaves the old word or the new one. Never written it counts as FIRST. boot.py, which no update replaces,
does what TRANSITIONS has for BOOTED and BOOTED_DAMAGED.

    bit 0     the good slot, 0 for /a: confirmed, and the one to return to
    bit 1     the other slot is on trial
    bits 2..3 boots left to the trial
    bits 4..5 why the other slot was given up, an index of REASONS
    bits 8..  0x57
"""

SLOTS = ("/a", "/b")
KEY = "state"
BOOTS = 3  # boots that a trial has: one may fall to a user who pulls the plug
REASONS = (None, "it was not confirmed in three boots", "its files are damaged", "it gave itself up")
SILENT = 1  # indices of REASONS
DAMAGED = 2
REFUSED = 3
_MARK = 0x5700
_FIELDS = 0x3F

# States, and what moves them.
SETTLED = "settled"
TRIAL = "trial"
BEGUN = "a new version is in the other slot, whole"
BOOTED = "the chip starts"
BOOTED_DAMAGED = "the chip starts and the trial's files are damaged"
CONFIRMED = "the trial was healthy and on-line for a while"
GIVEN_UP = "the trial gave itself up"
ADOPTED = "the good slot is damaged: the other runs"
TOLD = "the relay was told why the other slot was given up"


class Word:
    """`good`: slot 0 or 1; `left`: boots left to the trial of the other, None without trial; `reason`."""

    def __init__(self, good=0, left=None, reason=0):
        self.good = good
        self.left = left
        self.reason = reason

    @property
    def state(self):
        """SETTLED or TRIAL."""
        return SETTLED if self.left is None else TRIAL

    def encode(self):
        """The i32."""
        trial = 0 if self.left is None else 2 | self.left << 2
        return _MARK | self.good | trial | self.reason << 4


FIRST = Word().encode()
"""What a chip without a word has: slot a, nothing on trial."""

TRANSITIONS = {
    (SETTLED, BEGUN): lambda word: Word(word.good, BOOTS),
    (SETTLED, ADOPTED): lambda word: Word(1 - word.good),
    (SETTLED, TOLD): lambda word: Word(word.good),
    (TRIAL, BOOTED): lambda word: (
        Word(word.good, word.left - 1) if word.left else Word(word.good, None, SILENT)
    ),
    (TRIAL, BOOTED_DAMAGED): lambda word: Word(word.good, None, DAMAGED if word.left else SILENT),
    (TRIAL, CONFIRMED): lambda word: Word(1 - word.good),
    (TRIAL, GIVEN_UP): lambda word: Word(word.good, None, REFUSED),
}
"""(State, what happened) -> the word after it; what is not listed changes nothing."""


def decode(number):
    """The Word of an i32; a number that no encode() gave counts as FIRST."""
    if number & ~_FIELDS != _MARK:
        number = FIRST
    return Word(number & 1, number >> 2 & 3 if number & 2 else None, number >> 4 & 3)


def read(nvs):
    """The Word that `nvs` holds: an esp32.NVS of the namespace."""
    try:
        return decode(nvs.get_i32(KEY))
    except OSError:
        return decode(FIRST)


def move(nvs, what):
    """Follow TRANSITIONS; returns the Word after it. OSError when NVS fails: nothing changed then."""
    word = read(nvs)
    follow = TRANSITIONS.get((word.state, what))
    if follow is not None:
        word = follow(word)
        nvs.set_i32(KEY, word.encode())
        nvs.commit()
    return word


def running(path):
    """The slot whose application runs, 0 or 1, told by sys.path; None where there are no slots."""
    return SLOTS.index(path[0]) if path and path[0] in SLOTS else None
