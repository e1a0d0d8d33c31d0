"""Those who watch and control the product: on the LAN, and by the relay once the module knows its network.

Down: an envelope 0x0090 or 0x0093 becomes command 03; data in the MCU's acknowledgement goes up as a report
(0x0090) or as the answer 0x0094 to the asker (0x0093), an empty acknowledgement as an empty answer. A command
that the MCU does not acknowledge is not answered: the asker's time-out says so.
"""

import asyncio

from module.console import say
from module.loading import rare
from wxproto import actions, commands, envelope
from wxproto.errors import LocalError, PeerError

MAX_COMMANDS = 8  # commands waiting for the MCU: at most 5 s of them when each takes all its sends
_FOR_CLOUD = ("module.uplink", "module.update", "module.cloud")


class Apps:
    """What apps and the MCU of one module have of each other; `module` has the other parts (Bridge).

    `cloud` is None until the network is known: set-up has its heap, some 35 KB on the 64-bit unix build.
    """

    def __init__(self, module):
        self._module = module
        self.cloud = None
        self._wanted = False
        self._settled = asyncio.Event()
        self._commands = []
        self._command_came = asyncio.Event()
        self._command_done = asyncio.Event()
        self._lan = None
        self._open_lan(module)

    @rare
    def _open_lan(self, module):
        config = module.config
        if config.lan_port or config.lan_udp_port:
            from module.lan import Lan  # noqa: PLC0415 - 9 KB of heap, for those who want it

            self._lan = Lan(
                config,
                module.settings,
                module.port,
                module.status,
                info=module.get_info,
                on_command=self.take_command,
            )
            self._lan.on_clients = self.tell_watched
            self._lan.end_test = module.mcu_commands.end_test
            self._lan.wifi = module.wifi

    @rare
    def tasks(self):
        """What serves them for ever."""
        return [self._command_mcu(), self._serve_cloud()] + (
            self._lan.tasks() if self._lan is not None else []
        )

    async def close(self):
        """Say off-line to the relay and end all connections; call it when nothing is served any more."""
        if self._lan is not None:
            self._lan.close()
        if self.cloud is not None:
            await self.cloud.close()

    # The relay

    def settle(self):
        """The network is known: the way to the relay may have the heap of set-up."""
        self._settled.set()

    @rare
    async def load(self):
        """Have the way to the relay, which one of the tasks then serves."""
        for name in _FOR_CLOUD:
            __import__(name)  # one by one: the serial link is served between them
            await asyncio.sleep_ms(0)
        from module.cloud import Cloud  # noqa: PLC0415 - not beside set-up

        self.cloud = Cloud(self._module, self)
        if self._module.link.up and self._module.get_info() is not None:
            self.cloud.update.begin(self._module.get_info())
        self.cloud.want(self._wanted)

    async def _serve_cloud(self):
        if self.cloud is None:
            await self._settled.wait()
            await self.load()
        await self.cloud.run()

    def want(self, wanted):
        """Connect to the relay and stay connected, or say off-line."""
        self._wanted = wanted
        if self.cloud is not None:
            self.cloud.want(wanted)

    # From the MCU

    def begin(self, info):
        """Take the device information of an MCU that has come up."""
        if self.cloud is not None:
            self.cloud.update.begin(info)

    def take(self, asked):
        """Take a command of the MCU; False when it is not for an update."""
        return self.cloud is not None and self.cloud.update.take(asked)

    def report(self, p0):
        """Tell everyone who watches."""
        if self.cloud is not None:
            self.cloud.uplink.report(p0)
        else:
            say("link", "a report does not reach the relay: the module has no network yet")
        if self._lan is not None:
            self._lan.report(p0)

    # From apps

    def tell_watched(self):
        """Tell the MCU whether an app is there."""
        watched = (self.cloud and self.cloud.watched) or (self._lan and self._lan.logged_in)
        self._module.status.set(app=watched)

    async def take_command(self, data, answer):
        """Take one envelope of an app; `answer(sn, body)` is called with the reply to a REQUEST.

        Waits while too many others wait. PeerError when the envelope makes no sense.
        """
        received = envelope.decode(data, actions.MODULE_P0)
        if received.cmd not in (envelope.NOTIFY, envelope.REQUEST):
            raise PeerError(f"envelope {received.cmd:04X} is not for a device")
        if not received.p0:
            raise PeerError("an envelope without P0")
        while len(self._commands) >= MAX_COMMANDS:  # the broker waits meanwhile: nothing is lost
            self._command_done.clear()
            await self._command_done.wait()
        self._commands.append((answer, received))
        self._command_came.set()

    async def _command_mcu(self):
        while True:
            if not self._commands:
                self._command_came.clear()
                await self._command_came.wait()
            answer, received = self._commands.pop(0)
            self._command_done.set()
            reply = await self.ask(received.p0)
            if reply is None:
                say("link", f"the MCU did not acknowledge a command, action {received.p0[0]:02X}")
            elif received.cmd == envelope.REQUEST:
                answer(received.sn, reply)
            elif reply:
                self.report(reply)

    async def ask(self, p0):
        """Send P0 to the MCU: its acknowledgement's data, None when there was none."""
        try:
            return await self._module.link.request(commands.P0_DOWN, p0)
        except LocalError as error:
            say("link", f"a command was not sent: {error}")
            return None
