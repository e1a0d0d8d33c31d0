"""The operator's own listener: is the relay alive, is it ready, and its figures. Not for the public."""

import asyncio
import socket
from typing import Final

from aiohttp import web

from wxlink.relay.metrics import CONTENT_TYPE, Metrics
from wxlink.relay.readiness import OK, Readiness

HEALTH_PATH: Final = "/healthz"
READY_PATH: Final = "/readyz"
METRICS_PATH: Final = "/metrics"
STOP_WITHIN_S: Final = 1.0


def alive_routes() -> list[web.RouteDef]:
    """What may be public: that the process runs and its event loop turns."""
    return [web.get(HEALTH_PATH, _alive)]


def operator_routes(metrics: Metrics, readiness: Readiness) -> list[web.RouteDef]:
    """What only operators should see."""

    async def ready(_request: web.Request) -> web.Response:
        parts = await readiness.look()
        good = all(said == OK for said in parts.values())
        body = {"status": "ready" if good else "not ready", "parts": dict(parts)}
        return web.json_response(body, status=200 if good else 503)

    async def figures(_request: web.Request) -> web.Response:
        # In a thread: a thousand lines take some ms, and reading /proc blocks.
        page = await asyncio.to_thread(metrics.page)
        return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE})

    return [web.get(READY_PATH, ready), web.get(METRICS_PATH, figures)]


async def serve(listener: socket.socket, metrics: Metrics, readiness: Readiness) -> web.AppRunner:
    """Serve on a socket until the runner is cleaned up."""
    app = web.Application()
    app.add_routes([*alive_routes(), *operator_routes(metrics, readiness)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_WITHIN_S, handle_signals=False)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner


async def _alive(_request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})
