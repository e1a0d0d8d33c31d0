"""`wxlink release` and `wxlink device`, run as programs on a relay's data."""

import asyncio
import itertools
import json
import os
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from relay_ground import MAC, NOW, PASSCODE, PRODUCT_KEY, lamp
from release_ground import FILES, mcu_file, module_file, module_files, packed

from wxlink import cli
from wxlink.flash import app
from wxlink.relay.commands import release
from wxlink.relay.store import Health, Progress, Store

KEY = "ab" * 32
ADD_MODULE = ("release", "add", "--type", "module")
OTHER = "9" * 32


class Terminal:
    """Runs the CLI in this process' thread, as each verb starts an event loop of its own."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data = data
        self._capsys = capsys

    async def __call__(self, *words: object, status: int = 0) -> str:
        """The output; the error text when the status says so."""
        argv = [str(word) for word in words]
        if "--data" not in argv:
            argv += ["--data", str(self.data)]
        try:
            code = await asyncio.to_thread(cli.main, argv)
        except SystemExit as ended:
            code = int(str(ended.code))
        captured = self._capsys.readouterr()
        assert code == status, captured.err
        if status == 1:
            assert len(captured.err.splitlines()) == 1
        for secret in (PASSCODE, KEY):
            assert secret not in captured.out + captured.err
        return captured.err if status else captured.out

    async def json(self, *words: object) -> Any:
        return json.loads(await self(*words, "--json"))


@pytest.fixture
def wxlink(tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path, capsys)


async def devices(store: Store, count: int, product_key: str = PRODUCT_KEY) -> list[str]:
    """That many devices, which have keys."""
    dids = []
    for number in range(count):
        registered = await store.devices.register(product_key, f"{product_key[:2]}{number}", PASSCODE, NOW)
        await store.devices.set_update_key(registered.did, KEY)
        dids.append(registered.did)
    return dids


async def test_a_module_release_from_file_to_devices(wxlink: Terminal, store: Store, tmp_path: Path) -> None:
    dids = await devices(store, 40)
    said = await wxlink(*ADD_MODULE, module_file(tmp_path, "1.1.0"), "--version", "1.1.0")
    assert "release 1: module-1.1.0.tgz" in said
    assert (await wxlink.json("release", "list"))[0]["for"] == []
    shares = []
    for percent in (10, 35, 35, 80, 100):
        await wxlink("release", "roll-out", 1, "--percent", percent)
        found = await wxlink.json("release", "devices", 1)
        shares.append({one["did"] for one in found})
    assert all(smaller <= larger for smaller, larger in itertools.pairwise(shares))
    assert 0 < len(shares[0]) < len(shares[3]) < len(shares[4])
    assert shares[1] == shares[2]
    assert shares[4] == set(dids)
    told = Progress(dids[0], 1, "failed", 40, "the file is cut short", NOW)
    await store.updates.note(told)
    shown = await wxlink("release", "devices", 1)
    assert re.search(rf"{dids[0]} .* failed +40 % +2023-11-14 22:13:20Z +the file is cut short", shown)
    assert "39 waiting" in await wxlink("release", "show", 1)
    await wxlink("release", "stop", 1)
    listed = await wxlink("release", "list")
    assert "nobody (stopped)" in listed
    assert "1 failed" in listed


async def test_the_file_that_wxlink_flash_makes_tells_type_and_version(
    wxlink: Terminal, tmp_path: Path
) -> None:
    """Compiled, listed and packed by the other verb."""
    sources = {"module/version.py": 'SOFTWARE = "00010203"\n', "module/program.py": "def run(): pass\n" * 900}
    made = await asyncio.to_thread(app.assemble, sources, {})
    path = tmp_path / "application.tgz"
    path.write_bytes(made.bundle())
    added = await wxlink.json("release", "add", path)
    assert (added["type"], added["version"], added["size"]) == ("module", "00010203", path.stat().st_size)


async def test_devices_by_name_and_by_product(wxlink: Terminal, store: Store, tmp_path: Path) -> None:
    await store.products.put(lamp(OTHER))
    ours, theirs = await devices(store, 3), await devices(store, 3, OTHER)
    assert "module-2.tgz" in await wxlink("release", "add", module_file(tmp_path, "2"))

    async def audience() -> set[str]:
        return {one["did"] for one in await wxlink.json("release", "devices", 1)}

    await wxlink("release", "roll-out", 1, "--did", ours[0], theirs[1])
    assert await audience() == {ours[0], theirs[1]}
    await wxlink("release", "roll-out", 1, "--percent", 100, "--product", OTHER)
    assert await audience() == {ours[0], *theirs}
    await wxlink("release", "roll-out", 1, "--percent", 0, "--product", OTHER)
    await wxlink("release", "roll-out", 1, "--did", ours[0], "--percent", 0)
    assert await audience() == {theirs[1]}


async def test_why_a_device_does_not_get_it(wxlink: Terminal, store: Store, tmp_path: Path) -> None:
    with_key, newer = await devices(store, 2)
    keyless = (await store.devices.register(PRODUCT_KEY, "keyless", PASSCODE, NOW)).did
    await store.devices.set_health([Health(newer, NOW, {"version": "1.2.0"})])
    await wxlink("release", "add", module_file(tmp_path, "1.1"), "--type", "module", "--version", "1.1")
    await wxlink("release", "roll-out", 1, "--percent", 100)
    found = {one["did"]: one for one in await wxlink.json("release", "devices", 1)}
    assert found[with_key]["state"] == "waiting"
    assert found[newer]["state"] == "not needed"
    assert found[keyless]["state"] == "blocked"
    assert "update key" in found[keyless]["reason"]


async def test_files_are_kept_once_for_their_owner_only(
    wxlink: Terminal, store: Store, tmp_path: Path
) -> None:
    first = mcu_file(tmp_path)
    add = ("release", "add", "--type", "mcu", "--product", PRODUCT_KEY)
    one = await wxlink.json(*add, first, "--version", "1")
    again = await wxlink.json(*add, first, "--version", "1")
    two = await wxlink.json(*add, first, "--version", "2", "--notes", "the same\x1b[2J again")
    assert (one["id"], again["id"], two["id"]) == (1, 1, 2)
    kept = list((tmp_path / "releases").iterdir())
    assert [path.name for path in kept] == [one["sha256"]]
    assert kept[0].read_bytes() == first.read_bytes()
    assert kept[0].stat().st_mode & 0o777 == 0o600
    assert "\x1b" not in await wxlink("release", "list")
    error = await wxlink(*add, mcu_file(tmp_path, b"other", "o.hex"), "--version", "1", status=1)
    assert "release 1 already" in error
    assert list((tmp_path / "releases").iterdir()) == kept


BAD_MODULES = {
    "no gzip": b"plainly not",
    "cut": packed(module_files("1"))[:-9],
    "followed": packed(module_files("1")) + b"x",
    "a wide window": None,
    "no manifest": packed(FILES),
    "another version": packed(module_files("1.0")),
    "a file that is not listed": packed({**module_files("1"), "main.py": b"import evil"}),
    "a file that is missing": packed({"manifest.json": module_files("1")["manifest.json"]}),
    "a file that was changed": packed({**module_files("1"), "wxproto/p0.mpy": b"other"}),
    "no JSON": packed({**FILES, "manifest.json": b"{"}),
    "no object": packed({**FILES, "manifest.json": b"[]"}),
    "no tar": None,
    "a bomb": packed({"zeros": bytes(40_000_000)}),
    "too many files": packed({f"f{i}": b"" for i in range(200)}),
}


@pytest.mark.parametrize("name", BAD_MODULES)
async def test_what_no_module_would_take_is_refused(wxlink: Terminal, tmp_path: Path, name: str) -> None:
    content = BAD_MODULES[name]
    if name == "a wide window":
        noise = os.urandom(5000)
        content = packed(module_files("1", {"noise": noise + noise}), window_bits=15)
    elif name == "no tar":
        squeeze = zlib.compressobj(wbits=16 + 10)
        content = squeeze.compress(b"x" * 3000) + squeeze.flush()
    assert content is not None
    path = tmp_path / "app.tgz"
    path.write_bytes(content)
    error = await wxlink("release", "add", path, "--type", "module", "--version", "1", status=1)
    assert "no release of the module" in error
    assert await wxlink.json("release", "list") == []
    assert not list((tmp_path / "releases").glob("*"))


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ("release add missing.tgz --type module --version 1", 1, "No such file"),
        ("release add mcu.bin --type module --version 1", 1, "*.tgz"),
        ("release add mcu.bin --type mcu --version 1", 2, "--product"),
        ("release add mcu.bin --product {key}", 2, "--version"),
        ("release add mcu.bin --type mcu --version 123456789 --product {key}", 1, "1 to 8"),
        ("release add mcu.bin --type mcu --version a&b --product {key}", 1, "1 to 8"),
        ("release add empty.bin --type mcu --version 1 --product {key}", 1, "empty"),
        ("release add huge.bin --type mcu --version 1 --product {key}", 1, "longer than 4194304"),
        ("release add huge.tgz --type module --version 1", 1, "longer than 524288"),
        ("release add mcu.bin --type mcu --version 1 --product nothing", 1, "no product nothing"),
        ("release add mcu.bin --type mcu --version 1 --product {key} --notes {notes}", 2, "1000 at most"),
        ("release show 7", 1, "no release 7"),
        ("release show 99999999999999999999", 1, "no release"),
        ("release roll-out 1", 2, "--percent N"),
        ("release roll-out 1 --percent 101", 2, "0 to 100"),
        ("release roll-out 7 --percent 1", 1, "no release 7"),
        ("release roll-out 1 --did nobody", 1, "no device nobody"),
        ("release roll-out 1 --did x --percent 5", 2, "--percent 0"),
        ("release roll-out 1 --percent 5 --product {other}", 1, "for product"),
        ("release stop 7", 1, "no release 7"),
        ("release devices 7", 1, "no release 7"),
        ("release list --data /nowhere", 1, "name its data folder with --data"),
        ("device show nobody", 1, "no device nobody"),
    ],
)
async def test_what_cannot_be_done_is_said_in_one_line(
    wxlink: Terminal, store: Store, tmp_path: Path, *, words: str, status: int, says: str
) -> None:
    await store.products.put(lamp(OTHER))
    for name, content in (
        ("mcu.bin", b"image"),
        ("empty.bin", b""),
        ("huge.bin", bytes(4 * 2**20 + 1)),
        ("huge.tgz", bytes(512 * 1024 + 1)),
    ):
        (tmp_path / name).write_bytes(content)
    sound = mcu_file(tmp_path, b"first", "first.bin")
    await wxlink("release", "add", sound, "--type", "mcu", "--version", "0", "--product", PRODUCT_KEY)
    filled = words.format(key=PRODUCT_KEY, other=OTHER, notes="n" * 1001).split()
    filled = [str(tmp_path / word) if re.fullmatch(r"\w+\.(bin|tgz)", word) else word for word in filled]
    assert says in await wxlink(*filled, status=status)


async def test_devices_are_listed_and_shown_without_secrets(wxlink: Terminal, store: Store, did: str) -> None:
    assert "no device yet" not in await wxlink("device", "list")
    await store.devices.set_update_key(did, KEY)
    await store.devices.set_presence(did, True, "11111111", NOW)
    health = {"version": "1.0.0", "mcu_version": "03030004", "signal": 5, "link": {"frames_in": 7}}
    await store.devices.set_health([Health(did, NOW, health)])
    listed = await wxlink("device", "list")
    assert re.search(rf"{did} +{MAC} +{PRODUCT_KEY} +yes .* 1\.0\.0 +03030004 +2023-11-14", listed)
    assert await wxlink.json("device", "list", "--product", OTHER) == []
    shown = await wxlink("device", "show", did)
    assert re.search(r"^  link\.frames_in +7$", shown, re.MULTILINE)
    assert re.search(r"^  signal +5$", shown, re.MULTILINE)
    told = await wxlink.json("device", "show", did)
    assert (told["health"], told["online"], told["version"]) == (health, True, "1.0.0")
    assert told["updates"] == []


async def test_the_folder_of_a_demo_will_do(wxlink: Terminal, store: Store, tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "relay").symlink_to(tmp_path, target_is_directory=True)
    assert await wxlink("device", "list", "--data", tmp_path / "demo")


@pytest.mark.parametrize(
    ("verb", "names"), [("release", [one.name for one in release.VERBS]), ("device", ["list", "show"])]
)
def test_each_example_in_the_help_is_understood(
    capsys: pytest.CaptureFixture[str], verb: str, names: list[str]
) -> None:
    """Its words are the parser's own; only the data is missing here."""
    for name in names:
        with pytest.raises(SystemExit):
            cli.main([verb, name, "--help"])
        example = re.search(r"example: wxlink (.*(?:\n.+)*)", capsys.readouterr().out)
        assert example, name
        assert cli.main([*example[1].split(), "--data", "/nowhere"]) == 1
        assert "name its data folder" in capsys.readouterr().err
