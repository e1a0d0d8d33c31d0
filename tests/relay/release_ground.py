"""Release files as they must be, and as they must not be."""

import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wxlink.relay.store import MCU, MODULE, Release, Rule, Store
from wxlink.relay.store.release_files import ReleaseFiles

FILES = {"module/program.mpy": b"M\x06\x00\x1f" * 40, "wxproto/p0.mpy": b"codec" * 30}
IMAGE = bytes(range(256)) * 40


def module_files(version: str, files: Mapping[str, bytes] = FILES, **changed: Any) -> dict[str, bytes]:
    """The files of an application slot, with their manifest."""
    manifest = {
        "version": version,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        **changed,
    }
    return {**files, "manifest.json": json.dumps(manifest).encode()}


def packed(files: Mapping[str, bytes], window_bits: int = 10) -> bytes:
    """A gzip'd ustar archive, written without the code under test."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    squeeze = zlib.compressobj(9, wbits=16 + window_bits)
    return squeeze.compress(plain.getvalue()) + squeeze.flush()


def module_file(folder: Path, version: str) -> Path:
    """A release file of the module."""
    path = folder / f"app-{version}.tgz"
    path.write_bytes(packed(module_files(version)))
    return path


def mcu_file(folder: Path, content: bytes = IMAGE, name: str = "mcu.bin") -> Path:
    """A release file of a product MCU."""
    path = folder / name
    path.write_bytes(content)
    return path


async def released(
    store: Store, data_dir: Path, source: Path, version: str, *, product_key: str = "", percent: int = 100
) -> Release:
    """A release that is rolled out; of an MCU when a product is named."""
    kind = MCU if product_key else MODULE
    file, version = ReleaseFiles(data_dir).keep(source, kind, version)
    made = await store.releases.add(kind, version, product_key, file, notes="", at=0.0)
    await store.releases.roll_out(made.id, [Rule("", "", percent)])
    release = await store.releases.get(made.id)
    assert release is not None
    return release
