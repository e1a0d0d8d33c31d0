"""The protocol book: every worked frame is run, and what the book says of it is what its bytes mean."""

import hashlib
import html
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from wxlink.assets import asset
from wxlink.codegen.book import MARKS, files
from wxlink.product import ProductFile, from_definition, read, spec
from wxproto import commands, configuration, frame, module_info, network_time, transaction
from wxproto.device_info import DeviceInfo
from wxproto.p0 import Codec
from wxproto.product import Product

FOLDER = asset("protocol/products")
PRODUCTS = sorted(path for path in FOLDER.iterdir() if path.suffixes in ([".json"], [".toml"]))
LANGUAGES = ("zh", "en")
VOID = {"meta", "br", "wbr", "link", "img", "hr", "input"}


class Book(HTMLParser):
    """Reads the figures of a book: bytes as printed, and the list of what they say; checks the nesting."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.frames: list[tuple[int, bytes, dict[str, str]]] = []
        self.maps: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.outside: list[str] = []
        self._open: list[str] = []
        self._hex = ""
        self._says: dict[str, str] = {}
        self._cmd = 0
        self._term = ""
        self._seen = ""
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in VOID:
            self._open.append(tag)
        self._seen = ""
        self.ids |= {found["id"]} if found.get("id") else set()
        if tag == "a":
            self.links.add(str(found["href"]))
        self.outside += [str(found[name]) for name in ("src", "data", "action") if name in found]
        if tag == "figure":
            self._cmd, self._hex, self._says = int(str(found["data-cmd"]), 16), "", {}

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag == "figure":
            self.frames.append((self._cmd, bytes.fromhex(self._hex), self._says))
        elif "figure" in self._open and tag == "code":
            self._hex += self._seen + " "
        elif tag == "dt":
            self._term = self._seen
        elif "figure" in self._open and tag == "dd":
            self._says[self._term] = self._seen

    def handle_data(self, data: str) -> None:
        self._seen += data


def book(product_file: ProductFile, language: str) -> str:
    return files(product_file)[f"{product_file.stem}-book.{language}.html"]


def decoded(data: bytes) -> frame.Frame:
    """The one frame that the bytes are, which wxproto would have written alike."""
    (found,) = frame.Decoder().feed(data)
    assert isinstance(found, frame.Frame)
    assert frame.encode(found.cmd, found.sn, found.payload, found.flags) == data
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PRODUCTS, ids=lambda path: path.stem)
def test_every_frame_means_what_the_book_says(path: Path, language: str) -> None:
    product_file = read(path)
    product = product_file.product
    frames = Book(book(product_file, language)).frames
    told = set()
    for cmd, data, says in frames:
        found = decoded(data)
        assert found.cmd == cmd
        told.add(cmd)
        check_meaning(product, found, says, language)
    acks = {row.ack for row in commands.COMMANDS.values() if row.ack is not None}
    assert told == set(commands.COMMANDS) | acks


def check_meaning(product: Product, found: frame.Frame, says: dict[str, str], language: str) -> None:
    """Compare what a frame's payload decodes to with the names and values beside it."""
    values = set(says.values())
    if found.cmd in (commands.P0_DOWN, commands.P0_DOWN_ACK, commands.P0_UP):
        check_p0(product, found, says, language)
    elif not found.payload:
        assert says == {}
    else:
        expected = MEANINGS[found.cmd](found.payload)
        assert {str(value) for value in expected} <= {
            word for value in values for word in (value, value.split()[0])
        }


def check_p0(product: Product, found: frame.Frame, says: dict[str, str], language: str) -> None:
    codec, p0 = Codec(product), found.payload
    if not p0:
        assert says == {}
    elif p0[0] in (0x05, 0x06):
        assert p0[1:].hex(" ").upper() in says.values()
    elif p0[0] in (0x02, 0x12):
        names = codec.decode_read(p0)
        (asked,) = says.values()
        if product.variable:
            assert re.split("[、, ]+", asked) == names
        else:
            assert asked in ("全部", "everything")
    else:
        means: dict[str, Any] = codec.decode_control(p0) if p0[0] in (0x01, 0x11) else codec.decode_report(p0)
        printed = {label.split()[0]: text for label, text in says.items()}
        assert printed.keys() == means.keys()
        for name, value in means.items():
            assert printed[name].startswith(start_of(product, name, value, language)), name


def start_of(product: Product, name: str, value: Any, language: str) -> str:
    point = product.point(name)
    if point.data_type == "enum":
        raw = point.values.index(value)
        return f"{raw} {(point.values_en or point.values)[raw] if language == 'en' else value}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.hex(" ").upper() if isinstance(value, bytes) else f"{value:g}" if value < 1e5 else f"{value}"


def device_info(payload: bytes) -> list[object]:
    found = DeviceInfo.decode(payload)
    return [
        found.protocol_version,
        found.p0_version,
        found.hardware_version,
        found.product_key,
        found.bindable_s,
    ]


def time_of(payload: bytes) -> list[object]:
    found = network_time.NetworkTime.decode(payload)
    assert found == network_time.NetworkTime.of(found.utc or 0)
    date = f"{found.year}-{found.month:02}-{found.day:02} {found.hour:02}:{found.minute:02}:{found.second:02}"
    return [date, found.utc]


def status_of(payload: bytes) -> list[object]:
    word = int.from_bytes(payload)
    assert word & commands.STATUS_STATION
    assert word & commands.STATUS_ROUTER
    assert word & commands.STATUS_CLOUD
    assert word >> commands.STATUS_SIGNAL_SHIFT & 7 == 6
    return []


