"""The web server of the access point: phones that look for the internet, and strangers who mean no good."""

import asyncio
from contextlib import AsyncExitStack, suppress

import aiohttp
from set_up_rig import SetUpMaker, SetUpProcess

PROBES = [
    "/generate_204",
    "/gen_204",
    "/hotspot-detect.html",
    "/library/test/success.html",
    "/connecttest.txt",
    "/ncsi.txt",
    "/redirect",
    "/canonical.html",
    "/success.txt",
    "/check_network_status.txt",
    "/mobile/status.php?x=%00",
]
MOST_CONNECTIONS = 4
LONG_HEAD = 2048 + 256  # bytes: too long by one piece, and not one byte stays unread
ANSWER_WITHIN_S = 30.0
AWAY_S = 2.5  # while the access point changes its channel


async def talk(module: SetUpProcess, *pieces: bytes) -> bytes:
    """Send these bytes, a TCP segment each, and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", module.page)
    answer = b""
    with suppress(ConnectionError):  # it may close while we still write
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        while more := await asyncio.wait_for(reader.read(4096), ANSWER_WITHIN_S):
            answer += more
    writer.close()
    return answer


def request(module: SetUpProcess, line: str, *fields: str, body: bytes = b"") -> bytes:
    """A request of the page."""
    head = [line, f"Host: 127.0.0.1:{module.page}", *fields]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


def status(answer: bytes) -> int:
    """Of an answer; 0 when there was none."""
    return int(answer.split(b" ")[1]) if answer else 0


async def test_phones_that_look_for_the_internet_are_sent_to_the_page(set_up: SetUpMaker, eventually):
    async with set_up() as module, aiohttp.ClientSession() as http:
        await eventually(module.is_open)
        for path in PROBES:
            async with http.get(
                f"http://127.0.0.1:{module.page}{path}",
                headers={"Host": "captive.apple.com"},
                allow_redirects=False,
            ) as answer:
                assert (answer.status, answer.headers["Location"]) == (302, module.url)
        async with http.get(module.url, headers={"Host": "example.com"}, allow_redirects=False) as answer:
            assert answer.status == 302, "another host's / is not the page"
        async with http.head(module.url + "generate_204", allow_redirects=False) as answer:
            assert answer.status == 302
        async with http.get(module.url + "anything") as answer:
            assert "<title>" in await answer.text()


async def test_a_join_is_checked_and_one_goes_on_at_a_time(set_up: SetUpMaker, eventually):
    async with set_up(join_ms=500) as module:
        await eventually(module.is_open)

        async def join(body: str) -> int:
            return status(await talk(module, request(module, "POST /join HTTP/1.1", body=body.encode())))

        home, right = b"Home".hex(), b"home-key-1".hex()
        for bad in (
            "x",
            "ssid=&key=",
            f"ssid={home}&key=31",  # a key of one character
            f"ssid={'41' * 33}&key={right}",
            f"ssid={home}&key={'41' * 65}",
            f"ssid={home}0&key={right}",
            "ssid=zz&key=",
            "ssid=é&key=",
        ):
            assert await join(bad) == 400, bad
        assert not module.told("tried")
        assert await join(f"ssid={home}&key={b'not the key'.hex()}") == 200
        assert await join(f"ssid={home}&key={right}") == 409
        await eventually(lambda: module.said("wrong password"))
        assert await join(f"key={right}&ssid={home}") == 200
        await eventually(lambda: module.told("stored"))


async def test_a_phone_that_was_away_still_learns_how_it_went(set_up: SetUpMaker, eventually):
    async with set_up() as module:
        await eventually(module.is_open)
        body = f"ssid={b'Home'.hex()}&key={b'home-key-1'.hex()}".encode()
        await talk(module, request(module, "POST /join HTTP/1.1", body=body))
        await eventually(lambda: module.told("stored"))
        await asyncio.sleep(AWAY_S)
        assert b'"joined"' in await talk(module, request(module, "GET /state HTTP/1.1"))
        await eventually(lambda: module.told("ended"))


async def test_bad_requests_are_answered_in_words_and_cost_nothing(set_up: SetUpMaker, eventually, seeded):
    async with set_up() as module:
        await eventually(module.is_open)
        cases = [
            (b"\r\n\r\n", 400),
            (b"GET\r\n\r\n", 400),
            (b"GET / FTP/1.0\r\n\r\n", 400),
            (b"\xff\xfe / HTTP/1.1\r\n\r\n", 400),
            (request(module, "DELETE / HTTP/1.1"), 405),
            (request(module, "POST / HTTP/1.1"), 405),
            (request(module, "GET /join HTTP/1.1"), 405),
            (b"POST /join HTTP/1.1\r\nHost: example.com\r\n\r\n", 404),
            (request(module, "POST /join HTTP/1.1", "Content-Length: x"), 400),
            (request(module, "POST /join HTTP/1.1", "Content-Length: -1"), 400),
            (request(module, "POST /join HTTP/1.1", f"Content-Length: {10**30}"), 400),
            (request(module, "POST /join HTTP/1.1", "Content-Length: 257"), 413),
            (request(module, "POST /join HTTP/1.1", body=b"\xff" * 8), 400),
        ]
        for sent, expected in cases:
            assert status(await talk(module, sent)) == expected, sent
        for _ in range(10):
            assert status(await talk(module, seeded.randbytes(200) + b"\r\n\r\n")) in (0, 302, 400)
        for endless in (b"GET /" + b"a" * 100_000, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000):
            assert status(await talk(module, endless)) in (0, 431)  # 0: it closed while we still wrote
        assert status(await talk(module, b"GET /".ljust(LONG_HEAD, b"a"))) == 431
        whole = request(module, "GET /state HTTP/1.1")
        pieces = [whole[at : at + 1] for at in range(len(whole))]
        assert status(await talk(module, *pieces)) == 200
        assert not module.said("Traceback")
        assert not module.said("MemoryError")


async def test_connections_that_say_nothing_are_closed_and_others_served_meanwhile(
    set_up: SetUpMaker, eventually
):
    async with set_up() as module, AsyncExitStack() as stack:
        await eventually(module.is_open)
        idle = []
        for _ in range(MOST_CONNECTIONS - 1):
            reader, writer = await asyncio.open_connection("127.0.0.1", module.page)
            writer.write(b"GET / HTTP/1.1\r\nX: ")
            stack.callback(writer.close)
            idle.append(reader)
        assert status(await talk(module, request(module, "GET /state HTTP/1.1"))) == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", module.page)
        stack.callback(writer.close)
        idle.append(reader)
        one_too_many = await asyncio.wait_for(talk(module, request(module, "GET / HTTP/1.1")), 3)
        assert one_too_many == b""
        for reader in idle:
            assert status(await asyncio.wait_for(reader.read(), ANSWER_WITHIN_S)) == 408
        assert status(await talk(module, request(module, "GET /state HTTP/1.1"))) == 200


async def test_phones_that_ask_at_once_share_a_scan(set_up: SetUpMaker, eventually):
    async with set_up() as module:
        await eventually(module.is_open)
        ask = request(module, "GET /scan HTTP/1.1")
        answers = await asyncio.gather(talk(module, ask), talk(module, ask), talk(module, ask))
        assert [status(answer) for answer in answers] == [200] * 3
        assert len(module.told("scanned")) < 3


async def test_the_language_is_the_one_that_the_phone_prefers(set_up: SetUpMaker, eventually):
    async with set_up() as module:
        await eventually(module.is_open)
        for accepted in ("", "*", "zh", "zh-TW,en", "en-GB,zh", "de", "fr-FR, zh;q=0.9"):
            page = await talk(module, request(module, "GET / HTTP/1.1", f"Accept-Language: {accepted}"))
            chinese = accepted in ("", "*") or accepted.startswith("zh")
            assert (b'lang="zh"' in page) == chinese, accepted
        assert b'lang="en"' in await talk(module, request(module, "GET /?en HTTP/1.1"))
