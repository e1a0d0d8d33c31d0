"""Decode every vector and print one canonical line each; runs unchanged on CPython and MicroPython.

Usage: python vector_check.py VECTORS_FOLDER PRODUCTS_FOLDER, with wxproto on the import path.
The comparison of the lines, and with the fields written in the vectors, is test_vectors.py.
"""

import hashlib
import json
import sys

from payload_check import meaning, text_of

from wxproto import data_receiver, data_sender, envelope, frame
from wxproto.commands import MCU, MODULE
from wxproto.courier import Courier
from wxproto.data_receiver import Receiver
from wxproto.data_sender import Sender
from wxproto.device_info import DeviceInfo
from wxproto.errors import PeerError
from wxproto.p0 import Codec
from wxproto.product import Product
from wxproto.session import Session

out = print


def load(path):
    with open(path, "rb") as file:
        return json.loads(file.read().decode())


def hexed(data):
    return bytes(data).hex().upper()


def text_of_values(values):
    if isinstance(values, list):
        return ",".join(sorted(values))
    return ",".join([name + "=" + text_of(values[name]) for name in sorted(values)])


def text_of_frame(found):
    if isinstance(found, frame.BadFrame):
        return f"bad({found.reason},{found.cmd},{found.sn})"
    return f"{found.cmd:02X}/{found.sn}/{found.flags:04X}/{hexed(found.payload)}"


def check_serial(vector):
    data = bytes.fromhex(vector["hex"])
    found = frame.Decoder().feed(data)
    bytewise = frame.Decoder()
    again = []
    for i in range(len(data)):
        again += bytewise.feed(data[i : i + 1])
    if again != found:
        raise AssertionError(f"bytewise gives {again}, at once {found}")
    good = [one for one in found if isinstance(one, frame.Frame)]
    encoded = b"".join([frame.encode(one.cmd, one.sn, one.payload, one.flags) for one in good])
    receiver = Session(MCU if vector["direction"] == "W2D" else MODULE)
    receiver.poll(0)
    receiver.data_to_send()
    receiver.receive(data, 0)
    out("serial", vector["name"], " ".join([text_of_frame(one) for one in found]))
    out("serial", vector["name"], "encoded", hexed(encoded))
    out("serial", vector["name"], "reply", hexed(receiver.data_to_send()))
    if len(good) == 1:
        words, again = meaning(good[0])
        out("meaning", vector["name"], ",".join(words))
        out("meaning", vector["name"], "encoded", "-" if again is None else hexed(again))
        check_damage(vector["name"], good[0])


def check_damage(name, good):
    """Every cut of a payload, and every byte of it changed, is read or is a PeerError; prints a sum of it."""
    size = len(good.payload)
    damaged = [good.payload[:i] for i in range(size)]
    for byte in (b"\x00", b"\x21", b"\xff"):
        damaged += [good.payload[:i] + byte + good.payload[i + 1 :] for i in range(size)]
    total = 0
    errors = 0
    for payload in damaged:
        one = frame.Frame(good.cmd, good.sn, good.flags, payload)
        try:
            shown = repr(meaning(one)[0])
        except PeerError as error:
            errors += 1
            shown = str(error)
        for byte in shown.encode():
            total = (total * 31 + byte) % 1000003
    out("damage", name, len(damaged), errors, total)


def check_p0(vector, codec):
    p0 = bytes.fromhex(vector["p0"])
    kind = vector["kind"]
    decode = {"control": codec.decode_control, "read": codec.decode_read}.get(kind, codec.decode_report)
    try:
        values = decode(p0)
    except PeerError as error:
        out("p0", vector["name"], "PeerError", error)
        return
    if kind == "control":
        encoded = codec.encode_control(values)
    elif kind == "read":
        encoded = codec.encode_read(values)
    else:
        encoded = codec.encode_report(values, reply=kind == "reply")
    out("p0", vector["name"], text_of_values(values))
    out("p0", vector["name"], "encoded", hexed(encoded))


def check_envelope(vector):
    found = envelope.decode(bytes.fromhex(vector["hex"]))
    encoded = envelope.encode(found.cmd, found.p0, found.sn, found.flag)
    out("envelope", vector["name"], f"{found.cmd:04X}/{found.flag:02X}/{found.sn}/{hexed(found.p0)}")
    out("envelope", vector["name"], "encoded", hexed(encoded))


