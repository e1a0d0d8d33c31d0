"""What passes between the MCU's link and the apps, by the uplink and the LAN; P0 is carried, not understood.

Down: an envelope 0x0090 or 0x0093 becomes command 03; data in the MCU's acknowledgement goes up as a report
(0x0090) or as the answer 0x0094 to the asker (0x0093), an empty acknowledgement as an empty answer. A command
that the MCU does not acknowledge is not answered: the asker's time-out says so.
Up: command 05 becomes a report; what else the MCU asks is the module's own business (mcu_commands).
A lost link ends the connection to the broker: it speaks for nobody then; so does a lost network.
"""

import asyncio

from module import life as stages
from module.console import say
from module.health import Health
from module.life import NETWORK, Life
from module.link import Link
from module.loading import drop, rare
from module.mcu_commands import McuCommands
from module.restart import Restart
from module.status import Status
from module.update import Update
from module.uplink import Uplink
from module.wake import Wake
from wxproto import actions, commands, envelope
from wxproto.errors import LocalError, PeerError
from wxproto.events import Answered, Asked, LinkLost, LinkUp, PeerNotice
from wxproto.frame import BadFrame
from wxproto.session import Session

MAX_COMMANDS = 8  # commands waiting for the MCU: at most 5 s of them when each takes all its sends