def module_of(payload: bytes) -> list[object]:
    found = module_info.decode(payload)
    assert isinstance(found, module_info.WifiModule)
    return [found.protocol_version, found.hardware_version, found.software_version, found.mac, found.ip]


def url_of(payload: bytes) -> list[object]:
    found = transaction.decode_request(payload)
    assert isinstance(found, transaction.Download)
    return [transaction.DOWNLOAD, found.url]


def result_of(payload: bytes) -> list[object]:
    found = transaction.decode_result(payload)
    assert isinstance(found, transaction.DownloadResult)
    return [transaction.DOWNLOAD_RESULT, found.result]


def data_of(payload: bytes) -> list[object]:
    return [payload.hex(" ").upper()]


MEANINGS: dict[int, Callable[[bytes], list[object]]] = {
    commands.DEVICE_INFO: device_info,
    commands.ENTER_CONFIGURATION: lambda payload: [configuration.Configuration.decode(payload).mode],
    commands.MODULE_STATUS: status_of,
    commands.MODULE_NOTICE: lambda payload: [payload[0]],
    commands.MCU_NOTICE: lambda payload: [payload[0]],
    commands.NETWORK_TIME: time_of,
    commands.GET_MODULE_INFO: lambda payload: [module_info.decode_request(payload)],
    commands.MODULE_INFO: module_of,
    commands.TRANSACTION_REQUEST: url_of,
    commands.TRANSACTION_RESULT: result_of,
    commands.DATA_ANNOUNCE: lambda payload: [int.from_bytes(payload[:4]), payload[6:].decode()],
    commands.DATA_READY: lambda payload: [payload[2:34].decode(), int.from_bytes(payload[34:])],
    commands.DATA_PIECE: lambda payload: [payload[1], payload[3], payload[4:].hex(" ").upper()],
    commands.REGISTER_SUB_DEVICE: data_of,
    commands.SUB_DEVICE_RESULT: data_of,
}
"""Code of a frame -> what must stand beside it."""


def test_the_pieces_of_big_data_have_the_announced_size_and_md5() -> None:
    frames = [decoded(data) for _, data, _ in Book(book(read(PRODUCTS[0]), "en")).frames]
    content = b"".join(one.payload[4:] for one in frames if one.cmd == commands.DATA_PIECE)
    (announced,) = [one.payload for one in frames if one.cmd == commands.DATA_ANNOUNCE]
    assert int.from_bytes(announced[:4]) == len(content)
    assert announced[6:].decode() == hashlib.md5(content).hexdigest()  # noqa: S324 - the protocol's


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_book_needs_nothing_from_outside_and_its_links_lead_somewhere(language: str) -> None:
    product_file = read(PRODUCTS[0])
    text = book(product_file, language)
    read_book = Book(text)
    assert read_book.outside == []
    assert not re.search(r"@import|url\(|<script|https?://(?!192\.168)", text)
    for link in read_book.links:
        assert link.removeprefix("#") in read_book.ids or link in files(product_file), link


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_other_language_is_found_whatever_the_file_is_called(language: str) -> None:
    product_file = from_definition(read(PRODUCTS[0]).definition, 'my lamp #2 50%41 "x"? 灯')
    (link,) = [one for one in Book(book(product_file, language)).links if not one.startswith("#")]
    assert not set(link) & set(' #?"')
    assert unquote(link) in files(product_file)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_product_is_called_stays_text(language: str) -> None:
    evil = "<script>alert('\"&')</script> */ --> {{ 7 * 7 }}"
    attrs = [
        {"id": 0, "name": "class", "display_name": evil, "desc": evil, "type": "fault", "data_type": "bool"},
        {"id": 1, "name": "e", "type": "alert", "data_type": "enum", "enum": [evil]},
    ]
    definition = {
        "name": evil,
        "product_key": "0" * 32,
        "protocolType": "var_len",
        "entities": [{"attrs": attrs}],
    }
    text = book(from_definition(definition), language)
    assert "<script" not in text
    assert evil in html.unescape(text)
    Book(text)


def test_bits_of_a_point_that_crosses_a_byte_are_drawn_where_they_are() -> None:
    """README 4.3 in a picture: eight bools, then an enum of three bits, which goes into the first byte."""
    attrs: list[dict[str, Any]] = [
        {"id": i, "name": f"b{i}", "type": "status_writable", "data_type": "bool"} for i in range(7)
    ]
    attrs.append(
        {"id": 7, "name": "e", "type": "status_writable", "data_type": "enum", "enum": list("abcde")}
    )
    definition = {
        "name": "x",
        "product_key": "0" * 32,
        "protocolType": "standard",
        "entities": [{"attrs": attrs}],
    }
    text = book(from_definition(definition), "en")
    picture = text.split("<h3>attr_vals</h3>")[1].split("</table>")[0]
    rows = [re.sub(r"<[^>]+>|\s+", " ", row).split() for row in picture.split("<tr>")[2:]]
    assert rows == [
        ["0", "0", "e", "[2:1]"],
        ["1", "e", "[0]", *[f"b{i}" for i in range(6, -1, -1)]],
    ]


def test_the_book_says_what_the_maker_says_of_a_data_point() -> None:
    product_file = read(FOLDER / "blood-pressure.toml")
    assert set(MARKS) == set(spec.MARKS)
    rows = {
        row.split("<code>")[1].split("</code>")[0]: row
        for row in book(product_file, "en").split("<tbody>")[1].split("</tbody>")[0].split("<tr>")[1:]
    }
    assert "warn: &lt; 90, &gt; 140" in rows["Systolic"]
    assert "personal data" in rows["Systolic"]
    assert "with a curve" in rows["Systolic"]
    assert "warn: &lt; 20</small>" in rows["Battery"]
    assert "personal data" not in rows["Battery"]
