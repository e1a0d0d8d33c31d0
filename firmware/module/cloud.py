"""The module's business with its relay: the uplink, and the updates that come by it."""

import asyncio

from module.console import say
from module.loading import rare
from module.update import Update
from module.uplink import Uplink
from wxproto import actions, envelope
from wxproto.errors import PeerError


class Cloud:
    """Serves `apps` by the relay; `module` has the parts that it shares with the LAN and the MCU (Bridge).

    uplink, update: what its name says. watched: truth value, apps of the relay are there.
    """

    def __init__(self, module, apps):
        self._module = module
        self._apps = apps
        self._reading = None
        self._wanted = False
        self.watched = False
        self._compose(module, apps)

    @rare
    def _compose(self, module, apps):
        self.uplink = Uplink(
            module.config,
            module.settings,
            module.port,
            on_online=self._on_online,
            on_command=apps.take_command,
            on_service=self._take_service,
            on_stage=self._take_stage,
            on_restart=module.restart,
        )
        self.update = Update(
            module.config,
            module.settings,
            module.port,
            module.link,
            self.uplink,
            on_restart=module.restart,
        )

    async def run(self):
        """Serve for ever."""
        await asyncio.gather(self.uplink.run(), self.update.run())

    async def close(self):
        """Say off-line and end the connection; call it when run() has ended."""
        self.uplink.end()
        await self.uplink.ended()

    def want(self, wanted):
        """Connect to the relay and stay connected, or say off-line."""
        if wanted != self._wanted:
            self._wanted = wanted
            if wanted:
                self.uplink.begin()
            else:
                self.uplink.end()

    def tell_health(self):
        """Tell the relay the module's condition."""
        if self.uplink.time.known:
            self._module.mcu_commands.clock.trust()
        if self.uplink.online:
            self.uplink.publish_health(self._module.health.figures())

    def _take_stage(self, name, reason=None):
        self._module.life.take(name, reason)

    def _take_service(self, data):
        cmd, body = envelope.decode_service(data)
        if cmd == envelope.CLIENT_COUNT:
            if len(body) < 2:
                raise PeerError("a client count has two bytes")
            self.watched = body[0] or body[1]
            self._apps.tell_watched()
        elif cmd == envelope.FIRMWARE_NOTICE and body:
            self.update.notice(body[0])

    def _on_online(self, online):
        self.update.connected(online)
        if online:
            self.tell_health()
            self._reading = asyncio.create_task(self._read_state())
        else:
            self.watched = False
            self._apps.tell_watched()

    async def _read_state(self):
        """Send the relay the whole state when a connection begins: reports may have been lost before."""
        reply = await self._apps.ask(bytes((actions.READ,)))
        if reply:
            self.uplink.report(reply)
        else:
            say("link", "no state for a plain read: the relay reads a product of variable length itself")
