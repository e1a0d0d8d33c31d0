"""`wxlink maker|app|token|audit` and the changing verbs of `wxlink device`, run on a relay's data."""

import asyncio
import getpass
import io
import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from relay_ground import APPID, MAC, PASSCODE, PRODUCT_KEY, Clock

from wxlink import cli
from wxlink.relay.commands import app, device, maker, token
from wxlink.relay.service import Service
from wxlink.relay.store import Store

PASSWORD = "correct horse battery"
PRODUCTS = Path(__file__).parents[2] / "protocol" / "products"


class Terminal:
    """Runs the CLI in a thread of its own, as each verb starts an event loop."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._data = data
        self._capsys = capsys
        self._patch = patch

    async def __call__(self, *words: object, status: int = 0, given: str = "") -> str:
        """The output; the error text when the status says so. given: what stands on stdin."""
        self._patch.setattr("sys.stdin", io.StringIO(given))
        argv = [*(str(word) for word in words), "--data", str(self._data)]
        code = await asyncio.to_thread(cli.main, argv)
        captured = self._capsys.readouterr()
        assert code == status, captured.err
        assert PASSWORD not in captured.out + captured.err
        return captured.err if status else captured.out

    async def json(self, *words: object, given: str = "") -> Any:
        return json.loads(await self(*words, "--json", given=given))


@pytest.fixture
def wxlink(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    return Terminal(tmp_path, capsys, monkeypatch)


async def test_from_nothing_to_a_device(wxlink: Terminal, service: Service, clock: Clock) -> None:
    """As README tells it."""
    await wxlink("maker", "add", "acme", "--owner", "alice", given=f"{PASSWORD}\n")
    product = await wxlink.json("maker", "product", "add", PRODUCTS / "gokit.json", "--maker", "acme")
    made = await wxlink.json("app", "add", "Acme Home", "--maker", "acme")
    did = await service.register_device(product["product_key"], MAC, PASSCODE)
    assert [one["did"] for one in await wxlink.json("device", "list", "--maker", "acme")] == [did]
    user = await service.anonymous_user(made["appid"], "phone-1")
    scene = (await wxlink.json("device", "claim", did, "--life", "1h"))["scene"]
    assert (await service.redeem_claim(user.uid, scene)).device.did == did
    issued = await wxlink.json(
        "token", "add", "station", "--member", "alice", "--rights", "read", "--maker", "acme"
    )
    clock.now = issued["created_at"]
    assert (await service.actor(issued["token"])).rights == {"read"}
    actions = [one["action"] for one in await wxlink.json("audit", "--account", _operator())]
    assert actions == ["token.add", "device.claim", "app.add", "product.add", "maker.add"]


def _operator() -> str:
    return f"operator {os.environ.get('SUDO_USER') or getpass.getuser()}"


async def test_devices_are_locked_handed_over_and_removed(
    wxlink: Terminal, service: Service, did: str
) -> None:
    first, second = [await service.anonymous_user(APPID, f"phone-{n}") for n in (1, 2)]
    await service.bind_by_passcode(first.uid, did, PASSCODE)
    await wxlink("device", "disable", did)
    assert (await wxlink.json("device", "show", did))["disabled"] is True
    await wxlink("device", "enable", did)
    await wxlink("device", "transfer", did, second.uid)
    assert list(await service.store.bindings.roles(did)) == [second.uid]
    assert await wxlink.json("device", "remove", did) == {"done": True}
    assert "no device" in await wxlink("device", "show", did, status=1)


async def test_secrets_are_shown_once(wxlink: Terminal, service: Service) -> None:
    said = await wxlink("maker", "product", "rotate", PRODUCT_KEY, "--overlap", "12h")
    secret = re.search(r"product_secret +([0-9a-f]{32})\n", said)
    assert secret
    assert "43200 s more" in said
    made = await wxlink.json("app", "add", "Home")
    rotated = await wxlink.json("app", "rotate", made["appid"])
    for words in (("maker", "product", "list"), ("app", "list"), ("audit",), ("maker", "show", "default")):
        for shown in (await wxlink(*words), json.dumps(await wxlink.json(*words))):
            for one in (secret[1], made["appsecret"], rotated["appsecret"]):
                assert one not in shown
    await wxlink("app", "rename", made["appid"], "Life")
    await wxlink("app", "remove", made["appid"])


async def test_members_and_quotas(wxlink: Terminal, service: Service) -> None:
    password = f"{PASSWORD}\n"
    await wxlink("maker", "add", "acme", "--owner", "alice", given=password)
    of_acme = ("--maker", "acme")
    await wxlink("maker", "member", "add", "bob", "--role", "viewer", *of_acme, given=password)
    await wxlink("maker", "member", "role", "bob", "--role", "owner", *of_acme)
    await wxlink("maker", "member", "remove", "alice", *of_acme)
    assert "one owner" in await wxlink("maker", "member", "remove", "bob", *of_acme, status=1)
    await wxlink("maker", "member", "password", "bob", *of_acme, given="another password\n")
    await service.log_in_member("bob", "another password", "192.0.2.1")
    listed = await wxlink.json("maker", "member", "list", *of_acme)
    assert [(one["name"], one["role"]) for one in listed] == [("bob", "owner")]
    assert await wxlink.json("maker", "quota", "acme", "devices=10", "apps=none") == {"devices": 10}
    await wxlink("maker", "disable", "acme")
    assert "disabled" in await wxlink("maker", "list")
    assert "10 devices" in await wxlink("maker", "show", "acme")
    await wxlink("maker", "enable", "acme")
    assert await wxlink.json("token", "list", *of_acme) == []


@pytest.mark.parametrize(
    ("words", "given", "says"),
    [
        ("maker add acme --owner alice", "short\n", "10 to 128 characters"),
        ("maker add acme --owner alice", "", "10 to 128 characters"),
        ("maker add default --owner alice", f"{PASSWORD}\n", "maker default already"),
        ("maker show nobody", "", "no maker nobody"),
        ("app add Home --maker nobody", "", "no maker nobody"),
        ("app remove 00112233445566778899aabbccddeeff", "", "appid invalid"),
        ("maker product push none.toml", "", "none.toml"),
        ("maker product remove 00112233445566778899aabbccddeeff", "", "product_key invalid"),
        ("token add x --member nobody --rights read", "", "no such member"),
        ("token revoke 7", "", "no such token"),
        ("device transfer nobody nobody", "", "no device nobody"),
        ("audit --since yesterday", "", "--since"),
    ],
)
async def test_what_cannot_be_done_is_said_in_one_line(
    wxlink: Terminal, words: str, given: str, says: str
) -> None:
    said = await wxlink(*words.split(), status=1, given=given)
    assert says in said
    assert len(said.splitlines()) == 1


async def test_the_log_is_filtered(wxlink: Terminal, service: Service, did: str) -> None:
    await wxlink("device", "disable", did)
    await wxlink("device", "disable", "Zz9yXx8wVv7uTt6sRr5qPp", status=1)
    rows = await wxlink.json("audit", "--failed")
    assert [(one["action"], one["result"]) for one in rows] == [("device.disable", "9014")]
    assert len(await wxlink.json("audit", "--action", "device", "--since", "1h", "--maker", "default")) == 2
    assert await wxlink.json("audit", "--until", "2020-01-31") == []
    assert [one["object"] for one in await wxlink.json("audit", "--object", did, "-n", "1")] == [did]
    assert "device.disable" in await wxlink("audit")


EXAMPLES = [
    *((("maker",), verb) for verb in maker.VERBS),
    *((("maker", "member"), verb) for verb in maker.MEMBER_VERBS),
    *((("maker", "product"), verb) for verb in maker.PRODUCT_VERBS),
    *((("app",), verb) for verb in app.VERBS),
    *((("token",), verb) for verb in token.VERBS),
    *((("device",), verb) for verb in device.VERBS),
]


@pytest.mark.parametrize(("program", "verb"), EXAMPLES, ids=lambda one: str(getattr(one, "name", one)))
def test_each_example_in_the_help_is_understood(
    capsys: pytest.CaptureFixture[str], program: tuple[str, ...], verb: Any
) -> None:
    """Its words are the parser's own; only the data is missing here."""
    words = shlex.split(verb.example)
    assert words[: len(program) + 2] == ["wxlink", *program, verb.name]
    assert cli.main([*words[1:], "--data", "/nowhere"]) == 1
    assert "name its data folder" in capsys.readouterr().err


async def test_a_relay_is_found_by_its_configuration(
    store_url: str, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its database may be anywhere."""
    config = tmp_path / "elsewhere" / "relay.toml"
    config.parent.mkdir()
    config.write_text(f'[store]\nurl = "{store_url}"\n')
    assert await asyncio.to_thread(cli.main, ["maker", "list", "--config", str(config), "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == ["default"]
    config.write_text("[store]\nurls = 1\n")
    assert await asyncio.to_thread(cli.main, ["maker", "list", "--config", str(config)]) == 1
    assert "urls" in capsys.readouterr().err
