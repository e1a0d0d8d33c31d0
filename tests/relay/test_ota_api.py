"""The update API, read the way GAgent reads it: bytes of the socket, searched for names."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from relay_ground import MAC, NOW, PASSCODE, PRODUCT_KEY, Clock
from release_ground import IMAGE, mcu_file, module_file, released

from wxlink.relay import device_api, ota_api
from wxlink.relay.service import Service
from wxlink.relay.service import firmware as rules
from wxlink.relay.store import Release, Rule

KEY = "00112233445566778899aabbccddeeff" * 2
OLD = f"passcode={PASSCODE}&type=2&hard_version=00000001&soft_version=00000001"
GAGENT_REQUEST_MAX = 199  # bytes of its buffer for a download's request


@pytest.fixture
async def server(service: Service) -> AsyncIterator[TestServer]:
    app = web.Application()
    device_api.setup(app, service)
    await service.store.doors.open(PRODUCT_KEY, NOW)
    ota_api.setup(app, service)
    async with TestServer(app) as running:
        yield running


@pytest.fixture
async def mcu_release(service: Service, did: str, tmp_path: Path) -> Release:
    """New software for the MCU of the device's product."""
    return await released(service.store, tmp_path, mcu_file(tmp_path), "00000002", product_key=PRODUCT_KEY)


@pytest.fixture
async def module_release(service: Service, did: str, tmp_path: Path) -> Release:
    """New software for the module, which has a key."""
    await service.register_device(PRODUCT_KEY, MAC, PASSCODE, KEY.upper())
    return await released(service.store, tmp_path, module_file(tmp_path, "1.1.0"), "1.1.0")


