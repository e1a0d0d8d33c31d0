"""Product file -> C: what is generated, and that it compiles whatever a product calls its data points."""

import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wxlink.assets import asset
from wxlink.cli import main
from wxlink.codegen import generate
from wxlink.codegen.build import compile_c
from wxlink.codegen.tree import Tree
from wxlink.product import read
from wxlink.product.reading import MAX_FILE
from wxproto.product import Point, Product, ProductError

GOKIT = asset("protocol/products/gokit.json")
GENERATED = ["gokit_product.h", "gokit_product.c", "gokit_names.c", "wxlink_product_config.h"]


def write(product_file: Path, out: Path) -> list[Path]:
    """Write the C files; gives their paths."""
    tree = Tree(read(product_file), ["c"], out)
    tree.write()
    return tree.paths


def product_of(*attrs: dict[str, Any], form: str = "standard", name: str = "a product") -> Product:
    return Product.from_dict(
        {
            "name": name,
            "product_key": "0" * 32,
            "protocolType": form,
            "entities": [{"attrs": [{"id": id_, **attr} for id_, attr in enumerate(attrs)]}],
        }
    )


def attr(name: str, data_type: str, kind: str = "status_writable", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "data_type": data_type, **more}


def number(
    name: str, data_type: str, limits: tuple[int, int], ratio: float, addition: float
) -> dict[str, Any]:
    spec = {"min": limits[0], "max": limits[1], "ratio": ratio, "addition": addition}
    return attr(name, data_type, "status_readonly", uint_spec=spec)


def test_committed_files_are_what_the_product_file_gives(tmp_path: Path) -> None:
    """If this fails: .venv/bin/wxlink codegen protocol/products/gokit.json --out <the folder below>."""
    committed = asset("protocol/csdk/examples/gokit/generated")
    written = write(GOKIT, tmp_path)
    assert sorted(path.name for path in written) == sorted(path.name for path in committed.iterdir())
    for path in written:
        assert path.read_text("utf-8") == (committed / path.name).read_text("utf-8")


def test_unchanged_files_are_left_untouched(tmp_path: Path) -> None:
    before = [path.stat().st_mtime_ns for path in write(GOKIT, tmp_path)]
    assert [path.stat().st_mtime_ns for path in write(GOKIT, tmp_path)] == before


def test_header_says_where_it_comes_from_and_nothing_of_this_machine() -> None:
    for text in generate(read(GOKIT).product).values():
        assert text.startswith(
            "/* Generated from 微信宠物屋 | GoKit pet house by wxlink codegen, do not edit."
        )
        assert not re.search(r"/work|/home|/tmp|20\d\d", text)


@pytest.mark.parametrize("form", ["standard", "var_len"])
def test_any_names_and_texts_compile(link: Callable[..., Any], form: str) -> None:
    """Names that are keywords, differ by case only or meet generated macros; texts that end comments."""
    evil = 'a */ int x; /* "*\u200b/ int y; /\u200b* ??/\n\\\u200b'
    product = product_of(
        *[
            attr(word, "bool", desc=evil, display_name=evil)
            for word in ("switch", "time", "data", "enum", "int")
        ],
        *[attr(word, "uint8") for word in ("Time", "TIME", "_t", "__LINE", "true", "unix", "__", "POINTS")],
        number("a", "uint8", (0, 9), 1, -1),
        number("a_RAW", "uint16", (1, 9), 0.5, 0),
        attr("mode", "enum", enum=["off", "on", "on", evil, "高", "  "], enum_en=["", "b*/", "", "", "", ""]),
        attr("blob", "binary", position={"len": 3}),
        form=form,
        name=evil,
    )
    assert (
        link(f"evil_{form}", product).rx(bytes.fromhex("FFFF00050100000006"))[0].startswith("tx FFFF004F02")
    )


def test_struct_members_keep_the_names_of_the_product_where_c_allows(tmp_path: Path) -> None:
    product = product_of(
        attr("switch", "bool"),
        attr("LED_R", "uint8"),
        attr("data", "binary", position={"len": 4}),
        attr("PWR", "bool"),  # registers, on an STM32 and on an AVR
        attr("ADC1", "uint16"),
        attr("B1", "bool"),  # a binary number, on an Arduino
        attr("B2", "bool"),
        attr("PI", "uint8"),
        attr("PD1", "uint8"),
        attr("PIN_1", "uint8"),
    )
    header = generate(product, "lamp")["lamp_product.h"]
    assert re.findall(r"^    (\w+ [\w\[\]]+);", header, re.M)[:10] == [
        "bool switch_",
        "uint8_t LED_R",
        "uint8_t data_[4]",
        "bool PWR_",
        "uint16_t ADC1_",
        "bool B1_",
        "bool B2",
        "uint8_t PI_",
        "uint8_t PD1_",
        "uint8_t PIN_1",
    ]


@pytest.mark.parametrize("names", [(None, "pet_house", "Pet House", "微信"), ("int", "p_9", "int", "p-9")])
def test_prefix_is_a_c_name(names: tuple[str | None, str, str, str]) -> None:
    given, expected, english, name = names
    product = Product(name, "0" * 32, False, product_of(attr("a", "bool")).points, english)
    assert list(generate(product, given)) == [
        f"{expected}_product.h",
        f"{expected}_product.c",
        f"{expected}_names.c",
        "wxlink_product_config.h",
    ]


SCALES = [
    number("plain", "uint8", (0, 200), 1, -13),
    number("tenths", "uint16", (0, 1000), 0.1, -20),
    number("fives", "uint16", (3, 900), 5, 2.5),
    number("evens", "uint16", (0, 900), 2, 1),
    number("wide", "uint32", (0, 4294967295), 0.01, -1000000),
    number("coarse", "uint32", (10, 90000), 300, -7),
]


