"""The generated protocol book in a real browser: it fits phone and paper, and leads to its other language."""

from pathlib import Path

import pytest
from pages.chromium import Chromium
from pages.chromium_process import ChromiumProcess

from wxlink.assets import asset
from wxlink.codegen import book
from wxlink.product import read

pytestmark = pytest.mark.browser

PAPER = 680  # CSS pixels between the margins of an A4 page
PHONE = 375
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
WIDE = """[...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > document.body.getBoundingClientRect().right + 1)
    .map((one) => one.outerHTML.slice(0, 80))"""
TORN = """[...document.querySelectorAll(".wire, .frame, .map, tr")]
    .filter((one) => getComputedStyle(one).breakInside !== "avoid")
    .map((one) => one.outerHTML.slice(0, 80))"""
"""What the end of a page may cut in two."""


@pytest.fixture(params=["gokit.json", "meter.json", "wristband.toml"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """Addresses of the books of one product, Chinese first."""
    files = book.files(read(asset("protocol/products") / request.param))
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    return [(tmp_path / name).as_uri() for name in files]


async def test_a_book_fits_phone_and_paper_in_both_languages(
    books: list[str], chromium: ChromiumProcess
) -> None:
    async with Chromium(chromium) as browser:
        await browser.open(books[0])
        for language in ("zh-CN", "en"):
            assert await browser.evaluate("document.documentElement.lang") == language
            await browser.viewport(PHONE)
            assert await browser.evaluate(OVERFLOW) <= 0
            await browser.viewport(PAPER)
            await browser.command("Emulation.setEmulatedMedia", media="print")
            assert await browser.evaluate(WIDE) == []
            assert await browser.evaluate(TORN) == []
            await browser.command("Emulation.setEmulatedMedia", media="screen")
            other = await browser.evaluate("document.querySelector('.languages a').href")
            assert other in books
            await browser.open(other)
        assert await browser.evaluate("document.documentElement.lang") == "zh-CN"
        assert browser.complaints == []
