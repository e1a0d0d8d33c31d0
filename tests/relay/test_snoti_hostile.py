"""Server push against peers that mean harm or speak badly: the relay answers, bounds, and goes on."""

import asyncio
import contextlib
import json
import random
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from live import until
from snoti_ground import Peer, Server, served, settings, slower
from tls_ground import Authority

from wxlink.relay.app import Relay, RelayError
from wxlink.relay.settings import RelaySettings
from wxlink.relay.snoti import server as snoti_server
from wxlink.relay.snoti.limits import LINE_BYTES


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with served(tmp_path) as standing:
        yield standing


def line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


async def test_a_message_may_come_byte_by_byte(server: Server) -> None:
    peer = await server.connect()
    for byte in line({"cmd": "login_req", "data": [server.entry()]}):
        await peer.write(bytes((byte,)))
    assert (await peer.hear())["data"]["result"] is True


async def test_messages_may_come_glued_and_cut_anywhere(server: Server) -> None:
    peer = await server.connect()
    stream = line({"cmd": "login_req", "data": [server.entry()]}) + line({"cmd": "ping"}) * 50
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    while stream:
        cut = chance.randint(1, 90)
        await peer.write(stream[:cut])
        await asyncio.sleep(0)
        stream = stream[cut:]
    assert (await peer.hear())["cmd"] == "login_res"
    for _ in range(50):
        assert await peer.hear() == {"cmd": "pong"}


async def test_a_message_without_its_end_is_waited_for(server: Server) -> None:
    peer = await server.login()
    await peer.write(b'{"cmd":"ping"')
    with pytest.raises(TimeoutError):
        await peer.hear(0.3)
    await peer.write(b"}\r\n")
    assert await peer.hear() == {"cmd": "pong"}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"\xff\xfe", 1001),
        (b"hello", 1001),
        (b'{"cmd": NaN}', 1001),
        (b'{"cmd": "ping", "x": Infinity}', 1001),
        (b"[" * 100_000, 1001),
        (b'{"cmd": "ping", "x": ' + b'{"x":' * 20_000, 1001),
        (b"[]", 1001),
        (b'{"cmd": 5}', 1001),
        (b'{"cmd": "what"}', 1000),
        (b'{"cmd": "login_req", "data": {}}', 1001),
        (b'{"cmd": "subscribe_req", "data": [{"product_key": 5}]}', 1001),
        (
            b'{"cmd": "subscribe_req", "data": [' + b'{"product_key":""},' * 100 + b'{"product_key":""}]}',
            1001,
        ),
        (b'{"cmd": "remote_control_req", "data": [{"cmd": "write", "data": {"did": null}}]}', 1001),
        (b'{"cmd": "event_ack", "delivery_id": true}', 1001),
    ],
    ids=range(14),
)
async def test_nonsense_is_answered_and_the_socket_stays(server: Server, said: bytes, code: int) -> None:
    peer = await server.login()
    await peer.write(said + b"\n")
    answer = await peer.hear()
    assert (answer["cmd"], answer["error_code"]) == ("invalid_msg", code)
    await peer.quiet()


async def test_a_line_without_an_end_is_bounded(server: Server) -> None:
    peer = await server.login()
    answers = []
    with contextlib.suppress(ConnectionError):  # the relay may be quicker than the end of the line
        await peer.write(b"x" * (LINE_BYTES + 1))
        answers = await peer.ended()
    assert [answer["msg"] for answer in answers] in ([], [f"a line has at most {LINE_BYTES} bytes"])
    await until(lambda: server.relay.snoti.connections == 0)


async def test_who_does_not_log_in_is_put_out(tmp_path: Path) -> None:
    async with served(tmp_path, slower(login_within_s=0.5)) as server:
        peer = await server.connect()
        await peer.quiet()
        assert "no login" in (await peer.ended())[-1]["msg"]
        talker = await server.connect()
        for _ in range(3):
            await talker.say({"cmd": "subscribe_req", "data": []})
        answers = await talker.ended()
        assert [answer["error_code"] for answer in answers] == [1002, 1002, 1002, 1005]


async def test_who_says_nothing_is_put_out(tmp_path: Path) -> None:
    async with served(tmp_path, slower(silence_s=0.5)) as server:
        peer = await server.login()
        for _ in range(4):
            await asyncio.sleep(0.2)
            await peer.quiet()
        assert "nothing came" in (await peer.ended())[-1]["msg"]


@pytest.mark.parametrize(
    ("prefetch", "good"),
    [(0, False), (-1, False), (32_768, False), (True, False), ("50", False), (1, True), (32_767, True)],
)
async def test_prefetch_has_bounds(server: Server, prefetch: object, good: bool) -> None:
    peer = await server.connect()
    said = await peer.ask({"cmd": "login_req", "prefetch_count": prefetch, "data": []})
    assert said["cmd"] == "login_res"
    assert said["data"]["result"] is good


async def test_too_many_messages_are_refused_and_later_taken(tmp_path: Path) -> None:
    async with served(tmp_path, slower(requests_a_minute=10)) as server:
        peer = await server.login()
        said = [await peer.ask({"cmd": "ping"}) for _ in range(12)]
        assert [one.get("error_code") for one in said] == [None] * 9 + [1003] * 3


async def test_connections_are_bounded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snoti_server, "CONNECTIONS_A_HOST", 2)
    peers = [await server.login() for _ in range(2)]
    surplus = await server.connect()
    with pytest.raises((AssertionError, ConnectionError, ssl.SSLError)):
        await surplus.quiet()
    for peer in peers:
        await peer.quiet()


async def test_without_tls_nothing_is_said(server: Server) -> None:
    port = server.relay.snoti_port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(line({"cmd": "login_req", "data": [server.entry()]}))
    heard = b""
    with contextlib.suppress(ConnectionError):
        heard = await asyncio.wait_for(reader.read(), 30)
    assert b"cmd" not in heard
    writer.close()
    await (await server.login()).quiet()


async def test_a_client_of_another_authority_stays_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    trust = ssl.create_default_context(cafile=Authority(tmp_path / "other").pem)
    port = server.relay.snoti_port
    assert port
    with pytest.raises(ssl.SSLCertVerificationError):
        await Peer.connect(port, trust)


async def test_server_push_needs_a_certificate_and_is_off_without_a_port(tmp_path: Path) -> None:
    with pytest.raises(RelayError, match="TLS only: set tls_cert"):
        async with Relay(RelaySettings(tmp_path / "a", port=0, mqtt_port=0, snoti_port=0)):
            pass
    issued = Authority(tmp_path).issue()
    async with Relay(settings(tmp_path, issued, snoti_port=None)) as relay:
        assert relay.snoti_port is None


async def test_secrets_are_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with served(tmp_path) as server:
        await server.login(server.entry())
        peer = await server.connect()
        await peer.ask({"cmd": "login_req", "data": [{**server.entry(), "auth_secret": "wrong-secret-1"}]})
        secret = server.auth_secret
    assert secret not in caplog.text
    assert "wrong-secret-1" not in caplog.text
