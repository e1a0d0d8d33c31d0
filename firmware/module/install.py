"""Puts a release file into a slot: looked through first, unpacked, read back, and only then marked whole.

The slot's own manifest.json, one JSON object, names version and SHA-256 of each file:

    {"version": "00010001", "files": {"module/bridge.mpy": "<64 hex digits>", ...}}

While the slot is filled that file has another name, so that a slot with a manifest.json is always whole.
"""

import asyncio
import hashlib
import os
from binascii import hexlify

from module.archive import Archive
from wxproto.errors import PeerError

MANIFEST = "manifest.json"
MAX_MANIFEST = 16384  # bytes; 128 entries take less
RESERVE = 32 * 1024  # bytes that stay free for settings and spool, and for the file system to work in
_FILLING = "manifest.new"
_CHUNK = 512  # bytes at once: a few milliseconds, then the serial line has its turn
_TEXT = 256  # bytes of the manifest read at once
_MAX_STRING = 72  # characters of a name or hash
_IS_FOLDER = 0x4000  # in the mode that stat() gives
_ENOENT = 2


class InstallError(PeerError):
    """The release cannot be installed; the text says why."""


class NoSpace(InstallError):
    """It could be, on a file system with more room."""


async def install(path, slot, version):
    """Fill the folder `slot` with the release file at `path`, which must be of `version`.

    Raises InstallError or ArchiveError when the file cannot be taken, if possible before the slot is
    touched; OSError when the file system fails.
    """
    info = os.statvfs(slot.rpartition("/")[0] or "/")
    need = await _look_through(path, info[0]) + RESERVE
    have = info[1] * info[3] + await _held(slot, info[0])
    if need > have:
        raise NoSpace(f"no space: {need // 1024} KB needed, {have // 1024} KB there")
    await clear(slot)
    await _unpack(path, slot)
    await _verify(slot, version)
    os.rename(slot + "/" + _FILLING, slot + "/" + MANIFEST)


async def clear(slot):
    """Remove the slot and all in it, its manifest first."""
    for name in (MANIFEST, _FILLING):
        try:
            os.remove(slot + "/" + name)
        except OSError as error:
            if error.errno != _ENOENT:
                raise
    folders = [slot]
    while folders:
        folder = folders[-1]
        inner = []
        for name, kind in _entries(folder):
            if kind == _IS_FOLDER:
                inner.append(folder + "/" + name)
            else:
                os.remove(folder + "/" + name)
            await asyncio.sleep_ms(0)
        if inner:
            folders.extend(inner)
        else:
            folders.pop()
            try:
                os.rmdir(folder)
            except OSError as error:
                if error.errno != _ENOENT:
                    raise


def version_of(slot):
    """The version that the slot's manifest names, or None."""
    try:
        for what, text in strings(slot + "/" + MANIFEST):
            if what == "version":
                return text
    except (OSError, ValueError):
        pass
    return None


def strings(path):
    """The pairs of texts in a manifest.json, name and value: ("version", ...), (file name, hash).

    Only as much of JSON as that file needs: all of it at once takes 12 KB of heap. InstallError when it is
    too long for a manifest or holds something else.
    """
    name = None
    for text in _quoted(path):
        if name is None:
            if text != "files":
                name = text
        else:
            yield name, text
            name = None
    if name is not None:
        raise InstallError("the manifest has a name without a value")


def _quoted(path):
    with open(path) as file:
        rest = file.read(_TEXT)
        block = rest
        total = len(rest)
        while True:
            start = rest.find('"')
            end = rest.find('"', start + 1)
            if start >= 0 and end > 0:
                yield rest[start + 1 : end]
                rest = rest[end + 1 :]
                continue
            if not block:
                if start >= 0:
                    raise InstallError("the manifest is cut short")
                return
            if len(rest) > _TEXT + _MAX_STRING:
                raise InstallError("the manifest is no list of files")
            block = file.read(_TEXT)
            total += len(block)
            if total > MAX_MANIFEST:
                raise InstallError(f"the manifest has more than {MAX_MANIFEST} bytes")
            rest = (rest[start:] if start >= 0 else "") + block


