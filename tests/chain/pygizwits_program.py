"""A program that uses the package pyGizwits as its README shows; what it saw goes to stdout as lines of JSON.

Run as ``python pygizwits_program.py FRONT_PORT APPID USER PASSWORD``. A number on stdin is the LED_B to set;
the end of stdin ends it. The package opens sessions of its own, so names lead to the TLS front where names
are looked up, and trust in its certificate comes from SSL_CERT_FILE.
"""

import asyncio
import importlib
import importlib.util
import json
import socket
import sys
import types
from typing import Any

import aiohttp
from noted_calls import NotedCalls

POLL_S = 0.02


def lead_names_to(port: int) -> None:
    """What a DNS of the operator's own and a proxy on port 443 do: every host name is 127.0.0.1, `port`."""
    look_up = socket.getaddrinfo

    def answer(_host: Any, _service: Any, *rest: Any, **options: Any) -> Any:
        return look_up("127.0.0.1", port, *rest, **options)

    socket.getaddrinfo = answer


def package() -> Any:
    """pyGizwits; its release 0.0.3 lacks one name that it imports from itself, so that name is put first."""
    begun = types.ModuleType("pyGizwits")
    found = importlib.util.find_spec("pyGizwits")
    assert found
    assert found.submodule_search_locations
    begun.__path__ = found.submodule_search_locations
    sys.modules["pyGizwits"] = begun
    lacking: Any = importlib.import_module("pyGizwits.pyGizwits")
    lacking.GizwitsDeviceNotBound = importlib.import_module("pyGizwits.Exceptions").GizwitsDeviceNotBound
    del sys.modules["pyGizwits"]
    return importlib.import_module("pyGizwits")


def connection_kind() -> Any:
    """The class of its sockets, which the package does not give out."""
    return importlib.import_module("pyGizwits.WebSocketConnection").WebSocketConnection


def say(**what: Any) -> None:
    """One line for whoever started this program."""
    print(json.dumps(what), flush=True)


async def use(appid: str, user: str, password: str) -> None:
    """Log in, renew, list, fetch, subscribe; then set what stdin says and tell what comes."""
    gizwits = package()
    kinds = (gizwits.GizwitsClient, gizwits.GizwitsDevice, connection_kind())
    calls = NotedCalls(*kinds)
    async with aiohttp.ClientSession() as session:
        client = gizwits.GizwitsClient(session, appid)
        try:
            await client.login(user, password)
        except gizwits.GizwitsIncorrectPasswordException as error:
            say(refused=type(error).__name__)
            return
        client.on("token_expired", lambda: say(event="token_expired"))
        client.on("bindings_refreshed", lambda devices: say(event="bindings_refreshed", dids=[*devices]))
        await client.refresh_token(0, user, password)
        await client.refresh_bindings()
        for did in client.bindings:
            try:
                await client.fetch_device(did)
            except Exception as error:  # noqa: BLE001  it looks for the did among pairs, and raises its own
                say(fetch_device=type(error).__name__)
        reports = await client.fetch_devices()
        for did, report in reports.items():
            say(did=did, online=report.status.online, attrs=report.status.attributes["attr"])
        client.on(
            "device_status_update",
            lambda report: say(did=report.device.device_id, update=report.status.attributes),
        )
        for did, device in client.bindings.items():
            await client.Subscribe_to_device_updates(device)
            _, address = device.get_websocketConnInfo()
            while did not in client.sockets[address].subscribed_devices:  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)  # the package has no event for it
            await client.Subscribe_to_device_updates(device)  # again, on the socket that there is
            say(did=did, subscribed=address)
        while line := await asyncio.to_thread(sys.stdin.readline):
            for did in client.bindings:
                await client._post(f"/app/control/{did}", {"attrs": {"LED_B": int(line)}})
        for connection in client.sockets.values():
            await connection.close()
        say(unused=sorted(calls.unused))


if __name__ == "__main__":
    lead_names_to(int(sys.argv[1]))
    asyncio.run(use(*sys.argv[2:5]))
