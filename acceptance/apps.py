"""Apps under load: WebSocket clients that follow devices, change relays, and give commands."""

import asyncio
import itertools
import json
import random
from collections import Counter
from typing import Any, Final

import aiohttp

from acceptance.load import APPID, PASSCODE

OUTCOME_WITHIN_S: Final = 20.0  # the relay says after 10 s that no answer came
EXTRA_S: Final = 0.3  # a second outcome of a command would come within this, mostly
RETRY_S: Final = 0.5
COMMAND_EVERY_S: Final = 0.2

SUCCEEDED, FAILED, CUT, LOST = "answered", "reported failed", "connection cut", "LOST"


class Following:
    """One app: a user, a socket at one relay after the other, the numbers it knows of its devices.

    outcomes: of its commands; refusals: by the relay's error. backwards: did and number of reports that came
    after a later one on the same socket. unasked: outcomes of no command.
    """

    def __init__(self, name: str, urls: list[str], dids: list[str], draw: random.Random) -> None:
        self.seen: dict[str, int] = {}
        self.outcomes: Counter[str] = Counter()
        self.refusals: Counter[int] = Counter()
        self.backwards: list[tuple[str, int]] = []
        self.unasked = 0
        self.opened = 0
        self.dids = dids
        self._pushed: dict[str, int] = {}
        self._name = name
        self._urls = urls
        self._draw = draw
        self._numbers = itertools.count(1)
        self._outcome: asyncio.Future[str] | None = None
        self._awaited = 0
        self._user: dict[str, Any] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def run(self) -> None:
        """Follow until cancelled."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
            for url in itertools.cycle(self._urls):
                try:
                    if not self._user:
                        await self._enrol(session, url)
                    await self._follow(session, url)
                except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError):
                    pass
                finally:
                    self._socket = None
                    if self._outcome and not self._outcome.done():
                        self._outcome.set_result(CUT)
                await asyncio.sleep(RETRY_S)

    async def command(self) -> None:
        """Give commands one after another until cancelled."""
        while True:
            await asyncio.sleep(COMMAND_EVERY_S)
            socket = self._socket
            if socket is None:
                continue
            self._awaited = next(self._numbers)
            self._outcome = asyncio.get_running_loop().create_future()
            data = {"did": self._draw.choice(self.dids), "attrs": {"Switch": True}}
            try:
                await socket.send_json({"cmd": "c2s_write", "req_sn": self._awaited, "data": data})
                outcome = await asyncio.wait_for(asyncio.shield(self._outcome), OUTCOME_WITHIN_S)
            except (aiohttp.ClientError, OSError):
                outcome = CUT
            except TimeoutError:
                outcome = LOST
            self.outcomes[outcome] += 1
            await asyncio.sleep(EXTRA_S)

    async def _enrol(self, session: aiohttp.ClientSession, url: str) -> None:
        headers = {"X-Gizwits-Application-Id": APPID}
        async with session.post(f"{url}/app/users", json={"phone_id": self._name}, headers=headers) as reply:
            user = await reply.json()
        headers["X-Gizwits-User-token"] = user["token"]
        devices = [{"did": did, "passcode": PASSCODE} for did in self.dids]
        async with session.post(f"{url}/app/bindings", json={"devices": devices}, headers=headers) as reply:
            if len((await reply.json())["success"]) == len(self.dids):
                self._user = user | {"headers": headers}

    async def _follow(self, session: aiohttp.ClientSession, url: str) -> None:
        async with session.ws_connect(f"{url}/ws/app/v1", heartbeat=10) as socket:
            data = {"appid": APPID, "uid": self._user["uid"], "token": self._user["token"]}
            await socket.send_json({"cmd": "login_req", "data": {**data, "p0_type": "attrs_v4"}})
            if not (await socket.receive_json(timeout=10))["data"]["success"]:
                return
            self.opened += 1
            self.seen.clear()
            self._pushed.clear()
            self._socket = socket
            reading = asyncio.create_task(self._catch_up(session, url))
            try:
                async for message in socket:
                    self._came(json.loads(message.data))
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def _catch_up(self, session: aiohttp.ClientSession, url: str) -> None:
        """What an app reads when it is back; tried until it is read."""
        for did in self.dids:
            while True:
                try:
                    address = f"{url}/app/devdata/{did}/latest"
                    async with session.get(address, headers=self._user["headers"]) as reply:
                        number = (await reply.json())["attr"].get("Number", 0)
                    self.seen[did] = max(number, self.seen.get(did, 0))
                    break
                except (aiohttp.ClientError, OSError, TimeoutError, KeyError, ValueError):
                    await asyncio.sleep(RETRY_S)

    def _came(self, message: dict[str, Any]) -> None:
        match message["cmd"]:
            case "s2c_noti" if "Number" in message["data"]["attrs"]:
                did, number = message["data"]["did"], message["data"]["attrs"]["Number"]
                if number < self._pushed.get(did, 0):
                    self.backwards.append((did, number))
                self._pushed[did] = number
                # What was read meanwhile may be ahead of what is pushed.
                self.seen[did] = max(number, self.seen.get(did, 0))
            case "s2c_ack":
                self._end(SUCCEEDED, message["res_sn"] == self._awaited)
            case "s2c_invalid_msg":
                self.refusals[message["data"]["error_code"]] += 1
                self._end(FAILED, True)

    def _end(self, how: str, mine: bool) -> None:
        if not mine or self._outcome is None or self._outcome.done():
            self.unasked += 1
        else:
            self._outcome.set_result(how)
