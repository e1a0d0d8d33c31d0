"""The relay with a certificate: who trusts its CA comes in by HTTPS and MQTT over TLS, others stay out."""

import asyncio
import os
import signal
import ssl
from pathlib import Path

import aiohttp
import pytest
from live import KIT, Device, kit, stock, until, until_async
from relay_ground import APPID, MAC, PASSCODE
from tls_ground import Authority, Issued

from wxlink.relay import chores
from wxlink.relay.app import Relay, RelayError
from wxlink.relay.settings import RelaySettings
from wxlink.relay.wechat_home import ENTER_PATH


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def issued(authority: Authority) -> Issued:
    return authority.issue()


def settings(folder: Path, issued: Issued, **more: object) -> RelaySettings:
    return RelaySettings(
        data_dir=folder / "relay",
        port=0,
        mqtt_port=0,
        tls_port=0,
        tls_cert=issued.cert,
        tls_key=issued.key,
        **more,  # type: ignore[arg-type] # as named
    )


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority.pem)


async def registered(relay: Relay, authority: Authority) -> tuple[str, dict[str, str]]:
    """A did, and where it is told to connect; both by HTTPS."""
    base = f"https://127.0.0.1:{relay.tls_port}/dev/devices"
    connector = aiohttp.TCPConnector(ssl=trusting(authority))
    async with aiohttp.ClientSession(connector=connector) as session:
        form = {"product_key": KIT, "mac": MAC, "passcode": PASSCODE, "update_key": "ab" * 32}
        async with session.post(base, data=form) as answer:
            assert answer.status == 201
            did = (await answer.text()).removeprefix("did=")
        async with session.get(f"{base}/{did}") as answer:
            told = (await answer.text()).strip()
    return did, dict(part.split("=") for part in told.split("&"))


async def test_a_device_registers_and_reports_over_tls_alone(
    tmp_path: Path, authority: Authority, issued: Issued
) -> None:
    async with Relay(settings(tmp_path, issued, mqtt_plain=False)) as relay:
        await stock(relay.store)
        did, told = await registered(relay, authority)
        port = int(told["port_s"])
        device = Device(did)
        device.use_tls(trusting(authority))
        await device.come_online(port)
        await device.report(kit(1, 2, 3, 4, 5))

        async def stored() -> bool:
            return (await relay.store.states.latest(did)).attrs.get("LED_R") == 2

        await until_async(stored)
        await relay.service.downlink.send(did, kit(0, 0, 0, 0, action=1))
        await device.command()
        await device.leave()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
        answered = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        assert not answered.startswith(b"\x20"), "no CONNACK to who comes without TLS"


async def test_plain_and_tls_share_the_port(tmp_path: Path, authority: Authority, issued: Issued) -> None:
    async with Relay(settings(tmp_path, issued)) as relay:
        await stock(relay.store)
        did, told = await registered(relay, authority)
        assert told["port"] == told["port_s"] == str(relay.mqtt_port)
        for context in (None, trusting(authority)):
            device = Device(did)
            if context:
                device.use_tls(context)
            await device.come_online(relay.mqtt_port)
            await device.leave()


async def test_a_browser_that_came_by_https_keeps_its_session_to_that(
    tmp_path: Path, authority: Authority, issued: Issued
) -> None:
    async with Relay(settings(tmp_path, issued)) as relay:
        await stock(relay.store)
        uid = (await relay.service.anonymous_user(APPID, "phone-1")).uid
        connector = aiohttp.TCPConnector(ssl=trusting(authority))
        async with aiohttp.ClientSession(connector=connector) as session:
            for base, secure in (
                (f"https://127.0.0.1:{relay.tls_port}", True),
                (f"http://127.0.0.1:{relay.http_port}", False),
            ):
                path = f"{ENTER_PATH}{await relay.service.issue_page_ticket(uid, None)}"
                async with session.post(base + path, allow_redirects=False) as answer:
                    assert ("Secure" in answer.headers["Set-Cookie"]) is secure


