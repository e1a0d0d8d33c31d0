"""The slot word and the signed offer, on CPython, whose hmac is the oracle."""

import hashlib
import hmac
import itertools

import pytest
import release_maker as maker
from hypothesis import given
from hypothesis import strategies as st

from module import slots
from module.manifest import MAX_SIZE, Manifest, Refused, hmac_sha256

WORDS = [slots.Word(good, left) for good in (0, 1) for left in (None, 0, 1, 2, 3)] + [
    slots.Word(good, None, reason) for good in (0, 1) for reason in (1, 2, 3)
]


class Store:
    """An NVS in a dict; every commit is counted."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}
        self.commits = 0

    def get_i32(self, key: str) -> int:
        if key not in self.kept:
            raise OSError(-0x1102, "ESP_ERR_NVS_NOT_FOUND")
        return self.kept[key]

    def set_i32(self, key: str, value: int) -> None:
        self.kept[key] = value

    def commit(self) -> None:
        self.commits += 1


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_what_its_number_says(word: slots.Word):
    assert vars(slots.decode(word.encode())) == vars(word)


@given(st.integers(-(1 << 31), (1 << 31) - 1))
def test_any_number_gives_a_word_and_a_foreign_one_the_first(number: int):
    word = slots.decode(number)
    if not slots.FIRST <= number < slots.FIRST + 64:
        assert word.encode() == slots.FIRST
    assert word.good in (0, 1)
    assert slots.REASONS[word.reason] is None or word.reason in (1, 2, 3)


WHATS = (
    slots.BEGUN,
    slots.BOOTED,
    slots.BOOTED_DAMAGED,
    slots.CONFIRMED,
    slots.GIVEN_UP,
    slots.ADOPTED,
    slots.TOLD,
)


def test_whatever_happens_each_change_is_one_commit_and_the_table_is_closed():
    seen = {slots.FIRST}
    fresh = [slots.FIRST]
    while fresh:
        number = fresh.pop()
        for what in WHATS:
            store = Store()
            store.kept[slots.KEY] = number
            word = slots.move(store, what)
            listed = (slots.decode(number).state, what) in slots.TRANSITIONS
            assert store.commits == listed
            assert store.kept[slots.KEY] == word.encode()
            if word.encode() not in seen:
                seen.add(word.encode())
                fresh.append(word.encode())
    assert seen == {word.encode() for word in WORDS}


def test_three_boots_without_a_word_of_health_end_a_trial():
    store = Store()
    slots.move(store, slots.BEGUN)
    lefts = [slots.move(store, slots.BOOTED).left for _ in range(4)]
    assert lefts == [2, 1, 0, None]
    assert slots.REASONS[slots.read(store).reason] == "it was not confirmed in three boots"


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_hmac_is_that_of_cpython(key: bytes, message: bytes):
    assert hmac_sha256(key, message) == hmac.new(key, message, hashlib.sha256).digest()


def test_hmac_gives_the_answers_of_rfc_4231():
    short = hmac_sha256(b"Jefe", b"what do ya want for nothing?").hex()
    assert short == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    long = hmac_sha256(b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First").hex()
    assert long == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"


def test_a_signed_offer_is_what_it_says():
    manifest = Manifest(1, maker.offer("00010001", b"file") + "\r\n")
    manifest.check(maker.DID, maker.KEY.hex(), "00010000")
    assert (manifest.version, manifest.size, manifest.path) == ("00010001", 4, "/dev/ota/v4.1/file/7")
    assert manifest.sha256 == hashlib.sha256(b"file").hexdigest()


@pytest.mark.parametrize("current", ["00010001", "00010002", "10000000", "A"])
def test_only_a_higher_version_is_taken_as_strcmp_has_it(current: str):
    with pytest.raises(Refused, match="not higher"):
        Manifest(1, maker.offer("00010001", b"file")).check(maker.DID, maker.KEY.hex(), current)


def test_an_offer_for_another_module_or_kind_is_refused():
    line = maker.offer("00010001", b"file")
    with pytest.raises(Refused, match="not signed"):
        Manifest(1, line).check("did0000000000000000002", maker.KEY.hex(), "")
    with pytest.raises(Refused, match="not signed"):
        Manifest(2, line).check(maker.DID, maker.KEY.hex(), "")
    with pytest.raises(Refused, match="no update key"):
        Manifest(1, line).check(maker.DID, None, "")


@given(st.sampled_from((1, 2)), st.text(st.characters(max_codepoint=0x2FF), max_size=300))
def test_any_text_is_an_offer_or_refused_with_a_reason(kind: int, text: str):
    try:
        manifest = Manifest(kind, text)
    except Refused:
        return
    assert 0 < manifest.size <= MAX_SIZE[kind]


def test_no_flipped_bit_of_an_accepted_offer_changes_what_is_installed():
    line = maker.offer("00010001", b"file" * 1000)
    good = Manifest(1, line)
    for at, bit in itertools.product(range(len(line)), range(7)):
        try:
            manifest = Manifest(1, line[:at] + chr(ord(line[at]) ^ 1 << bit) + line[at + 1 :])
            manifest.check(maker.DID, maker.KEY.hex(), "00010000")
        except Refused:
            continue
        assert (manifest.version, manifest.size, manifest.sha256) == (good.version, good.size, good.sha256)
