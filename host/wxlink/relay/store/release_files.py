"""The files of releases: checked when they come, kept once by their hash in the data folder."""

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import tarfile
import zlib
from pathlib import Path
from typing import Any, Final

from wxlink.relay.store.releases import MCU, MODULE, TYPES, File

FOLDER: Final = "releases"  # in the data folder
LIMITS: Final = {MODULE: 512 * 1024, MCU: 4 * 1024 * 1024}
"""Bytes of a file by type: an application slot of a module, the largest flash of common product MCUs."""
SUFFIXES: Final = {MODULE: (".tgz",), MCU: (".bin", ".hex")}
VERSION: Final = re.compile(r"[0-9A-Za-z._+-]{1,8}")  # modules keep 8 bytes; it stands in form text

UNPACKED_MAX: Final = 512 * 1024  # bytes of a module's files, as the module limits them
MEMBERS_MAX: Final = 128  # files and folders, as the module limits them
WINDOW_BITS: Final = 10  # of deflate: a module unpacks with a window of 1 KB
_GZIP: Final = 16  # added to the window bits: zlib then wants gzip's header
_PIECE: Final = 256  # bytes; small beside the window, so that what reaches farther back is seen
_MANIFEST: Final = "manifest.json"


class BadFile(ValueError):
    """The file cannot be released; the text says what to do."""


class ReleaseFiles:
    """The folder of release files."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    def path(self, file: File) -> Path:
        """Where the bytes of a file are."""
        return self._folder / file.sha256

    def keep(self, source: Path, kind: int, version: str | None = None) -> tuple[File, str]:
        """Check a file and keep a copy that only its owner can read; the copy, and its version.

        A module's file names its version itself. Raises BadFile, OSError.
        """
        content, version = read(source, kind, version)
        file = File(
            sha256=hashlib.sha256(content).hexdigest(),
            md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),  # GAgent checks by MD5
            size=len(content),
            suffix=source.suffix.lower(),
        )
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(self.path(file), content)
        return file, version


def read(source: Path, kind: int, version: str | None) -> tuple[bytes, str]:
    """The content of a file that may be released, and its version. Raises BadFile, OSError."""
    if version is not None:
        _check_version(version)
    if source.suffix.lower() not in SUFFIXES[kind]:
        raise BadFile(f"{source} is not named like {' or '.join('*' + one for one in SUFFIXES[kind])}")
    most = LIMITS[kind]
    with source.open("rb") as file:
        content = file.read(most + 1)
    if not content:
        raise BadFile(f"{source} is empty")
    if len(content) > most:
        raise BadFile(f"{source} is longer than {most} bytes, the most for --type {_name(kind)}")
    if kind == MODULE:
        try:
            version = _check_module(content, version)
        except BadFile as error:
            raise BadFile(f"{source} is no release of the module: {error}") from None
    if version is None:
        raise BadFile(f"{source} does not tell its version: give it with --version")
    return content, version


def _check_version(version: str) -> None:
    if not VERSION.fullmatch(version):
        raise BadFile("the version has 1 to 8 letters, digits or . _ + -")


def _name(kind: int) -> str:
    return next(name for name, number in TYPES.items() if number == kind)


def _check_module(content: bytes, version: str | None) -> str:
    """The version in its manifest. Raises BadFile unless a module would take it, and under that version."""
    files = _unpack(content)
    if _MANIFEST not in files:
        raise BadFile(f"there is no {_MANIFEST} in it")
    try:
        manifest = json.loads(files[_MANIFEST])
    except (ValueError, RecursionError):
        raise BadFile(f"its {_MANIFEST} is not JSON") from None
    told = manifest.get("version") if isinstance(manifest, dict) else None
    if not isinstance(told, str) or version not in (None, told):
        raise BadFile(f"its {_MANIFEST} says version {told!r:.20}, not {version!r}")
    _check_version(told)
    _check_hashes(manifest.get("files"), files)
    return told


def _check_hashes(told: Any, files: dict[str, bytes]) -> None:
    if not isinstance(told, dict) or set(told) != set(files) - {_MANIFEST}:
        raise BadFile(f"its {_MANIFEST} does not list exactly the files that are in it")
    for name, digest in told.items():
        if digest != hashlib.sha256(files[name]).hexdigest():
            raise BadFile(f"{name} is not the file that its {_MANIFEST} names")


def _inflate(content: bytes, most: int) -> bytes:
    """Unpack as a module does, with a window of 4 KB behind it. Raises BadFile beyond `most` bytes."""
    unzip = zlib.decompressobj(_GZIP + WINDOW_BITS)
    unpacked = bytearray()
    for at in range(0, len(content), _PIECE):
        waiting = content[at : at + _PIECE]
        # Small pieces: what zlib gives out in one call it can look back at, beyond its window.
        while waiting and not unzip.eof:
            unpacked += unzip.decompress(waiting, _PIECE)
            waiting = unzip.unconsumed_tail
            if len(unpacked) > most:
                raise BadFile(f"it holds more than {UNPACKED_MAX} bytes")
        if unzip.eof:
            break
    if not unzip.eof or unzip.unused_data or at + _PIECE < len(content):
        raise BadFile("it is cut short, or something follows it")
    return bytes(unpacked)


def _unpack(content: bytes) -> dict[str, bytes]:
    most = UNPACKED_MAX + (MEMBERS_MAX + 2) * 2 * tarfile.BLOCKSIZE + tarfile.RECORDSIZE
    try:
        unpacked = _inflate(content, most)
    except zlib.error as error:
        raise BadFile(f"it is not gzip with a window of {1 << WINDOW_BITS} bytes ({error})") from None
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as archive:
            for member in archive:
                if member.isdir():
                    continue
                source = archive.extractfile(member) if member.isreg() else None
                if source is None or member.name in files or len(files) == MEMBERS_MAX:
                    raise BadFile(f"it holds more than plain files, each once, {MEMBERS_MAX} at most")
                files[member.name] = source.read()
    except tarfile.TarError as error:
        raise BadFile(f"it is not a tar archive ({error})") from None
    if sum(map(len, files.values())) > UNPACKED_MAX:
        raise BadFile(f"it holds more than {UNPACKED_MAX} bytes")
    return files


def _write(path: Path, content: bytes) -> None:
    """Put it there whole or not at all."""
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == content:
            return
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