async def test_who_trusts_another_authority_does_not_come_in(
    tmp_path: Path, authority: Authority, issued: Issued
) -> None:
    stranger = Authority(tmp_path, "other")
    async with Relay(settings(tmp_path, issued)) as relay:
        await stock(relay.store)
        did, _told = await registered(relay, authority)
        device = Device(did, steady=False)
        device.use_tls(trusting(stranger))
        with pytest.raises(ssl.SSLCertVerificationError):
            await device.connect(relay.mqtt_port)
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await registered(relay, stranger)


async def test_a_certificate_that_was_written_anew_is_shown_to_the_next(
    tmp_path: Path,
    authority: Authority,
    issued: Issued,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(chores, "RELOAD_EVERY_S", 0.1)
    async with Relay(settings(tmp_path, issued)) as relay:
        before = {port: await shown(port) for port in (relay.tls_port, relay.mqtt_port)}
        new = authority.issue("new")
        for half in (b"half of a certificate", new.cert.read_bytes()):  # the second: its key comes later
            caplog.clear()
            issued.cert.write_bytes(half)
            await until(lambda: "no certificate and its key" in caplog.text)
            assert {port: await shown(port) for port in before} == before
        issued.key.write_bytes(new.key.read_bytes())
        wanted = ssl.PEM_cert_to_DER_cert(issued.cert.read_text("ascii"))

        async def renewed() -> bool:
            return [await shown(port) for port in before] == [wanted, wanted]

        await until_async(renewed)
        assert wanted not in before.values()


async def test_the_relay_itself_comes_back_to_a_broker_with_a_new_certificate(
    tmp_path: Path, authority: Authority, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "RELOAD_EVERY_S", 0.1)
    async with Relay(settings(tmp_path, issued, mqtt_plain=False)) as relay:
        before = await shown(relay.mqtt_port)
        authority.issue()

        async def renewed() -> bool:
            return await shown(relay.mqtt_port) != before

        await until_async(renewed)
        assert relay.broker
        assert relay.broker.pid
        os.kill(relay.broker.pid, signal.SIGKILL)
        await until(lambda: not relay.ingest.connected)
        await relay.ingest.wait_up(10)


async def shown(port: int) -> bytes:
    """The certificate, DER, that a port shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    assert isinstance(der, bytes)
    return der


@pytest.mark.parametrize("wrong", ["missing", "other key", "no certificate", "password", "half", "plain"])
async def test_what_cannot_work_is_named_before_anything_listens(
    tmp_path: Path, authority: Authority, issued: Issued, wrong: str
) -> None:
    given = settings(tmp_path, issued)
    says = "are no certificate and its key"
    if wrong == "missing":
        issued.key.unlink()
        says = "cannot be read"
    elif wrong == "other key":
        issued.key.write_bytes(authority.issue("another").key.read_bytes())
    elif wrong == "no certificate":
        issued.cert.write_text("nothing", "ascii")
    elif wrong == "password":
        authority.issue(password=b"secret")
        says = "wants a password"
    elif wrong == "half":
        given = RelaySettings(tmp_path, tls_cert=issued.cert)
        says = "belong together"
    else:
        given = RelaySettings(tmp_path, mqtt_plain=False)
        says = "without a certificate"
    with pytest.raises(RelayError, match=says):
        async with Relay(given):
            pass


def test_addresses_follow_from_the_certificate(tmp_path: Path, issued: Issued) -> None:
    own = RelaySettings(tmp_path, tls_cert=issued.cert, tls_key=issued.key).endpoints()
    assert (own.mqtt_port, own.mqtts_port, own.ws_port, own.wss_port) == (1883, 1883, 8080, 8443)
    theirs = RelaySettings(tmp_path, tls_cert=issued.cert, broker_url="mqtts://b").endpoints()
    assert theirs.mqtts_port == 0