async def _look_through(path, block):
    """Read the whole archive once; returns the bytes that its files take in blocks of that size."""
    need = 0
    found = False
    buffer = bytearray(_CHUNK)
    with open(path, "rb") as file:
        archive = Archive(file)
        while True:
            entry = archive.next()
            if entry is None:
                break
            name, size = entry
            if name == MANIFEST:
                found = True
                if size > MAX_MANIFEST:
                    raise InstallError(f"the manifest has more than {MAX_MANIFEST} bytes")
            elif name == _FILLING:
                raise InstallError(f"the name {_FILLING} is not allowed")
            need += (2 - -size // block) * block  # and a folder of two blocks for each: few have so many
            while archive.read_into(buffer):
                await asyncio.sleep_ms(0)
    if not found:
        raise InstallError("it has no manifest.json")
    return need


async def _held(folder, block):
    """Bytes of the file system that a folder and what is in it take."""
    total = 0
    folders = [folder]
    while folders:
        folder = folders.pop()
        total += 2 * block
        for name, kind in _entries(folder):
            if kind == _IS_FOLDER:
                folders.append(folder + "/" + name)
            else:
                total += -(-os.stat(folder + "/" + name)[6] // block) * block
            await asyncio.sleep_ms(0)
    return total


def _entries(folder):
    """(name, kind) of what is in a folder; nothing when it is not there."""
    try:
        return [entry[:2] for entry in os.ilistdir(folder)]
    except OSError as error:
        if error.errno != _ENOENT:
            raise
        return []


async def _unpack(path, slot):
    made = set()
    buffer = bytearray(_CHUNK)
    with open(path, "rb") as file:
        archive = Archive(file)
        while True:
            entry = archive.next()
            if entry is None:
                return
            name = _FILLING if entry[0] == MANIFEST else entry[0]
            _make_folders(slot + "/" + name, made)
            with open(slot + "/" + name, "wb") as target:
                size = archive.read_into(buffer)
                while size:
                    target.write(memoryview(buffer)[:size])
                    await asyncio.sleep_ms(0)
                    size = archive.read_into(buffer)


def _make_folders(path, made):
    at = path.find("/", 1)
    while at > 0:
        folder = path[:at]
        if folder not in made:
            made.add(folder)
            os.mkdir(folder)
        at = path.find("/", at + 1)


async def _verify(slot, version):
    """Read every file back and compare it with the manifest; each must be named there, and be there."""
    named = 0
    told = None
    for name, text in strings(slot + "/" + _FILLING):
        if name == "version" and told is None:
            told = text
            if text != version:
                raise InstallError(f"it is version {text[:8]}, not {version}")
            continue
        named += 1
        if await digest(slot + "/" + name) != text:
            raise InstallError(f"{name} is not what the manifest says")
    if told is None:
        raise InstallError("the manifest names no version")
    if named + 1 != await _count(slot):
        raise InstallError("it has files that the manifest does not name")


async def _count(slot):
    count = 0
    folders = [slot]
    while folders:
        folder = folders.pop()
        for name, kind in _entries(folder):
            if kind == _IS_FOLDER:
                folders.append(folder + "/" + name)
            else:
                count += 1
        await asyncio.sleep_ms(0)
    return count


async def digest(path):
    """SHA-256 of a file in hexadecimal, or None when it is not there."""
    sha = hashlib.sha256()
    buffer = bytearray(_CHUNK)
    try:
        with open(path, "rb") as file:
            have = file.readinto(buffer)
            while have:
                sha.update(memoryview(buffer)[:have])
                await asyncio.sleep_ms(0)
                have = file.readinto(buffer)
    except OSError as error:
        if error.errno != _ENOENT:
            raise
        return None
    return str(hexlify(sha.digest()), "ascii")
