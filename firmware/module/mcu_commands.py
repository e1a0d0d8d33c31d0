"""What the MCU asks of the module itself: set-up, reset, binding, test, time, information, updates.

What rare commands need is loaded when one comes: together it takes 16 KB of heap.
"""

import asyncio

from module import version
from module.clock import Clock
from module.console import say
from module.loading import drop, rare
from module.window import Window
from wxproto import commands
from wxproto.errors import LocalError, PeerError

SOFTAP_S = 300  # seconds; the vendor's module program keeps its access point open so long
RESTART_MS = 100  # milliseconds from the acknowledgement of 29 to the restart, as the vendor's
RESET_MS = 2000  # milliseconds from the acknowledgement of 0B to the restart, as the vendor's
DOWNLOAD_FAILED = 1  # result of a transaction


class McuCommands:
    """`take(asked)` does what the MCU asks and answers it.

    link: request() and answer(). `await retire(did, passcode)` tells the relay that this did has ended.
    on_set_up(): open the access point. on_restart(after_ms): end the program and start it anew.
    """

    def __init__(self, config, link, settings, status, *, port, wifi, life, retire, on_set_up, on_restart):
        self.config = config
        self._link = link
        self._retire = retire
        self.settings = settings
        self._status = status
        self._port = port
        self.wifi = wifi
        self.life = life
        self._on_set_up = on_set_up
        self._on_restart = on_restart
        self._bindable_s = 0
        self._binding = Window(status, ("binding",))
        self.soft_ap = Window(status, ("soft_ap", "onboarding"))
        self.airlink = Window(status, ("onboarding",), self.set_up)
        self._test = Window(status, ("test",))
        self._testing = None  # task of the production test
        self._telling = None  # the question that follows an acknowledged command
        self.clock = Clock(port)
        self.use_zone(settings.zone)

    def set_up(self):
        """Open the access point for set-up; without a radio its status bits alone."""
        if self.wifi is None:
            self.soft_ap.open(SOFTAP_S)
        else:
            self._on_set_up()

    @rare
    def begin(self, info):
        """Take the device information of an MCU that has just come up: time zone and binding window."""
        self._bindable_s = info.bindable_s
        self._binding.open(info.bindable_s)
        self.use_zone(info.tz)

    @rare
    def take(self, asked):
        """Do what `asked` wants. Malformed payloads are refused and named on the console."""
        handle = _HANDLERS.get(asked.cmd)
        try:
            if handle is None:
                raise PeerError("this module does not serve it")
            answer = handle(self, asked.payload)
        except (PeerError, MemoryError) as error:  # a file that the command needs may find no room
            say("link", f"command {asked.cmd:02X} of the MCU is dropped: {error}")
            if asked.wants_answer:
                self._link.refuse(asked, commands.ERROR_OTHER)
            return
        if asked.wants_answer:
            self._link.answer(asked, answer)

    # Set-up

    @rare
    def _configure(self, payload):
        from module import mcu_configuration  # noqa: PLC0415 - see above

        try:
            mcu_configuration.configure(self, payload)
        finally:
            del mcu_configuration
            drop("module.mcu_configuration", "module.config", "wxproto.configuration", "wxproto.fields")

    @rare
    def _enter_test(self, _):
        self._test.open(0)
        if self.wifi is None:
            say("link", "the MCU asks for the production test: only its status bit is shown here")
            return
        say("link", "the MCU asks for the production test")
        self._testing = asyncio.create_task(self._run_test())

    def end_test(self):
        """End the production test, as an app on the LAN may; false when none runs."""
        ran = self._status.word & commands.STATUS_TEST
        self._test.close()
        if self._testing is not None:
            self._testing.cancel()
            self._testing = None
            self.wifi.rejoin()
        return ran

    async def _run_test(self):
        try:
            from module import production_test  # noqa: PLC0415 - see above
        except ImportError:
            say("link", "the production test is not in this firmware")
            return
        await production_test.run(self.wifi, self.settings, self._port)

    @rare
    def _allow_binding(self, _):
        self._binding.open(self._bindable_s)

    @rare
    def use_zone(self, text):
        """Take and keep the time zone that the MCU names, if it names one."""
        settings = self.settings
        if not text:
            return
        if not self.clock.use_zone(text):
            say("link", f"time zone {text!r} is not a number of hours: the last one stays")
        elif text != settings.zone:
            settings.zone = text
            settings.save()

    # Restarts

    @rare
    def _reset(self, _):
        say("link", "the MCU resets the module: identity and bindings end")
        self.forget()

    def forget(self):
        """Wipe the module, tell the relay of it if it is there, and start anew in set-up."""
        settings = self.settings
        if settings.did is not None:
            self._telling = asyncio.create_task(self._retire(settings.did, settings.passcode))
        settings.forget()
        self._on_restart(RESET_MS)

    @rare
    def restart(self, _=None):
        """Start anew; nothing is wiped."""
        say("link", "the MCU restarts the module")
        self._on_restart(RESTART_MS)

    # Questions

    @rare
    def _tell_time(self, _):
        told = self.clock.now().encode()
        drop("wxproto.network_time", "wxproto.fields")
        return told

    @rare
    def _tell_information(self, payload):
        from wxproto import device_info, module_info  # noqa: PLC0415 - see above

        module_info.decode_request(payload)
        return module_info.WifiModule(
            protocol_version=device_info.PROTOCOL_VERSION,
            hardware_version=version.HARDWARE,
            software_version=version.SOFTWARE,
            mac=self.settings.mac[:16],
            ip=self._port.address(),
        ).encode()

    # Updates of boards behind the MCU, files of the MCU, sub-devices

    @rare
    def _transact(self, payload):
        from wxproto import transaction  # noqa: PLC0415 - see above

        request = transaction.decode_request(payload)
        if isinstance(request, transaction.Check) and request.compare:
            say("link", "the MCU asks for an update of a board behind it: there is none")
            self._tell(commands.TRANSACTION_RESULT, transaction.CheckResult(False).encode())
            return
        say("link", "the MCU asks for a file: this module cannot fetch files")
        self._tell(commands.TRANSACTION_RESULT, transaction.DownloadResult(DOWNLOAD_FAILED).encode())

    @rare
    def _refuse_file(self, _):
        say("link", "the MCU offers a file: the relay has no place for it")
        self._tell(commands.DATA_RECEIVER_CANCEL, b"")

    @rare
    def _refuse_sub_device(self, _):
        raise PeerError("the uplink has no form for sub-devices")

    @rare
    def _tell(self, cmd, payload):
        self._telling = asyncio.create_task(self._ask(cmd, payload))

    async def _ask(self, cmd, payload):
        try:
            answered = await self._link.request(cmd, payload) is not None
        except LocalError as error:
            say("link", f"command {cmd:02X} was not sent: {error}")
            return
        if not answered:
            say("link", f"the MCU did not acknowledge command {cmd:02X}")


_HANDLERS = {
    commands.ENTER_CONFIGURATION: McuCommands._configure,
    commands.RESET_MODULE: McuCommands._reset,
    commands.ENTER_TEST: McuCommands._enter_test,
    commands.ALLOW_BINDING: McuCommands._allow_binding,
    commands.GET_NETWORK_TIME: McuCommands._tell_time,
    commands.GET_MODULE_INFO: McuCommands._tell_information,
    commands.TRANSACTION_REQUEST: McuCommands._transact,
    commands.RESTART_MODULE: McuCommands.restart,
    commands.DATA_ANNOUNCE: McuCommands._refuse_file,
    commands.REGISTER_SUB_DEVICE: McuCommands._refuse_sub_device,
}
