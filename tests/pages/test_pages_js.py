"""The pure parts of the pages, tested by node's own runner."""

import asyncio
import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="node is not installed: apt-get install nodejs")
@pytest.mark.parametrize("file", sorted((HERE / "js").glob("*.mjs")), ids=lambda file: file.name)
async def test_module(file: Path) -> None:
    node = await asyncio.create_subprocess_exec(
        str(NODE), "--test", str(file), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await node.communicate()
    assert node.returncode == 0, output.decode()
