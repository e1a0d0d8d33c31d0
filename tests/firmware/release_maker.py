"""Release files and offers as a relay has them, made by CPython's own tarfile, zlib and hmac."""

import hashlib
import hmac
import io
import json
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path

DID = "did0000000000000000001"
KEY = bytes.fromhex("00112233445566778899aabbccddeeff" * 2)
Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, content: bytes = b"", **fields: object) -> Member:
    """One member of an archive; `fields` are those of TarInfo."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def application(version: str, *others: Member) -> list[Member]:
    """A small application that names its version, the members `others`, and the manifest of all that."""
    files = [member("module/hello.py", f"VERSION = {version!r}\n".encode()), *others]
    hashes = {info.name: hashlib.sha256(content).hexdigest() for info, content in files if info.isfile()}
    listed = json.dumps({"version": version, "files": hashes})
    return [*files, member("manifest.json", listed.encode())]


def pack(members: Iterable[Member], window: int = 10, form: int = tarfile.USTAR_FORMAT) -> bytes:
    """A gzip'd archive, with a deflate window of 2^`window` bytes."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=form) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return gzipped(plain.getvalue(), window)


def gzipped(data: bytes, window: int = 10) -> bytes:
    """gzip with this window."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + window)
    return packer.compress(data) + packer.flush()


def offer(
    version: str, data: bytes, kind: int = 1, key: bytes = KEY, did: str = DID, **changes: object
) -> str:
    """The relay's line for this file; `changes` replace fields after it was signed."""
    digest = hashlib.sha256(data).hexdigest()
    signed = f"wxlink update 1\n{did}\n{kind}\n{version}\n{len(data)}\n{digest}\n"
    fields = {
        "soft_ver": version,
        "download_url": "http://elsewhere/dev/ota/v4.1/file/7",
        "size": len(data),
        "sha256": digest,
        "hmac": hmac.new(key, signed.encode(), "sha256").hexdigest(),
        **changes,
    }
    return "&".join(f"{name}={value}" for name, value in fields.items())


def write(folder: Path, data: bytes) -> str:
    """Keep the file under its hash; gives the path."""
    path = folder / hashlib.sha256(data).hexdigest()[:16]
    path.write_bytes(data)
    return str(path)
