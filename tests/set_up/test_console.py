"""What is typed on the console: the self-test, and Ctrl-C."""

from set_up_rig import ConsoleProcess

from wxlink.flash.self_test import judge

FACTORY = ["passcode", "ap_password", "update_key"]


async def test_selftest_answers_with_one_line_that_a_station_can_judge(eventually):
    async with ConsoleProcess(factory=FACTORY) as console:
        await eventually(lambda: console.told("ready"))
        console.type(b"hello\r\nselftest\r\n")
        (line,) = await eventually(lambda: console.told("selftest"))
        report = line["selftest"]
        assert judge(report) == []
        numbers = {name: report.pop(name) for name in ("heap_free", "flash_free")}
        assert all(isinstance(value, int) and value > 0 for value in numbers.values())
        assert report == {
            "version": "00010000",
            "mac": "0200000000ab",
            "identity": True,
            "clock": True,
            "reset": "power-on",
            "uart": "no line",
            "networks": 8,
            "rssi": -48,
        }


async def test_a_unit_that_is_sold_tells_no_more_than_whether_it_is_good(eventually):
    async with ConsoleProcess(production=True, factory=FACTORY) as console:
        await eventually(lambda: console.told("ready"))
        console.type(b"IMPROV\1\3\2\2\0\xe3\n\3\nselftest\n")
        (line,) = await eventually(lambda: console.told("selftest"))
        assert line == {
            "selftest": {"version": "00010000", "mac": "0200000000ab", "identity": True, "pass": True}
        }
        assert not console.said("IMPROV")
        assert not console.told("interrupted")


async def test_without_factory_data_or_networks_the_self_test_fails(eventually):
    async with ConsoleProcess(production=True, factory=FACTORY[:2], networks=[]) as console:
        await eventually(lambda: console.told("ready"))
        console.type(b"selftest\n")
        (line,) = await eventually(lambda: console.told("selftest"))
        assert (line["selftest"]["identity"], line["selftest"]["pass"]) == (False, False)
        assert len(judge(line["selftest"])) == 2


async def test_ctrl_c_ends_the_program_between_lines_only(eventually):
    state = b"IMPROV\1\3\2\2\0"
    cut_off = state[4:]  # sent while the module started
    async with ConsoleProcess() as console:
        await eventually(lambda: console.told("ready"))
        console.type(cut_off + b"\n" + state + bytes((sum(state) & 0xFF,)) + b"\n")
        await eventually(lambda: console.said("IMPROV\1\1\1\2"))
        assert not console.told("interrupted")
        console.type(b"\r\3\3")
        await eventually(lambda: console.told("interrupted"))
