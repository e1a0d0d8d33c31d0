"""A user on the side, whose device must go on working whatever others do."""

import asyncio
import itertools
import secrets
from typing import Any, Self

import aiohttp
from demo_process import DemoProcess

ANSWER_WITHIN_S = 30.0
BACK_WITHIN_S = 60.0  # a killed MCU is started again after 12 s, a frozen module is missed after 45 s


class Watcher:
    """A named user, bound to the demo's device and logged in on a WebSocket."""

    _numbers = itertools.count()

    def __init__(self, demo: DemoProcess) -> None:
        self.demo = demo
        self.headers: dict[str, str] = {}
        self.uid = ""
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        name = f"watcher-{next(self._numbers)}-{secrets.token_hex(4)}"
        self.headers = await self.demo.user(self._session, name, "Secret-123")
        async with self._session.get(f"{self.demo.facts['http']}/app/users", headers=self.headers) as answer:
            self.uid = (await answer.json())["uid"]
        self._socket = await self._session.ws_connect(self.demo.facts["ws"])
        await self._socket.send_json(self.login_req())
        assert await self._socket.receive_json(timeout=ANSWER_WITHIN_S) == {
            "cmd": "login_res",
            "data": {"success": True},
        }
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    def login_req(self, **changed: Any) -> dict[str, Any]:
        """The login_req of this user."""
        data = {
            "appid": self.demo.facts["appid"],
            "uid": self.uid,
            "token": self.headers["X-Gizwits-User-token"],
            "p0_type": "attrs_v4",
            "heartbeat_interval": 180,
        }
        return {"cmd": "login_req", "data": {**data, **changed}}

    async def switches(self) -> None:
        """Set a colour: the MCU's hardware must take it, and its report must come back."""
        red = await self._latest_red()
        wanted = (red + 1 + secrets.randbelow(200)) % 255
        seen = len(self.demo.mcu_log())
        write = {"cmd": "c2s_write", "data": {"did": self.demo.facts["did"], "attrs": {"LED_R": wanted}}}
        await self._socket.send_json(write)
        while (await self.next("s2c_noti"))["attrs"]["LED_R"] != wanted:
            pass
        assert f"hw LED_R = {wanted}" in self.demo.mcu_log()[seen:]

    async def online(self) -> bool:
        """Wait for the next news about the device's presence."""
        return bool((await self.next("s2c_online_status", BACK_WITHIN_S))["online"])

    async def next(self, cmd: str, within_s: float = ANSWER_WITHIN_S) -> dict[str, Any]:
        """The data of the next message of that kind; others are passed over, but for refusals."""
        async with asyncio.timeout(within_s):
            while True:
                message = await self._socket.receive_json()
                if message["cmd"] == cmd:
                    data: dict[str, Any] = message["data"]
                    return data
                assert message["cmd"] != "s2c_invalid_msg", message

    async def latest(self) -> dict[str, Any]:
        """What the HTTP API has of the device."""
        url = f"{self.demo.facts['http']}/app/devdata/{self.demo.facts['did']}/latest"
        async with self._session.get(url, headers=self.headers) as answer:
            assert answer.status == 200
            return dict((await answer.json())["attr"])

    async def _latest_red(self) -> int:
        return int((await self.latest())["LED_R"])
