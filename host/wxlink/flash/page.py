"""The page of the module's access point, packed as the chip sends it: it is read once in a unit's life."""

import gzip
from collections.abc import Callable
from typing import Any, Final

LANGUAGES: Final = ("zh", "en")


def answers(source: str) -> dict[str, bytes]:
    """Name of the file -> the whole HTTP answer of one language. source: the firmware's captive_page.py."""
    made: dict[str, Any] = {}
    exec(compile(source, "captive_page.py", "exec"), made)  # noqa: S102 - a file of our own
    pieces: Callable[[str], tuple[str, ...]] = made["pieces"]
    return {f"page.{language}": _answer(made["HEADERS"], "".join(pieces(language))) for language in LANGUAGES}


def _answer(headers: str, page: str) -> bytes:
    body = gzip.compress(page.encode(), 9, mtime=0)
    head = (
        f"HTTP/1.0 200 OK\r\n{headers}Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
