"""`wxlink flash boards`: what boards there are."""

import argparse
import dataclasses
import json
import sys

from wxlink.flash import boards


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink flash boards`."""
    parser.add_argument("board", nargs="*", metavar="BOARD", help="show these in full (default: list all)")
    parser.add_argument("--json", action="store_true", help="print everything as one line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """List the boards, or show some in full."""
    chosen = [boards.load(name) for name in arguments.board or boards.names()]
    if arguments.json:
        everything = [dataclasses.asdict(board) for board in chosen]
        sys.stdout.write(json.dumps(everything, ensure_ascii=False) + "\n")
    elif arguments.board:
        sys.stdout.write("\n".join(_in_full(board) for board in chosen))
    else:
        width = max(len(board.name) for board in chosen)
        for board in chosen:
            size = f"{board.flash_size // boards.MIB} MB"
            sys.stdout.write(
                f"{board.name:{width}}  {board.chip:7}  {size:>5}  {board.names['en']}  {board.names['zh']}\n"
            )
    return 0


def _in_full(board: boards.Board) -> str:
    avoid = "".join(f"    {pin:2}  {why['en']}; {why['zh']}\n" for pin, why in sorted(board.avoid.items()))
    areas = "".join(
        f"    {one.offset:#08x}  {one.size // 1024:5} KB  {one.name}\n" for one in board.partitions.values()
    )
    led = (
        "none"
        if board.led is None
        else f"GPIO {board.led.pin}" + (", WS2812" if board.led.addressable else "")
    )
    return (
        f"{board.name}: {board.names['en']}, {board.names['zh']}\n"
        f"  chip      {board.chip}, {board.flash_size // boards.MIB} MB of flash\n"
        f"  MCU       tx GPIO {board.uart.tx}, rx GPIO {board.uart.rx}: {board.uart.why['en']}\n"
        f"            {board.uart.why['zh']}\n"
        f"  button    {'none' if board.button is None else f'GPIO {board.button.pin}'}\n"
        f"  light     {led}\n"
        f"  download  {board.reset.do['en']}\n            {board.reset.do['zh']}\n"
        f"  firmware  {board.firmware.file}, written at {board.load:#x}\n"
        f"  flash\n{areas}"
        f"  pins to avoid\n{avoid}"
    )
