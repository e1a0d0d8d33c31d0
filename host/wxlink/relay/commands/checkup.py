"""`wxlink relay --check`: looks at everything that a start needs, says what to do, and changes nothing."""

import asyncio
import ctypes
import fcntl
import os
import resource
import secrets
import socket
import stat
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from cryptography import x509
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from wxlink.relay.broker import BrokerError, find_binary
from wxlink.relay.commands.ground import say, say_json, table
from wxlink.relay.config import Config
from wxlink.relay.ingest import Endpoint
from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import StoreError, peek
from wxlink.relay.tls import Certificate, TlsError

LOCK: Final = "lock"
DAY_S: Final = 86_400
RENEW_BEFORE_DAYS: Final = 14
BROKER_WITHIN_S: Final = 5.0
OTHER_FILES: Final = 500  # open files besides connections: database, broker, threads
TIME_ERROR: Final = 5  # adjtimex(2): the clock is not synchronized
_OPEN_TO_OTHERS: Final = 0o077


class Finding(NamedTuple):
    """What one check found. good: None is a warning. todo: what the operator does about it."""

    check: str
    good: bool | None
    found: str
    todo: str = ""

    @property
    def state(self) -> str:
        """ok, warn or fail."""
        return {True: "ok", None: "warn", False: "fail"}[self.good]


def run_checks(config: Config, as_json: bool) -> int:
    """Print every finding: 0 when nothing stands against a start, else 1."""

    async def all_findings() -> list[Finding]:
        return [finding async for finding in findings(config)]

    return show(asyncio.run(all_findings()), as_json)


def show(found: list[Finding], as_json: bool) -> int:
    """Print findings: 0 when none of them is bad."""
    if as_json:
        keys = ("state", "check", "found", "todo")
        say_json([{key: getattr(one, key) for key in keys} for one in found])
    else:
        say(table(("", "check", "found", "what to do"), [(one.state, *one[:1], *one[2:]) for one in found]))
    return 1 if any(one.good is False for one in found) else 0


async def findings(config: Config) -> AsyncIterator[Finding]:
    """Every check's findings, in the order of a start."""
    for check in (_config, _data, _certificate, _ports, _files, _clock):
        for finding in check(config):
            yield finding
    for ask in (_store, _broker):
        yield await ask(config.settings)


def _config(config: Config) -> Iterator[Finding]:
    yield Finding("configuration", True, str(config.file or "none: defaults and the environment"))
    if config.file and _is_open_to_others(config.file) and config.secrets:
        todo = f"chmod 600 {config.file}, or keep them in files of their own (.._file)"
        yield Finding("configuration", None, "others may read it, and it holds secrets", todo)
    for account in config.accounts:
        yield Finding("WeChat account", True, f"{account.name}: {account.appid}, {account.mode} mode")


def _data(config: Config) -> Iterator[Finding]:
    folder = config.settings.data_dir
    if not folder.exists():
        near = next(parent for parent in folder.absolute().parents if parent.exists())
        made = os.access(near, os.W_OK | os.X_OK)
        todo = "" if made else f"make {folder} for the relay's user, or set relay.data"
        yield Finding("data folder", made, f"{folder} will be made" if made else f"{near} is read-only", todo)
        return
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("data folder", False, f"{folder} cannot be written", f"chown {folder} to this user")
    elif _is_open_to_others(folder):
        yield Finding("data folder", None, f"others may enter {folder}", f"chmod 700 {folder}")
    else:
        yield Finding("data folder", True, str(folder))
    if is_running(folder):
        yield Finding("relay", None, "one runs with this data now", "its ports are taken, which is right")


def _certificate(config: Config) -> Iterator[Finding]:
    cert, key = config.settings.tls_cert, config.settings.tls_key
    if cert is None or key is None:
        if cert or key:
            yield Finding("certificate", False, "tls.cert and tls.key belong together", "set both")
        elif not config.settings.mqtt_plain:
            yield Finding("certificate", False, "none, and mqtt.plain is off", "set tls.cert and tls.key")
        else:
            yield Finding("certificate", True, "none: HTTPS and MQTT over TLS are not served")
        return
    try:
        Certificate(cert, key)
        shown = x509.load_pem_x509_certificate(cert.read_bytes())
    except (TlsError, ValueError) as error:
        yield Finding("certificate", False, str(error), "name a PEM certificate and its own key")
        return
    left_s = (shown.not_valid_after_utc - datetime.now(UTC)).total_seconds()
    until = f"{cert}, valid until {shown.not_valid_after_utc:%Y-%m-%d}"
    if left_s < RENEW_BEFORE_DAYS * DAY_S:
        yield Finding("certificate", None if left_s > 0 else False, until, "renew it")
    else:
        yield Finding("certificate", True, until)
    if _is_open_to_others(key):
        yield Finding("certificate", None, f"others may read {key}", f"chmod 600 {key}")


