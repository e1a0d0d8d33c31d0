"""Set-up as a whole: its time, its end, what it leaves."""

import asyncio
from contextlib import suppress

from set_up_rig import Asker, SetUpMaker

SOFT_AP_ONBOARDING = 0b101


async def test_it_ends_when_its_time_is_over(set_up: SetUpMaker, eventually):
    async with set_up(seconds=0.2) as module:
        await eventually(lambda: module.told("left"))
        assert module.told("ended") == [{"ended": False}]
        assert [told["status"] for told in module.told("status")] == [SOFT_AP_ONBOARDING, 0]
        assert module.told("opened") == [{"opened": "XPG-GAgent-00AB"}]
        assert module.told("closed")


async def test_it_can_be_stopped(set_up: SetUpMaker, eventually):
    async with set_up(stop_after_ms=200) as module:
        await eventually(lambda: module.told("ended"))
        assert module.told("ended") == [{"ended": False}]


async def test_a_try_that_goes_on_when_time_is_over_may_still_succeed(set_up: SetUpMaker, eventually):
    async with set_up(seconds=0.3, join_ms=800) as module:
        await eventually(module.is_open)
        body = b"\0\4Home\0\x0ahome-key-1"
        Asker(module.apps).send(b"\0\0\0\3" + bytes((len(body) + 3,)) + b"\0\0\1" + body)
        await eventually(lambda: module.told("ended"))
        assert module.told("ended") == [{"ended": True}]


async def test_a_unit_without_set_up_password_opens_no_access_point(set_up: SetUpMaker, eventually):
    async with set_up(seconds=0.1, ap_password=None) as module:
        await eventually(lambda: module.told("ended"))
        assert not module.told("opened")
        assert module.said("no set-up password")


async def test_a_radio_that_refuses_is_named_and_life_goes_on(set_up: SetUpMaker, eventually):
    async with set_up(seconds=0.1, radio_refuses=True) as module:
        await eventually(lambda: module.told("ended"))
        assert module.said("the radio refuses (Wifi Unknown Error 0x0101)")
        assert not module.told("status")


async def test_who_comes_through_the_router_sees_nothing_of_it(set_up: SetUpMaker, eventually):
    async with set_up() as module:
        await eventually(module.is_open)
        body = b"\0\4Home\0\x0ahome-key-1"
        Asker(module.apps, "127.0.1.9").send(b"\0\0\0\3" + bytes((len(body) + 3,)) + b"\0\0\1" + body)
        reader, writer = await asyncio.open_connection("127.0.0.1", module.page, local_addr=("127.0.1.9", 0))
        writer.write(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{module.page}\r\n\r\n".encode())
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        guest = Asker(module.apps)
        guest.send(b"\0\0\0\3" + bytes((len(body) + 3,)) + b"\0\0\1" + body.replace(b"Home", b"Cafe"))
        await guest.next()
        assert not module.said("'Home'")


async def test_ports_in_use_are_named_and_the_rest_goes_on(set_up: SetUpMaker, eventually):
    async with set_up() as first:
        await eventually(first.is_open)
        async with set_up(ports=[first.page, first.names + 1, first.apps]) as second:
            await eventually(second.is_open)
            assert second.said("without the page: port")


async def test_it_gives_back_its_heap_and_its_ports(set_up: SetUpMaker, eventually):
    async with set_up(seconds=0.2, again=3) as module:
        (end,) = await eventually(lambda: module.told("left"))
        gone = {
            "module.setup",
            "module.captive",
            "module.captive_dns",
            "module.captive_page",
            "module.onboarding",
        }
        assert gone.isdisjoint(end["left"])
        assert len(module.told("heap")) == 3
        second, *later = [told["heap"] for told in module.told("heap")]
        assert all(heap <= second for heap in later)
        assert not module.said("cannot be used")
