"""Everything of a factory image but the identity: what all units of one run have in common."""

import argparse
import dataclasses
import datetime
import importlib.util
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from wxlink.assets import asset
from wxlink.flash import app, boards, firmware_cache, image, nvs
from wxlink.flash.boards import Board
from wxlink.flash.identity import Identity
from wxlink.flash.problem import FlashError

CONFIG_FILE_MAX: Final = 64 * 1024  # bytes
_FLASH_SIZE: Final = re.compile(r"(4|8|16|32) ?MB", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True)
class Recipe:
    """Board, stock image, application, configuration and certificate: with an identity, a factory image."""

    board: Board
    firmware: bytes
    application: app.Application
    config: Mapping[str, Any]
    ca: bytes | None

    def image(self, identity: Identity) -> image.FactoryImage:
        """The factory image of one unit. Raises FlashError."""
        files = self.application.files()
        return image.build(self.board, self.firmware, identity, files, self.config, ca=self.ca)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that a Recipe is made of."""
    parser.add_argument("board", metavar="BOARD", help="one of `wxlink flash boards`")
    parser.add_argument("--relay", metavar="URL", help="the relay that the units connect to")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="JSON object with more keys of firmware/README.md"
    )
    parser.add_argument(
        "--ca", type=Path, metavar="FILE", help="certificate that an https relay is checked by, PEM or DER"
    )
    parser.add_argument(
        "--production", action="store_true", help="close the console: no prompt that shows secrets"
    )
    parser.add_argument(
        "--firmware",
        type=Path,
        metavar="FILE",
        help="MicroPython's own image for the board (default: fetched once from micropython.org, then kept)",
    )
    parser.add_argument(
        "--flash-size", metavar="SIZE", help="4MB, 8MB, 16MB or 32MB (default: what the board has)"
    )


def of(arguments: argparse.Namespace) -> Recipe:
    """The Recipe that the options describe, every part of it checked. Raises FlashError."""
    board = boards.load(arguments.board)
    if arguments.flash_size:
        size = _FLASH_SIZE.fullmatch(arguments.flash_size)
        if size is None:
            raise FlashError(f"--flash-size {arguments.flash_size}: give 4MB, 8MB, 16MB or 32MB")
        board = board.with_flash(int(size[1]) * boards.MIB)
    ca = certificate(arguments.ca) if arguments.ca else None
    config = _config(arguments)
    _check(board, config, ca)
    firmware = firmware_cache.load(board, arguments.firmware)
    return Recipe(board, firmware, app.build(), config, ca)


def certificate(path: Path) -> bytes:
    """A certificate in DER: MicroPython takes no other form. Raises FlashError."""
    data = _read(path)
    try:
        if b"-----BEGIN" in data:
            found = x509.load_pem_x509_certificates(data)
        else:
            found = [x509.load_der_x509_certificate(data)]
    except ValueError as error:
        raise FlashError(f"{path} is no certificate, neither PEM nor DER") from error
    if len(found) != 1:
        raise FlashError(f"{path} holds {len(found)} certificates: give the one of the relay's authority")
    if found[0].not_valid_after_utc < datetime.datetime.now(datetime.UTC):
        raise FlashError(f"{path} expired on {found[0].not_valid_after_utc:%Y-%m-%d}: no unit could connect")
    return found[0].public_bytes(serialization.Encoding.DER)


def _config(arguments: argparse.Namespace) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if arguments.config:
        try:
            config = json.loads(_read(arguments.config))
        except ValueError as error:
            raise FlashError(f"{arguments.config} is not JSON: {error}") from error
        if not isinstance(config, dict):
            raise FlashError(f"{arguments.config} must hold one JSON object")
    if arguments.relay:
        config["relay"] = arguments.relay
    if arguments.production:
        config["production"] = True
    if "relay" not in config:
        raise FlashError("which relay do the units connect to? Give --relay URL, or `relay` in --config FILE")
    return config


def _check(board: Board, config: Mapping[str, Any], ca: bytes | None) -> None:
    """Let the module's own code read the configuration: what it refuses would be found on the chip only."""
    spec = importlib.util.spec_from_file_location("wxlink_module_config", asset("firmware/module/config.py"))
    if spec is None or spec.loader is None:
        raise FlashError("this installation of wxlink lacks firmware/module/config.py: reinstall it")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        module.load_chip(_Factory(json.dumps({**nvs.pins(board), **config}).encode(), ca))
    except module.ConfigError as error:
        raise FlashError(str(error)) from error


class _Factory:
    """The chip's port, as far as the configuration asks it."""

    def __init__(self, config: bytes, ca: bytes | None) -> None:
        self._blobs = {"config": config, "ca": ca}

    def factory(self, name: str) -> bytes | None:
        return self._blobs.get(name)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(CONFIG_FILE_MAX)
    except OSError as error:
        raise FlashError(f"{path}: {error.strerror}") from error
