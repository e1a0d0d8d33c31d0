"""`wxlink product` as a maker and as CI call it: files, words and exit statuses."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from product_kinds import PRODUCTS, SAMPLES

from wxlink.cli import main
from wxlink.product import read


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    status = main(["product", *map(str, words)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_new_writes_a_file_that_is_good_with_a_key_and_a_schema(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "heater.toml"
    status, out, _ = said(
        capsys, "new", path, "--zh", '暖"气', "--en", "Heater", "--length", "variable", "--json"
    )
    assert status == 0
    facts = json.loads(out)
    file = read(path)
    assert facts == {"file": str(path), "schema": facts["schema"], "product_key": file.product.product_key}
    assert (file.product.name, file.product.name_en, file.product.variable) == ('暖"气', "Heater", True)
    named = path.read_text("utf-8").splitlines()[0].removeprefix("#:schema ")
    assert (
        jsonschema.Draft202012Validator.check_schema(json.loads((tmp_path / named).read_text("utf-8")))
        is None
    )
    status, out, _ = said(capsys, "check", path)
    assert (status, "good: 5 data points of variable length" in out) == (0, True)
    other = tmp_path / "other.toml"
    assert said(capsys, "new", other)[0] == 0
    assert read(other).product.product_key != file.product.product_key


def test_new_keeps_a_file_that_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("# my work\n")
    status, _, err = said(capsys, "new", path)
    assert (status, path.read_text()) == (1, "# my work\n")
    assert "is there already" in err
    assert "--force" in err
    assert said(capsys, "new", path, "--force")[0] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--zh", "灯" * 1025), "zh has 1025 characters: shorten it to 1024"),
        (("--en", "\udcff"), "no UTF-8 text: give another --zh and --en"),
    ],
    ids=["long", "no text"],
)
def test_new_writes_no_file_that_cannot_be_read_back(
    words: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = said(capsys, "new", tmp_path / "lamp.toml", *words)
    assert (status, out, says in err) == (1, "", True)
    assert not list(tmp_path.iterdir())


def test_what_new_says_to_do_next_is_a_command_that_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = said(capsys, "new", tmp_path / "台灯 1.toml")
    assert status == 0
    assert main(shlex.split(out.partition("then: ")[2])[1:]) == 0


def test_check_tells_compilers_and_programs_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lamp.toml"
    text = (PRODUCTS / "lamp.toml").read_text("utf-8")
    path.write_text(text.replace('"writable"', '"writeable"', 1).replace("unit", "units", 1), "utf-8")
    status, out, err = said(capsys, "check", path, PRODUCTS / "gokit.json")
    assert status == 1
    assert "gokit.json: good: 15 data points" in out
    lines = err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"{path}:11:1: data point Power: class cannot be")
    status, out, err = said(capsys, "check", "--json", path)
    assert (status, err) == (1, "")
    problems = json.loads(out)["problems"]
    assert [problem["line"] for problem in problems] == [11, 33]
    assert set(problems[0]) == {"line", "column", "point", "text", "remedy"}


def test_diff_is_a_gate_for_ci(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = PRODUCTS / "lamp.toml", tmp_path / "lamp.toml"
    text = old.read_text("utf-8")
    for change, status, words in (
        (("", ""), 0, "no difference"),
        (("台灯", "灯"), 0, "safe"),
        (("[1, 100]", "[1, 200]"), 3, "needs MCU update"),
        (('"Scene"', '"Mood"'), 4, "breaks apps"),
    ):
        new.write_text(text.replace(*change), "utf-8")
        got, out, _ = said(capsys, "diff", old, new)
        assert (got, out.splitlines()[-1]) == (status, words)
    status, out, _ = said(capsys, "diff", "--json", old, new)
    assert status == 4
    answer = json.loads(out)
    assert answer["level"] == "breaks apps"
    assert answer["changes"][0] == {
        "level": "breaks apps",
        "point": "Scene",
        "text": 'renamed to "Mood"',
        "reason": "apps name it in the API, boards do not",
    }
    assert said(capsys, "diff", old, tmp_path / "nowhere.toml")[0] == 1


@pytest.mark.parametrize(
    "path", [*SAMPLES, PRODUCTS / "gokit.json", PRODUCTS / "meter.json"], ids=lambda path: path.stem
)
def test_import_and_export_lose_nothing(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported, imported, again = (tmp_path / name for name in ("a.json", "b.toml", "c.json"))
    assert said(capsys, "export", path, "--out", exported)[0] == 0
    assert said(capsys, "import", exported, "--out", imported)[0] == 0
    assert said(capsys, "export", imported, "--out", again)[0] == 0
    assert (
        json.loads(exported.read_text("utf-8"))
        == json.loads(again.read_text("utf-8"))
        == read(path).definition
    )
    assert said(capsys, "diff", path, imported) == (0, "no difference\n", "")
    status, out, _ = said(capsys, "export", path)
    assert (status, json.loads(out)) == (0, read(path).definition)
    assert said(capsys, "import", exported, "--out", imported)[0] == 1


def test_import_names_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    definition = json.loads((PRODUCTS / "gokit.json").read_text("utf-8"))
    definition["entities"][0]["attrs"][1]["enum"] = 5
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(definition), "utf-8")
    status, _, err = said(capsys, "import", path)
    assert status == 1
    assert f"{path}: data point LED_Color: enum must be a list" in err


def test_a_file_is_written_only_under_an_ending_that_reads_it_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for verb, source, name in (("import", "gokit.json", "a.json"), ("export", "lamp.toml", "a.toml")):
        with pytest.raises(SystemExit) as ended:
            said(capsys, verb, PRODUCTS / source, "--out", tmp_path / name)
        assert (ended.value.code, "the file must end in ." in capsys.readouterr().err) == (2, True)
    assert not list(tmp_path.iterdir())
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    assert said(capsys, "new", folder)[2].endswith("folder.toml is there already: name another file\n")
    status, _, err = said(capsys, "new", tmp_path / "nowhere" / "lamp.toml")
    assert (status, "name a file that can be written" in err) == (1, True)


def test_what_a_terminal_would_obey_is_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('[product]\nlength = "\\u001b[2J"\n', "utf-8")
    status, _, err = said(capsys, "check", path)
    assert (status, r'length cannot be "\x1b[2J"' in err) == (1, True)


@pytest.mark.parametrize(
    ("output", "status", "err"),
    [
        ("| true", 141, ""),
        (">&-", 0, ""),
        (">/dev/full", 1, "wxlink: no space left for the output\n"),
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_nobody_reads_gives_no_traceback(
    output: str, status: int, err: str, unbuffered: str
) -> None:
    files = " ".join([str(PRODUCTS / "lamp.toml")] * 50)
    command = f"{sys.executable} -m wxlink.cli product check {files} {output}; exit ${{PIPESTATUS[0]}}"
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(["bash", "-c", command], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, err)


@pytest.mark.parametrize("verb", ["new", "check", "diff", "import", "export"])
def test_every_verb_helps_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["product", verb, "--help"])
    assert ended.value.code == 0
    assert f"example: wxlink product {verb} " in " ".join(capsys.readouterr().out.split())
