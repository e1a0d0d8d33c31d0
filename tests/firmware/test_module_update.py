"""The module's own update, from the relay's offer to the confirmed slot: MicroPython on a real LittleFS."""

import asyncio
import json
import os
import random
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import release_maker as maker
from firmware_bench import BIN, MICROPYPATH, MICROPYTHON, ROOT

HERE = Path(__file__).parent
BOOT = str(ROOT / "firmware" / "boot.py")
OLD, NEW, NEWER = "00010000", "00010001", "00010002"
SETTLED_A, SETTLED_B = [0, None, 0], [1, None, 0]
WITHIN_S = 60.0

Step = dict[str, Any]


async def run(script: str, *arguments: str, boot: str = BOOT) -> list[dict[str, Any]]:
    """What a MicroPython program of this folder prints as lines of JSON."""
    path = f"{MICROPYPATH.removesuffix(':.frozen')}:{HERE}:.frozen"
    process = await asyncio.create_subprocess_exec(
        *(MICROPYTHON, "-X", "heapsize=16M", str(HERE / script), boot, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "MICROPYPATH": path, "PATH": f"{BIN}:{os.environ['PATH']}"},
    )
    output, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert process.returncode == 0, output.decode()
    return [json.loads(line) for line in output.decode().splitlines() if line[:1] in "[{"]


class Story:
    """A chip from the factory with version OLD in slot a."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self._port = port

    def offered(self, version: str, data: bytes, **changes: object) -> list[str]:
        """The value of a step's `offer`."""
        return [maker.offer(version, data, **changes), maker.write(self.folder, data)]  # type: ignore[arg-type]

    async def tell(self, *steps: Step) -> list[Step]:
        """What each step came to (chip_story.py)."""
        path = self.folder / "story.json"
        path.write_text(json.dumps(steps))
        return await run("chip_story.py", str(self._port), str(path))


@pytest.fixture
def story(tmp_path: Path, free_port: Callable[[], int]) -> Story:
    return Story(tmp_path, free_port())


def sound(seeded: random.Random, version: str = NEW) -> bytes:
    """A release file of several kilobytes, with folders."""
    parts = [maker.member(f"wxproto/p{size}.mpy", seeded.randbytes(size)) for size in (0, 700, 4096, 5000)]
    return maker.pack(maker.application(version, maker.member("wxproto/", type=tarfile.DIRTYPE), *parts))


def states(step: Step) -> list[str]:
    return [state for state, _, _ in step["told"] if state != "downloading"]


async def test_the_power_may_go_at_every_write(
    tmp_path: Path, free_port: Callable[[], int], seeded: random.Random
):
    data = maker.pack(
        maker.application(NEW, *[maker.member(f"wxproto/p{n}.mpy", seeded.randbytes(n)) for n in (900, 2300)])
    )
    seed = str(seeded.randrange(1 << 30))
    [told] = await run(
        "chip_power_cuts.py", str(free_port()), maker.write(tmp_path, data), maker.offer(NEW, data), seed
    )
    assert told["wrong"] == []
    assert told["booted"] == ["/a", "/b"]
    assert told["commits"] == 3, "trial, its boot, confirmed: one commit each"
    assert told["cuts"] >= 2 * told["writes"] >= 150


async def test_a_new_version_is_told_on_its_way_and_confirmed(story: Story, seeded: random.Random):
    first, second = await story.tell({"offer": story.offered(NEW, sound(seeded))}, {})
    assert states(first) == ["verifying", "installing", "installed"]
    assert first["restart"]
    assert first["word"] == [0, 3, 0]
    assert first["whole"] == [OLD, NEW]
    assert first["data"] == []
    assert (second["slot"], states(second), second["word"]) == ("/b", ["confirmed"], SETTLED_B)