async def ask(server: TestServer, method: str, path: str, body: str = "", headers: str = "") -> bytes:
    """One request on a connection of its own; the answer until the relay closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost:relay.example.org\r\n{headers}Content-Length:{len(body)}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}".encode()
    )
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    return answer


async def check(server: TestServer, did: str, form: str = OLD) -> bytes:
    return await ask(server, "POST", f"/dev/ota/v4.1/update_and_check/{did}", form)


def between(answer: bytes, begin: bytes, end: bytes) -> str:
    """As GAgent cuts a value out of an answer."""
    start = answer.index(begin) + len(begin)
    return answer[start : answer.index(end, start)].decode()


def path_of(answer: bytes) -> str:
    """The path of a download_url, which must be one that GAgent can follow."""
    url = between(answer, b"download_url=", b"\r\n").partition("&")[0]
    found = re.fullmatch(r"http://(relay\.example\.org:8080)(/\S+)", url)
    assert found, url
    request = f"HEAD {found[2]} HTTP/1.1\r\nHost:{found[1]}\r\nContent-Type: application/text\r\n\r\n"
    assert len(request) <= GAGENT_REQUEST_MAX
    return found[2]


async def test_gagent_finds_and_fetches_new_mcu_software(
    server: TestServer, did: str, mcu_release: Release
) -> None:
    answer = await check(server, did)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nContent-Length: %d\r\n" % len(body) in head + b"\r\n"
    assert re.fullmatch(rb"soft_ver=00000002&download_url=http://[^\s&]+\r\n", body)
    path = path_of(answer)
    for method, content in (("HEAD", b""), ("GET", IMAGE)):
        answer = await ask(server, method, path)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert body == content
        head += b"\r\n"
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert between(head, b"Content-Length: ", b"\r\n") == str(len(IMAGE))
        assert between(head, b"Firmware-MD5: ", b"\r\n") == hashlib.md5(IMAGE).hexdigest()  # noqa: S324
        assert between(head, b"Soft-Version: ", b"\r\n") == "00000002"
        assert between(head, b"filename=", b"\r\n") == '"mcu-00000002.bin"'


@pytest.mark.parametrize(
    "changed",
    [
        ("soft_version=00000001", "soft_version=00000002"),
        ("soft_version=00000001", "soft_version=1"),
        ("type=2", "type=1"),
    ],
)
async def test_nothing_new_is_another_status(
    server: TestServer, did: str, mcu_release: Release, changed: tuple[str, str]
) -> None:
    answer = await check(server, did, OLD.replace(*changed))
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"soft_ver=" not in answer
    assert b"download_url=" not in answer


async def test_our_module_gets_a_proof_under_its_own_key(
    server: TestServer, did: str, module_release: Release
) -> None:
    form = f"passcode={PASSCODE}&type=1&hard_version=1&soft_version=1.0.9&manifest=1"
    answer = await check(server, did, form)
    fields = dict(part.split("=", 1) for part in answer.partition(b"\r\n\r\n")[2].decode().strip().split("&"))
    assert list(fields) == ["soft_ver", "download_url", "size", "sha256", "hmac"]
    head, _, content = (await ask(server, "GET", path_of(answer))).partition(b"\r\n\r\n")
    assert between(head + b"\r\n", b"filename=", b"\r\n") == '"module-1.1.0.tgz"'
    digest = hashlib.sha256(content).hexdigest()
    assert (fields["size"], fields["sha256"]) == (str(len(content)), digest)
    text = f"wxlink update 1\n{did}\n1\n1.1.0\n{len(content)}\n{digest}\n"
    assert fields["hmac"] == hmac.new(bytes.fromhex(KEY), text.encode(), "sha256").hexdigest()


async def test_a_foreign_module_never_gets_ours(
    server: TestServer, did: str, module_release: Release
) -> None:
    for manifest in ("", "&manifest=0", "&manifest=yes"):
        form = f"passcode={PASSCODE}&type=1&hard_version=1&soft_version=0{manifest}"
        assert (await check(server, did, form)).startswith(b"HTTP/1.1 404 ")


async def test_a_module_without_a_key_gets_nothing_and_the_reason_is_kept(
    server: TestServer, service: Service, did: str, tmp_path: Path
) -> None:
    release = await released(service.store, tmp_path, module_file(tmp_path, "1.1.0"), "1.1.0")
    form = f"passcode={PASSCODE}&type=1&hard_version=1&soft_version=1.0.9&manifest=1"
    assert (await check(server, did, form)).startswith(b"HTTP/1.1 404 ")
    noted = (await service.store.updates.of_release(release.id))[did]
    assert noted.state == "blocked"
    assert "update key" in noted.reason
    await service.register_device(PRODUCT_KEY, MAC, PASSCODE, KEY)
    assert (await check(server, did, form)).startswith(b"HTTP/1.1 200 ")
    assert (await service.store.updates.of_release(release.id))[did].state == "offered"


async def test_another_key_replaces_the_first_and_no_log_shows_it(
    service: Service, did: str, caplog: pytest.LogCaptureFixture
) -> None:
    await service.register_device(PRODUCT_KEY, MAC, PASSCODE, KEY)
    other = "f" * 64
    with caplog.at_level("DEBUG"):
        assert await service.register_device(PRODUCT_KEY, MAC, PASSCODE, other) == did
        assert await service.register_device(PRODUCT_KEY, MAC, PASSCODE) == did
    device = await service.store.devices.get(did)
    assert device is not None
    assert device.update_key == other
    assert did in caplog.text
    assert other not in caplog.text + repr(device)
    assert KEY not in caplog.text


@pytest.mark.parametrize("key", ["", "ab", "g" * 64, "a" * 65])
async def test_a_malformed_key_registers_nothing(server: TestServer, key: str) -> None:
    form = f"passcode={PASSCODE}&mac=aa&product_key={PRODUCT_KEY}&update_key={key}"
    answer = await ask(server, "POST", "/dev/devices", form)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"did=" not in answer


@pytest.mark.parametrize(
    ("asked", "status", "told", "part"),
    [
        ("bytes=100-199", 206, "bytes 100-199/10240", slice(100, 200)),
        ("bytes=10000-", 206, "bytes 10000-10239/10240", slice(10000, None)),
        ("bytes=-40", 206, "bytes 10200-10239/10240", slice(-40, None)),
        ("bytes=10000-99999", 206, "bytes 10000-10239/10240", slice(10000, None)),
        ("bytes=10240-", 416, "bytes */10240", None),
        ("bytes=9-3", 416, "bytes */10240", None),
    ],
)
async def test_a_download_goes_on_where_it_was_cut(
    server: TestServer,
    did: str,
    mcu_release: Release,
    *,
    asked: str,
    status: int,
    told: str,
    part: slice | None,
) -> None:
    path = path_of(await check(server, did))
    head, _, body = (await ask(server, "GET", path, headers=f"Range: {asked}\r\n")).partition(b"\r\n\r\n")
    head += b"\r\n"
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert between(head, b"Content-Range: ", b"\r\n") == told
    if part is not None:
        assert body == IMAGE[part]
        assert between(head, b"Content-Length: ", b"\r\n") == str(len(body))
        assert between(head, b"Firmware-MD5: ", b"\r\n") == hashlib.md5(IMAGE).hexdigest()  # noqa: S324


async def test_a_token_opens_one_release_for_a_while(
    server: TestServer, service: Service, did: str, mcu_release: Release, clock: Clock
) -> None:
    path = path_of(await check(server, did))
    token = path.split("/")[-2]
    assert len(token) == 22
    for wrong in (path.replace(token, token[::-1]), path.replace(token, "x"), path.replace(token, "%00")):
        assert (await ask(server, "GET", wrong)).startswith(b"HTTP/1.1 404 "), wrong
    clock.now += rules.DOWNLOAD_LIFE_S - 1
    assert (await ask(server, "HEAD", path)).startswith(b"HTTP/1.1 200 ")
    await service.store.releases.stop(mcu_release.id)
    assert (await ask(server, "HEAD", path)).startswith(b"HTTP/1.1 404 ")
    await service.store.releases.roll_out(mcu_release.id, [])
    await service.store.devices.set_disabled(did, True)
    assert (await ask(server, "HEAD", path)).startswith(b"HTTP/1.1 400 ")
    await service.store.devices.set_disabled(did, False)
    assert (await ask(server, "HEAD", path)).startswith(b"HTTP/1.1 200 ")
    clock.now += 1
    assert (await ask(server, "HEAD", path)).startswith(b"HTTP/1.1 404 ")
    assert await service.prune() == 1


async def test_a_device_that_was_reset_takes_its_tokens_with_it(
    server: TestServer, service: Service, did: str, mcu_release: Release
) -> None:
    path = path_of(await check(server, did))
    await service.register_device(PRODUCT_KEY, MAC, "RESET")
    assert (await ask(server, "GET", path)).startswith(b"HTTP/1.1 404 ")


async def test_wrong_passcodes_are_refused_and_then_not_even_looked_at(
    server: TestServer, did: str, mcu_release: Release, clock: Clock
) -> None:
    for _ in range(rules.WRONG_PASSCODES):
        answer = await check(server, did, OLD.replace(PASSCODE, "WRONGCODEX"))
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"download_url=" not in answer
    assert (await check(server, did)).startswith(b"HTTP/1.1 429 ")
    nobody = did[::-1]
    unknown = await check(server, nobody)
    assert unknown.startswith(b"HTTP/1.1 400 ")
    assert unknown.partition(b"\r\n\r\n")[2] == answer.partition(b"\r\n\r\n")[2], "did and passcode alike"
    clock.now += rules.WRONG_WINDOW_S
    assert (await check(server, did)).startswith(b"HTTP/1.1 200 ")


async def test_wrong_passcodes_of_one_address_are_limited_whatever_the_did(server: TestServer) -> None:
    statuses = [(await check(server, f"{number:022d}"))[9:12] for number in range(rules.WRONG_OF_ADDRESS + 1)]
    assert statuses == [b"400"] * rules.WRONG_OF_ADDRESS + [b"429"]


@pytest.mark.parametrize("path", ["/dev/ota/v4.1/latest", "/dev/ota/target_fid"])
async def test_old_modules_without_passcode_get_what_all_get(
    server: TestServer, service: Service, did: str, mcu_release: Release, path: str
) -> None:
    query = f"did={did}&product_key={PRODUCT_KEY}&type=2&hard_version=1&soft_version=00000001&current_fid=3"
    answer = await ask(server, "GET", f"{path}?{query}")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert (await ask(server, "GET", path_of(answer))).endswith(IMAGE)
    for other in (query.replace("type=2", "type=1"), query.replace("=00000001", "=00000002")):
        assert (await ask(server, "GET", f"{path}?{other}")).startswith(b"HTTP/1.1 404 ")
    await service.store.releases.roll_out(mcu_release.id, [Rule("", "", 99)])
    assert (await ask(server, "GET", f"{path}?{query}")).startswith(b"HTTP/1.1 404 ")


async def test_checks_without_passcode_are_limited(server: TestServer, mcu_release: Release) -> None:
    path = f"/dev/ota/v4.1/latest?product_key={PRODUCT_KEY}&type=2&soft_version=9"
    statuses = [(await ask(server, "GET", path))[9:12] for _ in range(rules.BLIND_CHECKS + 1)]
    assert statuses == [b"404"] * rules.BLIND_CHECKS + [b"429"]


@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("POST", "update_and_check/{did}", ""),
        ("POST", "update_and_check/{did}", OLD.replace("type=2", "type=3")),
        ("POST", "update_and_check/{did}", OLD.replace("&soft_version=00000001", "")),
        ("POST", "update_and_check/nobody", OLD),
        ("POST", "update_and_check/%00", OLD),
        ("GET", "update_and_check/{did}", ""),
        ("GET", "latest?product_key=x&type=2&soft_version=1", ""),
        ("GET", "latest", ""),
    ],
)
async def test_what_is_malformed_is_refused_in_words(
    server: TestServer, did: str, mcu_release: Release, *, method: str, path: str, form: str
) -> None:
    answer = await ask(server, method, f"/dev/ota/v4.1/{path.format(did=did)}", form)
    assert answer[9:10] == b"4"
    assert answer.partition(b"\r\n\r\n")[2].startswith(b"error=")
    assert PASSCODE.encode() not in answer


async def test_a_device_that_rolled_back_is_left_alone_until_it_is_named(
    server: TestServer, service: Service, did: str, module_release: Release, clock: Clock
) -> None:
    form = f"passcode={PASSCODE}&type=1&hard_version=1&soft_version=1.0.9&manifest=1"
    assert (await check(server, did, form)).startswith(b"HTTP/1.1 200 ")
    noted = (await service.store.updates.of_release(module_release.id))[did]
    await service.store.updates.note(noted._replace(state="rolled_back", reason="it never came on-line"))
    assert (await check(server, did, form)).startswith(b"HTTP/1.1 404 ")
    await service.store.releases.roll_out(module_release.id, [Rule("", "", 100)])
    assert (await check(server, did, form)).startswith(b"HTTP/1.1 404 ")
    await service.store.releases.roll_out(module_release.id, [Rule("", did, 100)])
    assert (await check(server, did, form)).startswith(b"HTTP/1.1 200 ")


async def test_why_an_update_failed_is_known_until_the_device_tells_more(
    server: TestServer, service: Service, did: str, mcu_release: Release
) -> None:
    await check(server, did)
    noted = (await service.store.updates.of_release(mcu_release.id))[did]
    failed = noted._replace(state="failed", percent=30, reason="the MCU did not answer")
    await service.store.updates.note(failed)
    assert (await check(server, did)).startswith(b"HTTP/1.1 200 ")
    assert (await service.store.updates.of_release(mcu_release.id))[did] == failed


async def test_a_device_that_runs_the_version_is_through(
    server: TestServer, service: Service, did: str, mcu_release: Release
) -> None:
    await check(server, did)
    assert (await check(server, did, OLD.replace("=00000001", "=00000002", 9))).startswith(b"HTTP/1.1 404 ")
    noted = (await service.store.updates.of_release(mcu_release.id))[did]
    assert (noted.state, noted.percent) == ("installed", 100)