def test_macros_convert_like_wxproto(
    build_product: Callable[..., Path], tmp_path: Path, seeded: random.Random
) -> None:
    product = product_of(*SCALES)
    for name, text in generate(product, "scale").items():
        (tmp_path / name).write_text(text, "utf-8")
    lines: list[str] = []
    expected: list[int] = []
    for point in product.points:
        scale = int(
            re.findall(rf"_{point.name.upper()}_SCALE (\d+)", (tmp_path / "scale_product.h").read_text())[0]
        )
        for raw in (point.minimum, point.maximum, *(seeded.randint(0, point.maximum) for _ in range(50))):
            lines.append(f"    show((long long)SCALE_{point.name.upper()}_DISPLAY({raw}u));")
            expected.append(round(point.scale.display(raw) * scale))
            shown = expected[-1] + seeded.randint(-3, 3)
            lines.append(f"    show((long long)SCALE_{point.name.upper()}_RAW({shown}LL));")
            expected.append(clamped(point, shown, scale))
    program = tmp_path / "scale.c"
    program.write_text(
        '#include <stdio.h>\n#include "scale_product.h"\n'
        'static void show(long long n) { printf("%lld\\n", n); }\n'
        "int main(void)\n{\n" + "\n".join(lines) + "\n    return 0;\n}\n"
    )
    built = build_product("scale", product, "scale", program)
    out = subprocess.run([built], capture_output=True, text=True, check=True).stdout.split()
    assert [int(word) for word in out] == expected


def clamped(point: Point, shown: int, scale: int) -> int:
    """What wxproto makes of a displayed number given in 1/scale."""
    return min(max(exact_raw(point, shown, scale), point.minimum or 0), point.maximum or 0)


def exact_raw(point: Point, shown: int, scale: int) -> int:
    ratio, addition = round((point.ratio or 0) * scale), round((point.addition or 0) * scale)
    return (2 * (shown - addition) + ratio) // (2 * ratio)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not JSON: Expecting value"),
        (b"{", "not JSON: Expecting property name"),
        (b"[]", "must be a JSON object"),
        (b'{"name": "x"}', "protocolType is missing"),
        (bytes(range(256)), "not UTF-8 text"),
        ("微信".encode("gbk"), "save the product file as UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" + b"9" * 5000 + b"]", "too many digits"),
        (b" " * (MAX_FILE + 1), "larger than 4194304 bytes"),
    ],
)
def test_a_bad_product_file_is_named_with_what_to_mend(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(ProductError, match=complaint) as caught:
        write(path, tmp_path / "out")
    assert str(caught.value).startswith(f"{path}:")
    assert not (tmp_path / "out").exists()


def test_a_byte_order_mark_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "gokit.json"
    path.write_bytes(b"\xef\xbb\xbf" + GOKIT.read_bytes())
    assert read(path) == read(GOKIT)


def test_command_prints_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codegen", str(GOKIT), "--out", str(tmp_path), "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert [Path(file).name for file in files] == GENERATED
    assert all(Path(file).is_file() for file in files)


def test_check_names_what_differs_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["codegen", str(GOKIT), "--out", str(out)]
    files = [str(out / name) for name in GENERATED]
    assert main([*command, "--check"]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == files
    assert said.err == "wxlink codegen: out of date; the same command without --check writes them\n"
    assert not out.exists()
    assert main(command) == 0
    capsys.readouterr()
    assert main([*command, "--check"]) == 0
    assert capsys.readouterr() == ("", "")
    changed = out / "gokit_product.c"
    changed.write_bytes(changed.read_bytes().replace(b"\n", b"\r\n"))
    assert main([*command, "--check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"differing": [files[1]]}
    assert b"\r\n" in changed.read_bytes()


@pytest.mark.parametrize("product", ["", "missing.json", "/dev/null/x.json"])
def test_command_fails_in_one_sentence(
    product: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["codegen", str(tmp_path / product), "--out", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("wxlink codegen: ")
    assert err.count("\n") == 1


def test_the_readme_example_compiles(build: Callable[..., Path], tmp_path: Path) -> None:
    csdk = asset("protocol/csdk")
    (example,) = re.findall(r"```c\n(.*?)```", (csdk / "README.md").read_text("utf-8"), re.S)
    (tmp_path / "example.c").write_text(example, "utf-8")
    build("readme.o", "-c", f"-I{csdk / 'examples/gokit/generated'}", tmp_path / "example.c")


def test_headers_serve_cpp_firmware_too(tmp_path: Path) -> None:
    if shutil.which("c++") is None:
        pytest.skip("no C++ compiler")
    csdk = asset("protocol/csdk")
    source = tmp_path / "sketch.cpp"
    named_as_types = product_of(
        *[attr(f"uint{bits}_t", f"uint{bits}") for bits in (8, 16, 32)],
        attr("bool", "bool"),
        *[attr(f"next{bits}", f"uint{bits}") for bits in (8, 16, 32)],
        attr("Next", "bool"),
    )
    header = generate(named_as_types, "types")["types_product.h"]
    (tmp_path / "types_product.h").write_text(header, "utf-8")
    source.write_text(
        '#include "gokit_product.h"\n#include "types_product.h"\n'
        "int main() { return wxlink_points[0].bits == 1 ? 0 : 1; }\n"
    )
    generated = csdk / "examples/gokit/generated"
    flags = ["-Wall", "-Wextra", "-Werror", f"-I{csdk}", f"-I{generated}", f"-I{tmp_path}"]
    compile_c(["c++", *flags, "-fsyntax-only", str(source)])