async def test_each_slot_takes_its_turn(story: Story, seeded: random.Random):
    steps = await story.tell(
        {"offer": story.offered(NEW, sound(seeded))},
        {"offer": story.offered(NEWER, sound(seeded, NEWER))},
        {},
    )
    assert [step["slot"] for step in steps] == ["/a", "/b", "/a"]
    assert states(steps[1]) == ["confirmed", "verifying", "installing", "installed"]
    assert steps[2]["word"] == SETTLED_A
    assert steps[2]["whole"] == [NEWER, NEW]


async def test_three_failed_boots_bring_the_old_version_back_and_it_says_so(
    story: Story, seeded: random.Random
):
    crash = {"crash": True}
    steps = await story.tell({"offer": story.offered(NEW, sound(seeded))}, crash, crash, crash, {}, {})
    assert [step["slot"] for step in steps] == ["/a", "/b", "/b", "/b", "/a", "/a"]
    assert [step["word"][1] for step in steps] == [3, 2, 1, 0, None, None]
    assert steps[4]["told"] == [["rolled_back", NEW, "it was not confirmed in three boots"]]
    assert steps[5]["told"] == [], "it is told once, and the version is not fetched again"
    assert steps[5]["fetched"] == []


async def test_a_version_that_never_comes_on_line_is_given_up(story: Story, seeded: random.Random):
    off = {"online": False}
    steps = await story.tell({"offer": story.offered(NEW, sound(seeded))}, off, off, off, {})
    assert [step["restart"] for step in steps] == [True] * 4 + [False]
    assert (steps[4]["slot"], states(steps[4])) == ("/a", ["rolled_back"])


async def test_after_one_that_failed_another_is_taken(story: Story, seeded: random.Random):
    crash = {"crash": True}
    newer = {"offer": story.offered(NEWER, sound(seeded, NEWER))}
    steps = await story.tell({"offer": story.offered(NEW, sound(seeded))}, crash, crash, crash, newer, {})
    assert states(steps[4]) == ["rolled_back", "verifying", "installing", "installed"]
    assert (steps[5]["slot"], steps[5]["word"]) == ("/b", SETTLED_B)


async def test_a_damaged_trial_is_not_booted(story: Story, seeded: random.Random):
    offer = story.offered(NEW, sound(seeded))
    _, second = await story.tell({"offer": offer}, {"remove": ["/b/manifest.json"]})
    assert second["slot"] == "/a"
    assert second["told"][0] == ["rolled_back", "unknown", "its files are damaged"]
    assert states(second)[1:] == ["verifying", "installing", "installed"], (
        "not the version's fault: once more"
    )


async def test_a_good_slot_that_is_damaged_gives_way_to_the_other(story: Story, seeded: random.Random):
    steps = await story.tell(
        {"offer": story.offered(NEW, sound(seeded))},
        {},
        {"remove": ["/b/manifest.json"], "offer": ["", "/dev/null"]},
        {},
    )
    assert [step["slot"] for step in steps] == ["/a", "/b", "/a", "/a"]
    assert steps[2]["word"] == SETTLED_A


async def test_a_trial_that_cannot_be_counted_is_not_made(story: Story, seeded: random.Random):
    steps = await story.tell({"offer": story.offered(NEW, sound(seeded))}, {"nvs_fails": True, "crash": True})
    assert steps[1]["slot"] == "/a"


async def test_a_download_goes_on_where_the_connection_broke(story: Story, seeded: random.Random):
    data = sound(seeded)
    first, second = await story.tell({"offer": story.offered(NEW, data), "cut": 3000}, {})
    assert first["fetched"] == [0]
    assert second["fetched"] == [3000]
    assert second["restart"]


async def test_a_relay_that_knows_no_ranges_gives_all_of_it_again(story: Story, seeded: random.Random):
    _, second = await story.tell({"offer": story.offered(NEW, sound(seeded)), "cut": 3000}, {"ranges": False})
    assert second["fetched"] == [0]
    assert second["restart"]


