"""protocol/README.md says what the code does: generated parts are fresh, examples run, frames are real."""

import doctest
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest
from payload_check import meaning

from wxproto import envelope, meanings
from wxproto.frame import Decoder, Frame

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "protocol" / "README.md"
TEXT = BOOK.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def book() -> ModuleType:
    spec = importlib.util.spec_from_file_location("book", ROOT / "protocol" / "book.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_fresh(book: ModuleType) -> None:
    assert book.render(TEXT) == TEXT, "run python protocol/book.py"


def test_a_part_that_is_missing_or_unknown_is_an_error(book: ModuleType) -> None:
    with pytest.raises(LookupError, match="commands"):
        book.render(TEXT.replace("<!-- generated:commands -->", ""))
    with pytest.raises(LookupError):
        book.render(TEXT + "<!-- generated:nothing -->\n<!-- /generated -->\n")


def test_python_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, attempted = doctest.testfile(str(BOOK), module_relative=False, encoding="utf-8")
    assert attempted >= 20
    assert failed == 0


EXAMPLES = [bytes.fromhex(found) for found in re.findall(r"^\| `([0-9A-F ]+)` \|", TEXT, re.MULTILINE)]


@pytest.mark.parametrize("data", [one for one in EXAMPLES if one[0] == 0xFF], ids=lambda data: data.hex())
def test_an_example_frame_is_one_good_frame(data: bytes) -> None:
    (found,) = Decoder().feed(data)
    assert isinstance(found, Frame)
    assert meaning(found)[1] == found.payload


@pytest.mark.parametrize("data", [one for one in EXAMPLES if one[0] == 0], ids=lambda data: data.hex())
def test_an_example_envelope_is_well_formed(data: bytes) -> None:
    if data[4] == 0x02:
        assert envelope.decode_service(data)[0] in meanings.SERVICES
    else:
        assert envelope.decode(data).cmd in meanings.ENVELOPES


def test_worked_examples_are_frames_that_vendor_programs_sent() -> None:
    vectors = json.loads((ROOT / "protocol" / "vectors" / "serial-frames.json").read_text(encoding="utf-8"))
    recorded = {vector["hex"] for vector in vectors}
    shown = {data.hex().upper() for data in EXAMPLES}
    for name in ("read_reply_gokit", "report_gokit_full", "report_var_bits_and_u8", "report_var_u16_u32"):
        assert next(vector["hex"] for vector in vectors if vector["name"] == name) in shown
    assert len(shown & recorded) >= 24
