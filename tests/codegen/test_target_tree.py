"""`wxlink codegen --for`: targets, the tree they make, and what is left over from before."""

import json
from pathlib import Path

import pytest

from wxlink.assets import asset
from wxlink.cli import main
from wxlink.codegen import targets, tree
from wxlink.product import read
from wxproto.product import ProductError

GOKIT = asset("protocol/products/gokit.json")
METER = asset("protocol/products/meter.json")
EVERY = [word for target in targets.TARGETS for word in ("--for", target)]


def listing(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("product", [GOKIT, METER], ids=lambda path: path.stem)
def test_every_target_gives_the_same_files_twice_and_nothing_of_this_machine(
    product: Path, tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        assert main(["codegen", str(product), "-o", str(tmp_path / folder), *EVERY]) == 0
    files = listing(tmp_path / "a")
    assert files
    assert listing(tmp_path / "b") == files
    assert main(["codegen", str(product), "-o", str(tmp_path / "b"), *EVERY, "--check"]) == 0
    for name, content in files.items():
        assert str(tmp_path).encode() not in content, name
        assert content.endswith(b"\n"), name


@pytest.mark.parametrize("target", targets.TARGETS)
def test_every_file_says_where_it_comes_from(target: str) -> None:
    product_file = read(GOKIT)
    said = targets.mark(product_file, target)
    contents = targets.files(product_file, target)
    assert any(said in content for content in contents.values() if isinstance(content, str))


def test_an_unknown_target_is_named_with_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["codegen", str(GOKIT), "-o", str(tmp_path), "--for", "cobol"])
    said = capsys.readouterr().err
    assert "cobol" in said
    assert all(target in said for target in targets.TARGETS)


def test_what_is_generated_no_more_is_noticed_and_left_to_the_maker(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    renamed = tmp_path / "pet.json"
    renamed.write_bytes(GOKIT.read_bytes())
    out = tmp_path / "out"
    assert main(["codegen", str(GOKIT), "-o", str(out)]) == 0
    assert main(["codegen", str(METER), "-o", str(out)]) == 0
    (out / "main.c").write_text("/* the maker's own */\n")
    old = [str(out / f"gokit_{name}") for name in ("names.c", "product.c", "product.h")]
    capsys.readouterr()
    assert main(["codegen", str(renamed), "-o", str(out)]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said == [f"wxlink codegen: {path} is generated no more: delete it" for path in old]
    assert main(["codegen", str(renamed), "-o", str(out), "--check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"differing": old}
    for path in old:
        Path(path).unlink()
    assert main(["codegen", str(renamed), "-o", str(out), "--check"]) == 0


def test_two_targets_that_write_one_file_need_two_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "files", lambda _, target: {"same": target})
    with pytest.raises(ProductError, match="give each its own folder"):
        tree.Tree(read(GOKIT), ["c", "d"], tmp_path)