async def test_what_is_left_of_another_download_is_removed(story: Story, seeded: random.Random):
    newer = {"offer": story.offered(NEWER, sound(seeded, NEWER))}
    first, second = await story.tell({"offer": story.offered(NEW, sound(seeded)), "cut": 3000}, newer)
    assert len(first["data"]) == 1
    assert second["data"] == []
    assert second["fetched"] == [0]


def bad_offers(story: Story, seeded: random.Random) -> list[tuple[list[str], str]]:
    """(offer, a part of the reason): what a relay, or one who plays it, may send."""
    good = sound(seeded)
    other = maker.pack(maker.application(NEW, maker.member("other.mpy", seeded.randbytes(900))))
    return [
        (story.offered(NEW, good, key=bytes(32)), "not signed by this unit's key"),
        (story.offered(NEW, good, soft_ver=NEWER), "not signed"),
        (story.offered(NEW, good, size=len(good) - 1), "not signed"),
        (story.offered(NEW, good, kind=2), "not signed"),
        (story.offered(NEW, good, hmac=""), "no sha256 and hmac"),
        (story.offered(NEW, good, sha256="xyz"), "no sha256 and hmac"),
        (story.offered("00009999", good), "not higher than 00010000"),
        (story.offered(OLD + "0", good), "not of 1..8 characters"),
        (story.offered(NEW, good, size=1 << 40), "at most are taken"),
        (story.offered(NEW, good, size=""), "at most are taken"),
        (story.offered(NEW, good, download_url="ftp"), "names no file"),
        ([maker.offer(NEW, good), maker.write(story.folder, other)], "in place of"),
        ([maker.offer(NEW, good), maker.write(story.folder, good[:-1] + b"x")], "SHA-256 is another"),
        ([maker.offer(NEW, good), maker.write(story.folder, good[:100])], "in place of"),
    ]


async def test_a_bad_offer_or_file_is_refused_and_changes_nothing(story: Story, seeded: random.Random):
    bad = bad_offers(story, seeded)
    steps = [{"offer": offer} for offer, _ in bad] + [{"offer": story.offered(NEW, sound(seeded))}, {}]
    told = await story.tell(*steps)
    for (_, reason), step in zip(bad, told, strict=False):
        assert [state for state in states(step) if state != "verifying"] == ["failed"], reason
        assert reason in step["told"][-1][2]
        assert (step["slot"], step["word"], step["whole"], step["data"]) == ("/a", SETTLED_A, [OLD, None], [])
    assert told[-1]["word"] == SETTLED_B, "and a good one is still taken"


def hostile(version: str) -> list[tuple[bytes, str]]:
    """(release file, a part of the reason): signed, and yet nothing to unpack."""
    member, pack, application = maker.member, maker.pack, maker.application
    names = ("../a/boot.py", "/boot.py", "module/../x", "a//b", "a/./b", "x" * 65, "a/b/c/d/e", "a-b", "a$b")
    link = member("x", type=tarfile.SYMTYPE, linkname="/boot.py")
    device = member("x", type=tarfile.CHRTYPE)
    twice = member("module/hello.py", b"VERSION = 1")
    many = [member(f"f{number}") for number in range(129)]
    whole = pack(application(version))
    plain = zlib.decompress(whole, 31)
    listed = [m for m in application(version) if m[0].name == "manifest.json"]
    return [
        *((pack(application(version, member(name, b"x"))), "not allowed") for name in names),
        *((pack(application(version, member(name, b"x"))), "not plain text") for name in ("a b", "ä")),
        (pack(application(version, link)), "neither file nor folder"),
        (pack(application(version, device)), "neither file nor folder"),
        (pack(application(version, member("y" * 99, b"x")), form=tarfile.PAX_FORMAT), "not allowed"),
        (pack(application(version, twice)), "twice"),
        (pack(application(version, *many)), "more than 128 files"),
        (pack(application(version, member("bomb", bytes(600_000)))), "more than 524288 bytes"),
        (maker.gzipped(b"ustar"), "cut short"),
        (maker.gzipped(bytes(5000)), "no manifest.json"),
        (maker.gzipped(plain[:700]), "cut short"),
        (maker.gzipped(plain.replace(b"hello", b"hallo", 1)), "checksum is wrong"),
        (maker.gzipped(plain.replace(b"ustar", b"utsar")), "no ustar archive"),
        (whole[:-40], "cannot be unpacked"),
        (b"#!/bin/sh", "cannot be unpacked"),
        (pack(application("00099999")), "it is version 00099999"),
        (pack(application(version)[:-1]), "no manifest.json"),
        (pack([*application(version), member("more.py")]), "does not name"),
        (pack([twice, *listed]), "not what the manifest says"),
        (pack(listed), "not what the manifest says"),
        (pack([*application(version)[:-1], member("manifest.json", b"{")]), "names no version"),
        (pack([*application(version)[:-1], member("manifest.json", bytes(20_000))]), "more than 16384 bytes"),
        (pack([*application(version)[:-1], member("manifest.json", b'{"version')]), "cut short"),
        (pack([*application(version), member("manifest.new", b"{")]), "not allowed"),
    ]