def check_service(vector):
    cmd, body = envelope.decode_service(bytes.fromhex(vector["hex"]))
    out("service", vector["name"], f"{cmd:04X}/{hexed(body)}")
    out("service", vector["name"], "encoded", hexed(envelope.encode_service(cmd, body)))


def check_malformed(vector):
    try:
        envelope.decode(bytes.fromhex(vector["hex"]))
    except PeerError as error:
        out("malformed", vector["name"], "PeerError", error)
    else:
        out("malformed", vector["name"], "accepted")


def check_conversation():
    """Both roles over a wire that loses every fifth write and is cut for a while, in virtual time."""
    ends = {MODULE: Session(MODULE), MCU: Session(MCU)}
    peers = {MODULE: MCU, MCU: MODULE}
    info = DeviceInfo(product_key="0" * 32, hardware_version="1", software_version="2")
    inbox = {MODULE: [], MCU: []}
    writes = 0
    asked = 0
    for now in range(0, 130000, 10):
        for role in (MODULE, MCU):
            end = ends[role]
            events = end.poll(now)
            for data in inbox[role]:
                events += end.receive(data, now)
            inbox[role] = []
            for event in events:
                out("conversation", now, role, event)
                if role == MCU and getattr(event, "wants_answer", False):
                    end.answer(event, info.encode() if event.cmd == 0x01 else bytes((0x03, asked)))
            if role == MODULE and end.up and now % 7000 == 0:
                asked += 1
                end.ask(0x03, bytes((0x02 if asked % 2 else 0x01, asked)), now=now)
            data = end.data_to_send()
            if data:
                writes += 1
                out("conversation", now, role, "sends", hexed(data))
                if writes % 5 and not 100000 < now < 115000:
                    inbox[peers[role]].append(data)


def md5():
    return hashlib.md5()  # noqa: S324 - the protocol's digest; MicroPython takes no keyword


def check_big_data(sending, receiving):
    """A file over a wire that loses every ninth write, in virtual time."""
    ends = {role: Session(role, baud=115200) for role in (MODULE, MCU)}
    content = bytes(range(256)) * 8
    digest = md5()
    digest.update(content)
    sender = Sender(len(content), digest.digest().hex(), lambda at, size: content[at : at + size])
    written = bytearray()
    receiver = Receiver(lambda at, data: written.extend(data), 4096, new_digest=md5)
    couriers = {
        sending: Courier(ends[sending], sender, data_sender.COMMANDS),
        receiving: Courier(ends[receiving], receiver, data_receiver.COMMANDS),
    }
    inbox = {MODULE: b"", MCU: b""}
    writes = 0
    now = 0
    while sender.state != data_sender.DONE and now < 60000:
        for role, peer in ((MODULE, MCU), (MCU, MODULE)):
            events = ends[role].poll(now) + ends[role].receive(inbox[role], now)
            inbox[role] = b""
            for event in events:
                if not couriers[role].handle(event, now) and getattr(event, "wants_answer", False):
                    ends[role].answer(event, bytes(66))
            couriers[role].poll(now)
            data = ends[role].data_to_send()
            if data:
                writes += 1
                inbox[peer] += data if writes % 9 else b""
        if sender.state == data_sender.NEW and ends[MODULE].up and ends[MCU].up:
            sender.start()
        if receiver.state == data_receiver.OFFERED:
            receiver.accept(now)
        now += 5
    out("big_data", sending, now, writes, receiver.state, sender.sent, bytes(written) == content)


def main(vectors, products):
    for vector in load(vectors + "/serial-frames.json"):
        check_serial(vector)
    p0 = load(vectors + "/p0.json")
    codecs = {}
    for vector in p0["vectors"]:
        name = vector["product"]
        if name not in codecs:
            definition = p0["products"].get(name) or load(products + "/" + name + ".json")
            codecs[name] = Codec(Product.from_dict(definition))
        check_p0(vector, codecs[name])
    envelopes = load(vectors + "/envelope.json")
    for vector in envelopes["envelopes"]:
        check_envelope(vector)
    for vector in envelopes["services"]:
        check_service(vector)
    for vector in envelopes["malformed"]:
        check_malformed(vector)
    check_conversation()
    check_big_data(MODULE, MCU)
    check_big_data(MCU, MODULE)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