def _ports(config: Config) -> Iterator[Finding]:
    running = is_running(config.settings.data_dir)
    for use, host, port in _listeners(config.settings):
        reason = _refusal(host, port)
        if reason is None:
            yield Finding(use, True, f"{host} port {port or 'any'}")
        else:
            todo = "" if running else "end the program that listens there, or set another port or address"
            yield Finding(use, None if running else False, f"{host} port {port}: {reason}", todo)


def _listeners(settings: RelaySettings) -> Iterator[tuple[str, str, int]]:
    yield "HTTP", settings.host, settings.port
    if settings.tls_cert:
        yield "HTTPS", settings.tls_host or settings.host, settings.tls_port
    if settings.snoti_port is not None:
        yield "server push", settings.snoti_host or settings.tls_host or settings.host, settings.snoti_port
    for use, port in (("MQTT door", settings.door_mqtt_port), ("HTTP door", settings.door_http_port)):
        if port is not None:
            yield use, settings.door_host, port
    if not settings.broker_url and not settings.nats_urls:
        yield "MQTT", settings.mqtt_host, settings.mqtt_port
    if settings.admin_port:
        yield "admin", settings.admin_host, settings.admin_port


def _files(config: Config) -> Iterator[Finding]:
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    needed = config.settings.limits.connections + OTHER_FILES
    if allowed == resource.RLIM_INFINITY or allowed >= needed:
        yield Finding("open files", True, f"{allowed} allowed")
    else:
        todo = f"ulimit -n {needed}, LimitNOFILE={needed} in the unit, or a smaller limits.connections"
        yield Finding("open files", None, f"{allowed} allowed, {needed} wanted", todo)


def _clock(_config: Config) -> Iterator[Finding]:
    now, newest = time.time(), Path(__file__).stat().st_mtime
    said = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(now))
    if now < newest - DAY_S:
        yield Finding("clock", False, f"{said} is before wxlink was installed", "set the clock")
    elif ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)) == TIME_ERROR:
        todo = "run chrony or systemd-timesyncd: WeChat refuses what is minutes off"
        yield Finding("clock", None, f"{said}, not synchronized", todo)
    else:
        yield Finding("clock", True, said)


async def _store(settings: RelaySettings) -> Finding:
    kind = urlsplit(settings.database_url).scheme.partition("+")[0]
    try:
        seen = await peek(settings.database_url)
    except StoreError as error:
        return Finding("database", False, str(error), "check store.url, and that its server runs")
    if seen.ahead:
        return Finding("database", False, f"{kind}, of a newer wxlink", "install that version or a later one")
    if seen.revision is None:
        return Finding("database", True, f"{kind}, empty: it is made at the first start")
    if seen.revision != seen.newest:
        found = f"{kind}, schema {seen.revision}: migrated to {seen.newest} at the next start"
        return Finding("database", None, found, "back it up first")
    return Finding("database", True, f"{kind}, schema {seen.revision}")


async def _broker(settings: RelaySettings) -> Finding:
    if settings.nats_urls:
        return Finding("broker", True, f"a cluster of {len(settings.nats_urls)}; a start says who answers")
    if not settings.broker_url:
        try:
            return Finding("broker", True, f"its own: {find_binary()}")
        except BrokerError as error:
            return Finding("broker", False, "no nats-server", str(error))
    try:
        endpoint = Endpoint.from_url(settings.broker_url)
    except ValueError as error:
        return Finding("broker", False, str(error), "mend broker.url")
    user = endpoint.user or settings.broker_user
    password = endpoint.password or settings.broker_password
    said = await _login(endpoint, user, password)
    where = f"{endpoint.host}:{endpoint.port}"
    todo = "" if said is None else "start it, or mend broker.url, broker.user and broker.password"
    return Finding("broker", said is None, where if said is None else f"{where}: {said}", todo)


async def _login(endpoint: Endpoint, user: str | None, password: str | None) -> str | None:
    """Log in under a name of its own, with no session; why not, or None."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[str | None] = loop.create_future()

    def settle(said: str | None) -> None:
        if not answered.done():
            answered.set_result(said)

    def connected(_client: object, _data: object, _flags: object, code: ReasonCode, _more: object) -> None:
        loop.call_soon_threadsafe(settle, str(code) if code.is_failure else None)

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"wxlink-check-{secrets.token_hex(4)}")
    client.username_pw_set(user, password)
    if endpoint.tls:
        client.tls_set()
    client.on_connect = connected
    try:
        await asyncio.wait_for(
            asyncio.to_thread(client.connect, endpoint.host, endpoint.port), BROKER_WITHIN_S
        )
        client.loop_start()
        return await asyncio.wait_for(answered, BROKER_WITHIN_S)
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return error.strerror or str(error)
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)


def is_running(folder: Path) -> bool:
    """Whether a relay holds this data folder now."""
    try:
        with (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _refusal(host: str, port: int) -> str | None:
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _is_open_to_others(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & _OPEN_TO_OTHERS)
    except OSError:
        return False
