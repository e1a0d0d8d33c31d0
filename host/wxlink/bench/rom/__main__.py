"""`python -m wxlink.bench.rom`: a blank chip in its loader to try esptool or `wxlink flash write` on."""

import argparse
import sys
from pathlib import Path

from wxlink.bench.rom.chips import CHIPS
from wxlink.bench.rom.flash import Flash
from wxlink.bench.rom.port import RomPort


def main() -> int:
    """Serve until the input ends (Ctrl-D, or the program that started it goes away)."""
    parser = argparse.ArgumentParser(
        prog="python -m wxlink.bench.rom",
        description=__doc__,
        epilog="example: python -m wxlink.bench.rom --chip esp32c3 --save flash.bin",
    )
    parser.add_argument("--chip", choices=CHIPS, default="esp32", help="which (default %(default)s)")
    parser.add_argument("--mac", default="240ac4c0ffee", metavar="HEX", help="its address (%(default)s)")
    parser.add_argument("--flash-mb", type=int, choices=(2, 4, 8, 16), default=4, help="default %(default)s")
    parser.add_argument("--stub", action="store_true", help="take esptool's stub, as a real chip does")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the flash there at the end")
    arguments = parser.parse_args()
    try:
        mac = bytes.fromhex(arguments.mac)
    except ValueError:
        mac = b""
    if len(mac) != 6:
        parser.error("--mac takes 12 hex digits")
    flash = Flash(arguments.flash_mb << 20)
    with RomPort(arguments.chip, mac=mac.hex(), flash=flash, takes_stub=arguments.stub) as port:
        sys.stdout.write(f"{port.tty}\n")
        sys.stdout.flush()
        try:
            sys.stdin.read()
        except KeyboardInterrupt:
            sys.stdout.write("\n")
    if arguments.save:
        try:
            port.flash.save(arguments.save)
        except OSError as error:
            sys.stderr.write(f"{arguments.save}: {error.strerror}: name another --save\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
