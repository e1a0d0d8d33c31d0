"""Puts a release file into a slot: looked through first, unpacked, read back, and only then marked whole.

While the slot is filled its manifest.json has another name, so that a slot with one is always whole.
"""

import asyncio
import hashlib
import os
from binascii import hexlify

from module.archive import Archive
from module.slot_manifest import MANIFEST, MAX_MANIFEST, InstallError, strings

RESERVE = 32 * 1024  # bytes that stay free for settings and spool, and for the file system to work in
_FILLING = "manifest.new"
_CHUNK = 512  # bytes at once: a few milliseconds, then the serial line has its turn
_IS_FOLDER = 0x4000  # in the mode that stat() gives
_ENOENT = 2
_AT_ONCE = 8  # entries of a folder kept in the heap while they are removed


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
        entries = []
        for entry in _entries(folder):
            if len(entries) < _AT_ONCE:
                entries.append(entry)
        for name, kind in entries:
            if kind == _IS_FOLDER:
                folders.append(folder + "/" + name)
                break
            os.remove(folder + "/" + name)
            await asyncio.sleep_ms(0)
        if not entries:
            folders.pop()
            try:
                os.rmdir(folder)
            except OSError as error:
                if error.errno != _ENOENT:
                    raise


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
    """(name, kind) of what is in a folder, one by one; nothing when it is not there."""
    try:
        for entry in os.ilistdir(folder):
            yield entry[0], entry[1]
    except OSError as error:
        if error.errno != _ENOENT:
            raise


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
            if _is_there(slot + "/" + name):
                raise InstallError(f"{name} is in it twice")
            with open(slot + "/" + name, "wb") as target:
                size = archive.read_into(buffer)
                while size:
                    target.write(memoryview(buffer)[:size])
                    await asyncio.sleep_ms(0)
                    size = archive.read_into(buffer)


def _is_there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


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
