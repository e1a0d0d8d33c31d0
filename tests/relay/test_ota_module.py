"""The relay's releases, fetched by the module's own code on MicroPython."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from relay_ground import PASSCODE
from test_ota_api import KEY, mcu_release, module_release, server

from wxlink.relay.store import Release

__all__ = ["mcu_release", "module_release", "server"]  # fixtures

ROOT = Path(__file__).resolve().parents[2]
MICROPYTHON = os.environ.get("WXLINK_MICROPYTHON") or str(Path(sys.executable).with_name("micropython"))
CLIENT = str(Path(__file__).with_name("ota_client.py"))
WITHIN_S = 60.0


async def fetch(server: TestServer, did: str, kind: int, current: str, part: Path) -> str:
    """What the client prints."""
    process = await asyncio.create_subprocess_exec(
        *(MICROPYTHON, CLIENT, str(server.port), did, PASSCODE, str(kind), KEY, current, str(part)),
        env={**os.environ, "MICROPYPATH": f"{ROOT / 'firmware'}:{ROOT / 'protocol'}:.frozen"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
    return output.decode().strip()


@pytest.mark.parametrize("had", [0, 1, 20], ids=["nothing", "one byte", "a part"])
async def test_the_module_proves_and_fetches_what_the_relay_has(
    server: TestServer, did: str, module_release: Release, tmp_path: Path, had: int
):
    content = (tmp_path / "app-1.1.0.tgz").read_bytes()
    part = tmp_path / "part"
    part.write_bytes(content[:had])
    assert await fetch(server, did, 1, "1.0.0", part) == module_release.version
    assert part.read_bytes() == content
    assert await fetch(server, did, 1, module_release.version, part) == "nothing new"


async def test_a_part_of_another_file_is_found_out_and_not_kept(
    server: TestServer, did: str, module_release: Release, tmp_path: Path
):
    part = tmp_path / "part"
    part.write_bytes(b"of another file")
    assert "its SHA-256 is another" in await fetch(server, did, 1, "1.0.0", part)
    assert not part.exists()
