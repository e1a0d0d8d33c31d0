"""The name server of the access point, asked in datagrams."""

from set_up_rig import Asker, SetUpMaker

from module import dns

MOST_ADDED = 16  # bytes of one record with an IPv4 address


async def test_every_name_is_the_module(set_up: SetUpMaker, eventually):
    async with set_up() as module:
        await eventually(module.is_open)
        asker = Asker(module.names)
        for name in ("captive.apple.com", "www.msftconnecttest.com", "x", "a." * 126 + "a"):
            asker.send(dns.encode_query(0x1234, name))
            answer = await asker.next()
            assert dns.decode_answer(answer, 0x1234) == "127.0.0.1"
            assert answer[2] & 1, "recursion was asked for"


async def test_other_questions_have_no_answer_and_bad_ones_no_reply(set_up: SetUpMaker, eventually, seeded):
    good = dns.encode_query(7, "example.com")
    ipv6 = good[:-4] + b"\0\x1c\0\1"
    additional = good[:11] + b"\1" + good[12:] + bytes.fromhex("0000291000000000000000")  # EDNS, RFC 6891
    bad = [
        b"",
        good[:12],
        good[:-1],
        good[:2] + b"\x81" + good[3:],  # an answer
        good[:2] + b"\x28" + good[3:],  # an update
        good[:4] + b"\0\0" + good[6:],  # no question
        good[:4] + b"\0\2" + good[6:],  # two
        good[:12] + b"\xc0\x0c\0\1\0\1",  # a name that points to itself
        good[:12] + b"\x40" + b"a" * 64 + b"\0\0\1\0\1",  # a label of 64 bytes
        good[:12] + (b"\x3f" + b"a" * 63) * 5 + b"\0\0\1\0\1",  # a name of 320 bytes
        good + bytes(600),
        *(seeded.randbytes(seeded.randrange(1, 80)) for _ in range(200)),
    ]
    async with set_up() as module:
        await eventually(module.is_open)
        asker = Asker(module.names)
        for datagram in bad:
            asker.send(datagram)
        asker.send(ipv6)
        answers = [await asker.next()]
        while answers[-1][:2] != ipv6[:2]:  # a random one may have been good
            answers.append(await asker.next())
        assert answers[-1][6:8] == b"\0\0"
        assert len(answers[-1]) == len(ipv6)
        assert len(answers) < 5
        asker.send(additional)
        answer = await asker.next()
        assert dns.decode_answer(answer, 7) == "127.0.0.1"
        assert len(answer) <= len(additional) + MOST_ADDED
        assert not module.said("Traceback")
