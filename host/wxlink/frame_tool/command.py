"""`wxlink frame`: decode captures of the serial link, encode frames by name, list the names."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO, Final

from wxlink.frame_tool import capture, entries, show
from wxlink.frame_tool.describe import describe
from wxlink.frame_tool.make import OPAQUE, RAW, make
from wxlink.frame_tool.names import NAMES
from wxlink.frame_tool.p0_forms import P0_FORMS
from wxlink.frame_tool.payloads import FORMS
from wxlink.frame_tool.problem import FrameProblem
from wxlink.product import read
from wxproto.errors import LocalError
from wxproto.p0 import Codec
from wxproto.product import Product

MAX_CAPTURE: Final = 64 * 2**20
"""Bytes; days of a log at 115200, and a device file that never ends does not fill the memory."""

_DECODE_HELP = """\
A capture is hex in any usual form (FF FF 00 05, 0xFF,0xFF, FFFF0005), a log with lines of tx and rx,
or raw bytes. It is read as the module reads its serial line: noise is passed over, broken frames are listed
with the reason. Secrets are starred. The exit status is 1 when there is no good frame in it."""


class _Mixed(argparse.ArgumentParser):
    """Takes options between the words, as `encode control --product P LED_OnOff=true` has them."""

    _within = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._within:
            return super().parse_known_args(args, namespace)
        self._within = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._within = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of `wxlink frame` and their options."""
    verbs = parser.add_subparsers(dest="frame_verb", metavar="VERB", required=True, parser_class=_Mixed)
    decode = verbs.add_parser(
        "decode",
        help="take a capture apart",
        description=_DECODE_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: wxlink frame decode --product protocol/products/gokit.json - <mcu.log",
    )
    decode.add_argument("capture", nargs="*", metavar="HEX", help="the capture; - reads standard input")
    decode.add_argument("--file", type=Path, metavar="PATH", help="read the capture from a file")
    decode.add_argument("--show-secrets", action="store_true", help="do not star secrets and passwords")
    encode = verbs.add_parser(
        "encode",
        help="make a frame from its name and fields",
        description="make a frame from its name and fields; `wxlink frame list` names them",
        epilog="example: wxlink frame encode control --product protocol/products/gokit.json LED_OnOff=true",
    )
    encode.add_argument("name", metavar="NAME", help="name of the frame, or its code in hex")
    encode.add_argument(
        "field",
        nargs="*",
        default=[],
        metavar="FIELD=VALUE",
        help="fields; payload=HEX gives any payload",
    )
    encode.add_argument("--sn", type=_number, default=0, metavar="N", help="0 to 255 (default %(default)s)")
    encode.add_argument("--flags", type=_number, metavar="N", help="instead of the flags that belong to it")
    encode.add_argument("--sub-device", metavar="DID", help="the sub-device for or of which the P0 is")
    names = verbs.add_parser(
        "list",
        help="list the names that encode takes, with their fields",
        description="list the names that encode takes, with their fields; those in brackets may be left out",
        epilog="example: wxlink frame list",
    )
    for verb in (decode, encode):
        verb.add_argument("--product", type=Path, metavar="FILE", help="product file, for data points")
    for verb in (decode, encode, names):
        verb.add_argument("--json", action="store_true", help="print one line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Do what the verb says: 0 done, 1 not possible, with the reason and the remedy on standard error."""
    try:
        return _VERBS[arguments.frame_verb](arguments)
    except (FrameProblem, capture.CaptureError, LocalError) as error:
        sys.stderr.write(f"wxlink frame: {error}\n")
    except OSError as error:
        if error.filename is None:  # standard output: the command line knows what to say
            raise
        sys.stderr.write(f"wxlink frame: {error.filename}: {error.strerror}\n")
    return 1


def _decode(arguments: argparse.Namespace) -> int:
    product = _product(arguments)
    codec = Codec(product) if product else None
    found = entries.read(capture.pieces(_capture(arguments)))
    said = [describe(entry, codec, show_secrets=arguments.show_secrets) for entry in found.entries]
    if arguments.json:
        sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
    elif said:
        sys.stdout.write(show.table(said, product) + "\n")
    sys.stdout.flush()
    bad = len(said) - found.good
    if bad or found.skipped or not found.good:
        sys.stderr.write(
            f"wxlink frame: {found.good} good, {bad} bad; {found.skipped} bytes belong to no good frame\n"
        )
    return 0 if found.good else 1


def _capture(arguments: argparse.Namespace) -> bytes:
    if bool(arguments.capture) == bool(arguments.file):
        raise FrameProblem("give the capture as hex, as - for standard input, or as --file PATH")
    if arguments.file:
        with arguments.file.open("rb") as file:
            return _bounded(file)
    if arguments.capture == ["-"]:
        try:
            return _bounded(sys.stdin.buffer)
        except (AttributeError, OSError):  # closed, or broken
            raise FrameProblem("standard input cannot be read: name the capture with --file") from None
    return os.fsencode(" ".join(arguments.capture))


def _bounded(file: BinaryIO) -> bytes:
    raw = file.read(MAX_CAPTURE + 1)
    if len(raw) > MAX_CAPTURE:
        raise FrameProblem(f"the capture is longer than {MAX_CAPTURE} bytes: split it")
    return raw


def _encode(arguments: argparse.Namespace) -> int:
    product = _product(arguments)
    made = make(
        arguments.name,
        arguments.field,
        sn=arguments.sn,
        flags=arguments.flags,
        codec=Codec(product) if product else None,
        sub_device=arguments.sub_device,
    )
    if arguments.json:
        said = {
            "frame": made.wire.hex().upper(),
            "cmd": made.cmd,
            "name": NAMES.get(made.cmd),
            "sn": made.sn,
            "flags": made.flags,
            "payload": made.payload.hex().upper(),
        }
        sys.stdout.write(json.dumps(said) + "\n")
    else:
        sys.stdout.write(made.wire.hex(" ").upper() + "\n")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    rows = sorted(_names().items(), key=lambda row: (row[1][0], row[0]))
    if arguments.json:
        said = [{"name": name, "cmd": code, "fields": fields} for name, (code, fields) in rows]
        sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
    else:
        width = max(len(name) for name, _ in rows)
        sys.stdout.writelines(
            f"{code:02X}  {name:<{width}}  {fields}".rstrip() + "\n" for name, (code, fields) in rows
        )
    return 0


def _names() -> dict[str, tuple[int, str]]:
    """Every name with its code and its fields."""
    found = {name: (code, "") for code, name in NAMES.items()}
    for form in FORMS.values():
        words = [
            f"{field}={kind.form}" if field in form.needed else f"[{field}={kind.form}]"
            for field, kind in form.kinds.items()
        ]
        found[form.name] = (form.code, " ".join(words))
    found |= {NAMES[code]: (code, f"{RAW}=HEX") for code in OPAQUE}
    found |= {form.name: (form.code, form.fields) for form in P0_FORMS.values()}
    return found


def _product(arguments: argparse.Namespace) -> Product | None:
    return read(arguments.product).product if arguments.product else None


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number: give one such as 9 or 0x09") from None


_VERBS = {"decode": _decode, "encode": _encode, "list": _list}