class Bridge:
    """The whole module: one MCU on `tty`, one relay, one identity, `wifi` or None where there is no radio."""

    def __init__(self, config, settings, port, tty):
        self._info = None
        self._compose(config, settings, port, tty)

    @rare
    def _compose(self, config, settings, port, tty):
        self._config = config
        self._settings = settings
        self._port = port
        self._status_ms = int(config.status_s * 1000)
        self._status_changed = Wake()
        self._status = Status(self._status_changed.set)
        self._status.set_signal(port.SIGNAL_LEVEL)
        radio = port.radio()
        self._wifi = None
        if radio is not None:
            from module.wifi import Wifi  # noqa: PLC0415 - a PC needs no heap for it

            self._wifi = Wifi(radio, settings, port, self._wifi_changed)
        self._life = Life(settings, port, self._wifi, self._status, self._follow_life)
        self._commands = []
        self._command_came = asyncio.Event()
        self._command_done = asyncio.Event()
        self._reading = None
        self._restart_after_ms = 0
        self._restart_asked = asyncio.Event()
        session = Session(
            commands.MODULE,
            baud=config.baud,
            heartbeat_ms=int(config.heartbeat_s * 1000),
            max_payload=actions.MODULE_P0,
        )
        self._link = Link(tty, session, port.now_ms, self._take_event)
        self._mcu_commands = McuCommands(
            config,
            self._link,
            settings,
            self._status,
            port=port,
            wifi=self._wifi,
            life=self._life,
            retire=self._retire,
            on_restart=self._ask_restart,
        )
        self._uplink = Uplink(
            config,
            settings,
            port,
            on_online=self._on_online,
            on_command=self.take_command,
            on_service=self._take_service,
            on_stage=self._take_stage,
            on_restart=self._ask_restart,
        )
        self._update = Update(config, settings, port, self._link, self._uplink, on_restart=self._ask_restart)
        self._uplink_wanted = False
        self._health = Health(port, self._link, self._life, self._wifi, config.production)
        self._watched = False  # by clients of the relay
        self._lan = None
        if config.lan_port or config.lan_udp_port:
            from module.lan import Lan  # noqa: PLC0415 - 9 KB of heap, for those who want it

            self._lan = Lan(
                config, settings, port, self._status, info=self._get_info, on_command=self.take_command
            )
            self._lan.on_clients = self._tell_watched
            self._lan.end_test = self._mcu_commands.end_test
            self._lan.wifi = self._wifi

    async def run(self):
        """Serve for ever. Raises OSError when the tty is gone, Restart when the MCU asks for it."""
        await asyncio.gather(*self._tasks())

    @rare
    def _tasks(self):
        if self._settings.take_set_up():
            say("module", "set-up by access point: the module was reset")
            self._mcu_commands.set_up()
        tasks = [
            self._link.run(),
            self._life.run(),
            self._uplink.run(),
            self._update.run(),
            self._command_mcu(),
            self._tell_status(),
            self._until_restart(),
            self._health.watch(),
        ]
        if self._wifi is not None:
            tasks.append(self._wifi.run())
        if self._lan is not None:
            tasks.append(self._lan.run())
        config, port = self._config, self._port
        if config.button is not None or config.led is not None:
            from module import panel  # noqa: PLC0415 - see above

            own = self._mcu_commands
            tasks.append(panel.run(config, port, self._life, own.set_up, own.forget))
        if self._wifi is not None:
            from module.console_reader import ConsoleReader  # noqa: PLC0415 - see above

            reader = ConsoleReader(
                port,
                self._wifi,
                self._settings,
                on_network=self._take_network,
                link=self._link,
                production=config.production,
            )
            tasks.append(reader.run())
        return tasks

    @rare
    async def close(self):
        """Say off-line to the relay and end all connections; call it when run() has ended."""
        if self._lan is not None:
            self._lan.close()
        self._uplink.end()
        await self._uplink.ended()

    # From the MCU

    def _take_event(self, event):
        handle = _EVENTS.get(type(event))
        if handle is not None:
            handle(self, event)

    def _take_asked(self, asked):
        if asked.cmd != commands.P0_UP:
            if not self._update.take(asked):
                self._mcu_commands.take(asked)
            return
        if asked.flags & commands.SUB_DEVICE:
            say("link", "a report of a sub-device is dropped: the uplink has no form for it")
            return
        if not asked.payload:
            say("link", "an empty report is dropped")
            return
        self._report(asked.payload)

    def _report(self, p0):
        self._uplink.report(p0)
        if self._lan is not None:
            self._lan.report(p0)

    def _take_answered(self, answered):
        if answered.cmd == commands.GET_DEVICE_INFO:
            self._take_info(answered.payload)

    @rare
    def _take_info(self, payload):
        from module import mcu_info  # noqa: PLC0415 - dropped after use

        try:
            info = mcu_info.read(payload)
        except PeerError as error:
            self._settings.use_product(None)
            self._info = None
            self._life.take(stages.NO_PRODUCT)
            say("link", f"device information cannot be used: {error}")
            return
        finally:
            del mcu_info
            drop("mcu_info", "wxproto.device_info", "wxproto.fields")
        versions = f"hardware {info.hardware_version}, software {info.software_version}"
        if self._settings.use_product(info.product_key):
            say("link", f"product {info.product_key} is new here: the module will register")
        say("link", f"MCU of product {info.product_key}, {versions}")
        self._info = info
        self._health.mcu_version = info.software_version

    def _take_link_up(self, _):
        if self._info is not None:
            self._mcu_commands.begin(self._info)
            self._update.begin(self._info)
        self._status_changed.set()
        if self._settings.product_key is not None:
            self._life.take(stages.IDENTITY)
        self._want_uplink()

    def _take_link_lost(self, _):
        say("link", "the MCU is silent: off-line until it answers again")
        self._life.take(stages.SILENT, "the MCU is silent")
        self._want_uplink()

    def _take_notice(self, notice):
        say("link", f"MCU: {commands.NOTICES.get(notice.code, notice.code)}, frame {notice.sn}")

    def _take_bad_frame(self, bad):
        say("link", f"bad frame: {bad.reason}")

    # To the MCU

    def _take_service(self, data):
        cmd, body = envelope.decode_service(data)
        if cmd == envelope.CLIENT_COUNT:
            if len(body) < 2:
                raise PeerError("a client count has two bytes")
            self._watched = body[0] or body[1]
            self._tell_watched()
        elif cmd == envelope.FIRMWARE_NOTICE and body:
            self._update.notice(body[0])

    def _tell_watched(self):
        self._status.set(app=self._watched or (self._lan is not None and self._lan.logged_in))

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
            reply = await self._ask(commands.P0_DOWN, received.p0)
            if reply is None:
                say("link", f"the MCU did not acknowledge a command, action {received.p0[0]:02X}")
            elif received.cmd == envelope.REQUEST:
                answer(received.sn, reply)
            elif reply:
                self._report(reply)

    async def _ask(self, cmd, payload):
        try:
            return await self._link.request(cmd, payload)
        except LocalError as error:
            say("link", f"command {cmd:02X} was not sent: {error}")
            return None

    # Status

    def _get_info(self):
        return self._info

    def _take_network(self):
        self._life.take(NETWORK)

    def _take_stage(self, name, reason=None):
        self._life.take(name, reason)

    def _follow_life(self):
        self._want_uplink()
        self._look_at_signal()

    def _look_at_signal(self):
        """Take the strength of the network; at other times than now its flutter would be told to the MCU."""
        if self._wifi is not None:
            self._status.set_signal(self._wifi.signal())

    def _wifi_changed(self):
        self._life.take(stages.JOINED if self._wifi.joined else stages.LOST)

    def _want_uplink(self):
        wanted = self._link.up and self._life.networked and self._settings.product_key is not None
        if wanted != self._uplink_wanted:
            self._uplink_wanted = wanted
            if wanted:
                self._uplink.begin()
            else:
                self._uplink.end()

    def _on_online(self, online):
        self._update.connected(online)
        if online:
            self._tell_health()
            self._reading = asyncio.create_task(self._read_state())
        else:
            self._watched = False
            self._tell_watched()

    def _tell_health(self):
        if self._uplink.time.known:
            self._mcu_commands.clock.trust()
        if self._uplink.online:
            self._uplink.publish_health(self._health.figures())

    async def _read_state(self):
        """Send the relay the whole state when a connection begins: reports may have been lost before."""
        reply = await self._ask(commands.P0_DOWN, bytes((actions.READ,)))
        if reply:
            self._uplink.report(reply)
        else:
            say("link", "no state for a plain read: the relay reads a product of variable length itself")

    async def _tell_status(self):
        """Command 0D at each change and every `status_s`; changes while one is under way make one more."""
        while True:
            if not await self._status_changed.wait(self._status_ms):
                self._look_at_signal()
                self._health.tell()
                self._tell_health()
            if self._link.up:
                say("module", f"status {self._status.word:04x} {self._status.names()}")
                await self._ask(commands.MODULE_STATUS, self._status.encode())

    async def _retire(self, did, passcode):
        if self._uplink.online:
            await self._uplink.retire(did, passcode)

    # Restart

    def _ask_restart(self, after_ms):
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
