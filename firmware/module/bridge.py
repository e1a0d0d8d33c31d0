"""The module between its MCU and the apps; P0 is carried, not understood.

Command 05 becomes a report; what else the MCU asks is the module's own business (mcu_commands). A lost link
ends the connection to the broker: it speaks for nobody then; so does a lost network.
"""

import asyncio

from module import life as stages
from module.apps import Apps
from module.console import say
from module.health import Health
from module.life import NETWORK, Life
from module.link import Link
from module.loading import drop, rare
from module.mcu_commands import McuCommands
from module.restart import Restart
from module.status import Status
from module.wake import Wake
from wxproto import actions, commands
from wxproto.errors import LocalError, PeerError
from wxproto.events import Answered, Asked, LinkLost, LinkUp, PeerNotice
from wxproto.frame import BadFrame
from wxproto.session import Session

SET_UP_MS = 100  # milliseconds from the acknowledgement of 09 to the start that opens the access point


class Bridge:
    """The whole module: one MCU on `tty`, one relay, one identity, `wifi` or None where there is no radio.

    The public names are for the parts that it is made of.
    """

    def __init__(self, config, settings, port, tty):
        self.config = config
        self.settings = settings
        self.port = port
        self.wifi = None
        self._info = None
        self._compose(config, settings, port, tty)

    @rare
    def _compose(self, config, settings, port, tty):
        self._status_ms = int(config.status_s * 1000)
        self._status_changed = Wake()
        self.status = Status(self._status_changed.set)
        self.status.set_signal(port.SIGNAL_LEVEL)
        radio = port.radio()
        if radio is not None:
            from module.wifi import Wifi  # noqa: PLC0415 - a PC needs no heap for it

            self.wifi = Wifi(radio, settings, port, self._wifi_changed)
        self.life = Life(settings, port, self.wifi, self.status, self._follow_life)
        self._restart_after_ms = 0
        self._restart_asked = asyncio.Event()
        session = Session(
            commands.MODULE,
            baud=config.baud,
            heartbeat_ms=int(config.heartbeat_s * 1000),
            max_payload=actions.MODULE_P0,
        )
        self.link = Link(tty, session, port.now_ms, self._take_event)
        self.mcu_commands = McuCommands(
            config,
            self.link,
            settings,
            self.status,
            port=port,
            wifi=self.wifi,
            life=self.life,
            retire=self._retire,
            on_set_up=self._set_up,
            on_restart=self.restart,
        )
        self.health = Health(port, self.link, self.life, self.wifi, config.production)
        self.apps = Apps(self)

    async def run(self):
        """Serve for ever. Raises OSError when the tty is gone, Restart when the MCU asks for it."""
        asked = self.settings.take_set_up()
        if asked:
            say("module", "set-up by access point: it was asked for before this start")
            self.mcu_commands.set_up()
        if self.wifi is None or (self.settings.ssid is not None and not asked):
            await self.apps.load()
        await asyncio.gather(*self._tasks())

    @rare
    def _tasks(self):
        tasks = [self.life.run(), self._tell_status(), self._until_restart(), self.health.watch()]
        tasks += self.link.tasks() + self.apps.tasks()
        config, port = self.config, self.port
        if config.button is not None or config.led is not None:
            from module import panel  # noqa: PLC0415 - see above

            own = self.mcu_commands
            tasks.append(panel.run(config, port, self.life, own.set_up, own.forget))
        if self.wifi is not None:
            from module.console_reader import ConsoleReader  # noqa: PLC0415 - see above

            reader = ConsoleReader(
                port,
                self.wifi,
                self.settings,
                on_network=self._take_network,
                link=self.link,
                production=config.production,
            )
            tasks += [self.wifi.run(), reader.run()]
        return tasks

    async def close(self):
        """Say off-line to the relay and end all connections; call it when run() has ended."""
        await self.apps.close()

    def get_info(self):
        """The MCU's McuInfo or None."""
        return self._info

    async def _retire(self, did, passcode):
        cloud = self.apps.cloud
        if cloud is not None and cloud.uplink.online:
            await cloud.uplink.retire(did, passcode)

    # From the MCU

    def _take_event(self, event):
        handle = _EVENTS.get(type(event))
        if handle is not None:
            handle(self, event)

    def _take_asked(self, asked):
        if asked.cmd != commands.P0_UP:
            if not self.apps.take(asked):
                self.mcu_commands.take(asked)
        elif asked.flags & commands.SUB_DEVICE:
            say("link", "a report of a sub-device is dropped: the uplink has no form for it")
        elif not asked.payload:
            say("link", "an empty report is dropped")
        else:
            self.apps.report(asked.payload)

    def _take_answered(self, answered):
        if answered.cmd == commands.GET_DEVICE_INFO:
            self._take_info(answered.payload)

    @rare
    def _take_info(self, payload):
        from module import mcu_info  # noqa: PLC0415 - dropped after use

        try:
            info = mcu_info.read(payload)
        except PeerError as error:
            self.settings.use_product(None)
            self._info = None
            self.life.take(stages.NO_PRODUCT)
            say("link", f"device information cannot be used: {error}")
            return
        finally:
            del mcu_info
            drop("module.mcu_info", "wxproto.device_info", "wxproto.fields")
        versions = f"hardware {info.hardware_version}, software {info.software_version}"
        if self.settings.use_product(info.product_key):
            say("link", f"product {info.product_key} is new here: the module will register")
        say("link", f"MCU of product {info.product_key}, {versions}")
        self._info = info
        self.health.mcu_version = info.software_version

    def _take_link_up(self, _):
        if self._info is not None:
            self.mcu_commands.begin(self._info)
            self.apps.begin(self._info)
        self._status_changed.set()
        if self.settings.product_key is not None:
            self.life.take(stages.IDENTITY)
        self._want_relay()

    def _take_link_lost(self, _):
        say("link", "the MCU is silent: off-line until it answers again")
        self.life.take(stages.SILENT, "the MCU is silent")
        self._want_relay()

    def _take_notice(self, notice):
        say("link", f"MCU: {commands.NOTICES.get(notice.code, notice.code)}, frame {notice.sn}")

    def _take_bad_frame(self, bad):
        say("link", f"bad frame: {bad.reason}")

    # Network

    def _take_network(self):
        self.life.take(NETWORK)

    def _follow_life(self):
        if self.life.settled:
            self.apps.settle()
        self._want_relay()
        self._look_at_signal()

    def _want_relay(self):
        self.apps.want(self.link.up and self.life.networked and self.settings.product_key is not None)

    def _look_at_signal(self):
        """Take the strength of the network; at other times than now its flutter would be told to the MCU."""
        if self.wifi is not None:
            self.status.set_signal(self.wifi.signal())

    def _wifi_changed(self):
        self.life.take(stages.JOINED if self.wifi.joined else stages.LOST)

    def _set_up(self):
        """Open set-up, in a start of its own when the way to the relay has its heap."""
        if self.apps.cloud is None:
            self.life.take(stages.SET_UP)
        else:
            self.settings.ask_set_up()
            self.restart(SET_UP_MS)

    # Status

    async def _tell_status(self):
        """Command 0D at each change and every `status_s`; changes while one is under way make one more."""
        while True:
            changed = await self._status_changed.wait(self._status_ms)
            try:
                if not changed:
                    self._look_at_signal()
                    self.health.tell()
                    if self.apps.cloud is not None:
                        self.apps.cloud.tell_health()
                if self.link.up:
                    say("module", f"status {self.status.word:04x} {self.status.names()}")
            except MemoryError:
                say("module", "no heap to tell how it is")
            if self.link.up:
                await self._ask_status()

    async def _ask_status(self):
        try:
            await self.link.request(commands.MODULE_STATUS, self.status.encode())
        except LocalError as error:
            say("link", f"the status was not sent: {error}")

    # Restart

    def restart(self, after_ms):
        """End the program and start it anew."""
        self._restart_after_ms = after_ms
        self._restart_asked.set()

    async def _until_restart(self):
        await self._restart_asked.wait()
        await asyncio.sleep_ms(self._restart_after_ms)
        raise Restart


_EVENTS = {
    Asked: Bridge._take_asked,
    Answered: Bridge._take_answered,
    LinkUp: Bridge._take_link_up,
    LinkLost: Bridge._take_link_lost,
    PeerNotice: Bridge._take_notice,
    BadFrame: Bridge._take_bad_frame,
}
