"""Stock images: fetched once, checked each time, and what is wrong with one is said in a line."""

import dataclasses
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import stand_in

from wxlink.flash import boards, firmware_cache
from wxlink.flash.boards import Board
from wxlink.flash.problem import FlashError

GOOD = stand_in.make("esp32").whole


class Site:
    """micropython.org as far as the tool asks it: every address has `content`; `asked` counts."""

    def __init__(self) -> None:
        self.content = GOOD
        self.asked = 0
        self.address = ""


@pytest.fixture
def site() -> Iterator[Site]:
    here = Site()

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked += 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(here.content)))
            self.end_headers()
            self.wfile.write(here.content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        here.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield here
        server.shutdown()
        thread.join()


def board(address: str, sha256: str = "") -> Board:
    known = boards.load("esp32-devkitc")
    url = f"{address}/{known.firmware.file}"
    return dataclasses.replace(known, firmware=dataclasses.replace(known.firmware, url=url, sha256=sha256))


def refusal(chosen: Board, given: Path | None, folder: Path) -> str:
    with pytest.raises(FlashError) as caught:
        firmware_cache.load(chosen, given, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("known", ["", hashlib.sha256(GOOD).hexdigest()])
def test_fetched_once(site: Site, tmp_path: Path, known: str) -> None:
    chosen = board(site.address, known)
    assert firmware_cache.load(chosen, None, tmp_path) == GOOD
    site.content = b"something else"
    assert firmware_cache.load(chosen, None, tmp_path) == GOOD
    assert site.asked == 1


def test_another_file_than_the_one_known_is_not_kept(site: Site, tmp_path: Path) -> None:
    assert "SHA-256" in refusal(board(site.address, "0" * 64), None, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content", [b"", b"<html>log in to the hotel's network</html>", GOOD[:-1], GOOD[:90_000]]
)
def test_what_is_no_image_is_not_kept(site: Site, tmp_path: Path, content: bytes) -> None:
    site.content = content
    refusal(board(site.address), None, tmp_path)
    assert not list(tmp_path.iterdir())
    site.content = GOOD
    assert firmware_cache.load(board(site.address), None, tmp_path) == GOOD


def test_an_image_that_changed_in_the_cache_is_refused(site: Site, tmp_path: Path) -> None:
    chosen = board(site.address)
    firmware_cache.load(chosen, None, tmp_path)
    (tmp_path / chosen.firmware.file).write_bytes(stand_in.make("esp32", app_size=90_000).whole)
    assert "has changed" in refusal(chosen, None, tmp_path)


def test_without_the_internet(tmp_path: Path) -> None:
    text = refusal(board("http://127.0.0.1:1"), None, tmp_path)
    assert "--firmware" in text
    assert "127.0.0.1:1" in text


def test_a_file_of_the_users(tmp_path: Path) -> None:
    mine = tmp_path / "mine.bin"
    mine.write_bytes(GOOD)
    assert firmware_cache.load(board("http://127.0.0.1:1", "0" * 64), mine, tmp_path) == GOOD
    mine.write_bytes(stand_in.make("esp32c3").whole)
    assert "esp32c3" in refusal(board("http://127.0.0.1:1"), mine, tmp_path)
    assert "nowhere.bin" in refusal(board("http://127.0.0.1:1"), tmp_path / "nowhere.bin", tmp_path)


def test_a_file_with_the_name_of_the_known_one_must_be_it(tmp_path: Path) -> None:
    chosen = boards.load("esp32-devkitc")
    mine = tmp_path / chosen.firmware.file
    mine.write_bytes(GOOD)
    assert "micropython.org" in refusal(chosen, mine, tmp_path)


def test_a_cache_that_cannot_be_made(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refusal(board(site.address), None, tmp_path / "file" / "cache")
