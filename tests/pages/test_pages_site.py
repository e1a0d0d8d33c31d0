"""The files of the pages: all of them are served, and they ask for nothing else."""

import re
from importlib.resources import files

import pytest

from wxlink.pages import MODULES, PAGES, PICTURES, STATIC_ROOT, STYLES, load_site

NOT_SERVED = {"package.json"}  # tells node and editors that the modules are modules


def test_the_table_names_the_files_that_there_are() -> None:
    there = {file.name for file in files("wxlink.pages").joinpath("static").iterdir()}
    assert {*PAGES, *MODULES, *PICTURES, *STYLES} == there - NOT_SERVED


def test_every_reference_leads_to_a_file_of_this_version() -> None:
    site = load_site()
    root = f"{STATIC_ROOT}{site.digest}/"
    for name, page in site.pages.items():
        for address in re.findall(r'(?:src|href)="([^"]+)"', page.body.decode()):
            assert address.startswith(root) or address == "/h5/", f"{name}: {address}"
            assert address == "/h5/" or address.removeprefix(root) in site.static, f"{name}: {address}"
    for name, asset in site.static.items():
        text = asset.body.decode()
        for address in re.findall(r'from "\./([^"]+)"|url\("([^"]+)"\)', text):
            assert "".join(address) in site.static, f"{name}: {address}"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_preloads_exactly_the_modules_that_its_script_imports(page: str) -> None:
    site = load_site()
    text = site.pages[page].body.decode()
    entry = re.findall(r'<script type="module" src="[^"]*/([^"/]+)">', text)
    needed, todo = set[str](), list(entry)
    while todo:
        for name in re.findall(r'from "\./([^"]+)"', site.static[todo.pop()].body.decode()):
            if name not in needed:
                needed.add(name)
                todo.append(name)
    assert set(re.findall(r'rel="modulepreload" href="[^"]*/([^"/]+)"', text)) == needed


@pytest.mark.parametrize("page", PAGES)
def test_a_page_holds_no_inline_script_style_or_handler(page: str) -> None:
    text = load_site().pages[page].body.decode()
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|javascript:", text)