async def test_a_hostile_archive_is_refused_and_what_runs_stays(story: Story, seeded: random.Random):
    files = hostile(NEW)
    versions = [f"0001{number:04}" for number in range(1, len(files) + 1)]
    bad = [hostile(version)[number] for number, version in enumerate(versions)]
    offers = [story.offered(version, data) for version, (data, _) in zip(versions, bad, strict=True)]
    last = {"offer": story.offered("00020000", sound(seeded, "00020000"))}
    told = await story.tell(*({"offer": offer} for offer in offers), {}, last, {})
    for (_, reason), step in zip(bad, told, strict=False):
        assert states(step)[-1] == "failed", reason
        assert reason in step["told"][-1][2], step["told"]
        assert (step["slot"], step["word"], step["whole"], step["data"]) == (
            "/a",
            SETTLED_A,
            [OLD, None],
            ["update.json"],
        )
    assert told[-3]["fetched"] == [], "the last one is not fetched again"
    assert told[-1]["word"] == SETTLED_B, "and a good one is still taken"


async def test_an_archive_packed_with_a_wider_window_is_refused_not_misread(
    story: Story, seeded: random.Random
):
    far = seeded.randbytes(6000)
    data = maker.pack(maker.application(NEW, maker.member("far.mpy", far + far)), window=15)
    [step] = await story.tell({"offer": story.offered(NEW, data)})
    assert "packed with another window" in step["told"][-1][2]


async def test_no_space_is_said_before_anything_is_touched(story: Story, seeded: random.Random):
    data = maker.pack(maker.application(NEW, maker.member("big.mpy", bytes(200_000))))
    steps = await story.tell({"offer": story.offered(NEW, data), "junk": 120_000})
    assert "no space" in steps[0]["told"][-1][2]
    assert steps[0]["data"] == [], "it may be tried again when there is more room"
    assert steps[0]["word"] == SETTLED_A


async def test_what_only_updates_need_is_loaded_for_them_and_gone_afterwards(
    tmp_path: Path, free_port: Callable[[], int], seeded: random.Random
):
    data = maker.pack([maker.member("x", seeded.randbytes(3000))])
    line = maker.offer(NEW, data)
    lines = await run("chip_heap.py", str(free_port()), line, maker.write(tmp_path, data))
    assert all(one["loaded"] for one in lines)
    assert all(one["left"] == [] for one in lines)
    used = [one["used"] for one in lines]
    assert max(used[:4]) - min(used[:4]) < 256
    assert max(used[4:]) - min(used[4:]) < 256
    assert used[-1] - used[0] < 5120, "names that were never met before stay in MicroPython's table"
