"""What an MCU asks of the module itself, on the whole module program under MicroPython."""

import time

from firmware_ground import MAC, Bench
from firmware_rig import PRODUCT_KEY

from wxproto import commands, configuration, module_info, transaction
from wxproto.network_time import NetworkTime

SECRET = b"not-for-the-console"


async def test_network_time_is_unknown_before_the_broker_was_reached_and_in_utc_plus_8_after(
    bench: Bench, eventually
):
    bench.registrar.refuse = "not now"
    async with bench.module():
        await eventually(lambda: commands.MODULE_STATUS in bench.mcu.asked)
        assert await bench.mcu.ask(commands.GET_NETWORK_TIME) == bytes(11)
    bench.registrar.refuse = None
    async with bench.module():
        await eventually(bench.reports)
        told = NetworkTime.decode(await bench.mcu.ask(commands.GET_NETWORK_TIME))
    assert abs(told.utc - time.time()) < 60
    local = time.gmtime(told.utc + 8 * 3600)
    assert (told.year, told.month, told.day, told.hour, told.minute, told.second) == local[:6]


async def test_the_time_zone_of_the_device_information_counts(bench: Bench, eventually):
    bench.mcu.extra = "tz=-3:30&cfgMode=1"
    async with bench.module():
        await eventually(bench.reports)
        told = NetworkTime.decode(await bench.mcu.ask(commands.GET_NETWORK_TIME))
    local = time.gmtime(told.utc - 3 * 3600 - 1800)
    assert (told.day, told.hour, told.minute) == local[2:5]


async def test_a_zone_that_is_none_is_named_and_the_module_goes_on(bench: Bench, eventually):
    bench.mcu.extra = "tz=inf"
    async with bench.module() as module:
        await eventually(bench.reports)
        await eventually(lambda: module.said("time zone 'inf' is not a number of hours"))
        told = NetworkTime.decode(await bench.mcu.ask(commands.GET_NETWORK_TIME))
        assert told.hour == time.gmtime(told.utc + 8 * 3600).tm_hour


async def test_module_information_names_the_module(bench: Bench, eventually):
    async with bench.module():
        await eventually(lambda: commands.MODULE_STATUS in bench.mcu.asked)
        payload = await bench.mcu.ask(commands.GET_MODULE_INFO, module_info.encode_request())
    assert len(payload) == 65
    told = module_info.decode(payload)
    assert isinstance(told, module_info.WifiModule)
    assert (told.protocol_version, told.mac, told.software_version) == ("00000004", MAC, "00010000")


async def test_configuration_shows_in_the_status_and_its_password_nowhere(bench: Bench, eventually):
    def last() -> int:
        return bench.mcu.status_words[-1]

    async with bench.module() as module:
        await eventually(bench.reports)
        await bench.mcu.ask(commands.ENTER_CONFIGURATION, bytes((configuration.SOFTAP,)))
        both = commands.STATUS_SOFTAP | commands.STATUS_ONBOARDING
        await eventually(lambda: last() & both == both)
        await bench.mcu.ask(commands.ENTER_CONFIGURATION, bytes((configuration.AIRLINK,)))
        await eventually(lambda: last() & both == commands.STATUS_ONBOARDING)
        given = configuration.Configuration(configuration.GIVEN, ssid=b"net", password=SECRET, tz="9")
        await bench.mcu.ask(commands.ENTER_CONFIGURATION, given.encode())
        await eventually(lambda: last() & both == 0)
        told = NetworkTime.decode(await bench.mcu.ask(commands.GET_NETWORK_TIME))
        assert told.hour == time.gmtime(told.utc + 9 * 3600).tm_hour
        await eventually(lambda: module.said("no radio"))
        assert SECRET.decode() not in "\n".join(module.lines)


async def test_the_production_test_and_the_binding_window_show_in_the_status(bench: Bench, eventually):
    bench.mcu.bindable_s = 1
    words = bench.mcu.status_words
    async with bench.module():
        await eventually(lambda: words and not words[-1] & commands.STATUS_BINDING)
        await bench.mcu.ask(commands.ALLOW_BINDING)
        await eventually(lambda: words[-1] & commands.STATUS_BINDING)
        await eventually(lambda: not words[-1] & commands.STATUS_BINDING)
        await bench.mcu.ask(commands.ENTER_TEST)
        await eventually(lambda: words[-1] & commands.STATUS_TEST)


async def test_a_restart_keeps_the_identity_and_a_reset_ends_it(bench: Bench, eventually):
    async with bench.module() as module:
        await eventually(lambda: bench.presence() == ["1"])
        await bench.mcu.ask(commands.RESTART_MODULE)
        await eventually(lambda: bench.presence() == ["1", "0", "1"])
        assert len(bench.registrar.registrations) == 1
        await bench.mcu.ask(commands.RESET_MODULE)
        await eventually(lambda: len(bench.registrar.registrations) == 2)
        before, after = bench.registrar.registrations
        assert before["mac"] == after["mac"]
        assert before["passcode"] != after["passcode"]
        set_up = commands.STATUS_SOFTAP | commands.STATUS_ONBOARDING
        await eventually(lambda: bench.mcu.status_words[-1] & set_up == set_up)
        await bench.mcu.ask(commands.RESTART_MODULE)
        await eventually(lambda: not bench.mcu.status_words[-1] & set_up)
        await eventually(lambda: len(module.said("starts anew")) == 3)
        assert await module.interrupt() == 0


async def test_a_transaction_is_answered_with_what_there_is(bench: Bench, eventually):
    check = transaction.Check(
        product_key=PRODUCT_KEY, did="d", hardware_version="1", software_version="1", compare=True
    )
    async with bench.module():
        await eventually(lambda: commands.MODULE_STATUS in bench.mcu.asked)
        await bench.mcu.ask(commands.TRANSACTION_REQUEST, check.encode())
        await eventually(lambda: bench.mcu.payloads.get(commands.TRANSACTION_RESULT))
        assert transaction.decode_result(bench.mcu.payloads[commands.TRANSACTION_RESULT]).needed is False
        await bench.mcu.ask(commands.TRANSACTION_REQUEST, transaction.Download("http://x/y").encode())
        await eventually(lambda: bench.mcu.payloads[commands.TRANSACTION_RESULT] == b"\x04\x01")


async def test_a_file_of_the_mcu_is_cancelled(bench: Bench, eventually):
    async with bench.module() as module:
        await eventually(lambda: commands.MODULE_STATUS in bench.mcu.asked)
        await bench.mcu.ask(commands.DATA_ANNOUNCE, b"\0\0\0\x01\0\x20" + b"0" * 32)
        await eventually(lambda: commands.DATA_RECEIVER_CANCEL in bench.mcu.asked)
        await eventually(lambda: module.said("no place for it"))


async def test_malformed_requests_are_named_and_change_nothing(bench: Bench, eventually):
    async with bench.module() as module:
        await eventually(bench.reports)
        await bench.mcu.ask(commands.ENTER_CONFIGURATION, b"\x04\xffshort")
        await eventually(lambda: module.said("command 09 of the MCU is dropped"))
        assert await bench.mcu.ask(commands.GET_NETWORK_TIME)
