"""TypeScript types, judged by tsc --strict: what is right passes, what is wrong is found."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wxlink.assets import asset
from wxlink.codegen import ts
from wxlink.product import from_definition, read

FOLDER = asset("protocol/products")
PRODUCTS = sorted(path for path in FOLDER.iterdir() if path.suffixes in ([".json"], [".toml"]))
SAMPLES = Path(__file__).parents[1] / "relay"
FLAGS = ["--strict", "--noEmit", "--noUnusedLocals", "--target", "es2020"]

USE = """
import type { ClientMessage, Control, GokitAttrs, Latest, ServerMessage } from "./gokit";
import { DATA_POINTS, PRODUCT_KEY } from "./gokit";

const did = "Kq7mT2xW9bRf4LsVn8Zc3d";
const attrs = { LED_OnOff: true, LED_Color: "粉色" } as const;
export const write: ClientMessage = { cmd: "c2s_write", data: { did, attrs } };
export const index: Control = { attrs: { LED_Color: 3, LED_OnOff: 1, Motor_Speed: -2 } };
export const key: string = PRODUCT_KEY;
export const names: readonly (keyof GokitAttrs)[] = DATA_POINTS;
export function warm(message: ServerMessage): number | undefined {
  return message.cmd === "s2c_noti" ? message.data.attrs.Temperature : undefined;
}
export const latest: Latest = { did, updated_at: 0, attr: { LED_OnOff: 1, LED_Color: "黄色" } };

// @ts-expect-error a colour that the product does not have
export const colour: Control = { attrs: { LED_Color: "green" } };
// @ts-expect-error an index beyond the last
export const beyond: Control = { attrs: { LED_Color: 4 } };
// @ts-expect-error nobody can set a reading
export const reading: Control = { attrs: { Temperature: 20 } };
// @ts-expect-error a command that does not exist
export const command: ClientMessage = { cmd: "c2s_writ", data: { did, attrs: {} } };
// @ts-expect-error HTTP tells bools as numbers
export const http: Latest = { did, updated_at: 0, attr: { LED_OnOff: true } };
// @ts-expect-error a data point that does not exist
export const read: ClientMessage = { cmd: "c2s_read", data: { did, names: ["Humid"] } };
"""

ANSWERS = (
    (r"POST /app/(users|login)", "Login"),
    (r"POST /app/bind_mac", "BoundDevice"),
    (r"GET /app/devices/\w+", "Device"),
    (r"GET /app/bindings", "Bindings"),
    (r"(POST|DELETE) /app/bindings", "BindingsChanged"),
    (r"GET /app/devdata/\w+/latest", "Latest<Anything>"),
)
"""Call -> type of its good answer."""


@pytest.fixture
def tsc(tmp_path: Path) -> Callable[..., None]:
    """A function that type-checks files of tmp_path and fails with what the compiler says."""
    program = shutil.which("tsc")
    if program is None:
        pytest.skip(
            "no TypeScript compiler: install node-typescript (or npm's typescript) to check the types"
        )

    def check(*names: str) -> None:
        done = subprocess.run(
            [program, *FLAGS, *names], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout

    return check


def write(folder: Path, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return list(files)


def test_right_use_passes_and_each_mistake_is_found(tsc: Callable[..., None], tmp_path: Path) -> None:
    write(tmp_path, ts.files(read(FOLDER / "gokit.json")))
    tsc(*write(tmp_path, {"use.ts": USE}))


def test_the_types_of_every_product_are_sound(tsc: Callable[..., None], tmp_path: Path) -> None:
    """All in one folder: they share app-api.ts."""
    tsc(*{name: None for path in PRODUCTS for name in write(tmp_path, ts.files(read(path)))})


def test_published_messages_have_these_types(tsc: Callable[..., None], tmp_path: Path) -> None:
    """The samples that the relay is tested with, collected from public documents and clients."""
    lines = ['import type * as api from "./app-api";', ""]
    lines.append("interface Anything extends api.ProductTypes {")
    lines += [f"  {name}: Record<string, unknown>;" for name in ("attrs", "writable", "latest")]
    lines.append("}")
    count = 0
    for type_, value in [*_http_samples(), *_ws_samples()]:
        count += 1
        lines.append(f"export const s{count}: api.{type_} = {json.dumps(value, ensure_ascii=False)};")
    assert count > 25
    (tmp_path / ts.API).write_text(asset(f"protocol/templates/{ts.API}").read_text("utf-8"), "utf-8")
    tsc(*write(tmp_path, {"samples.ts": "\n".join(lines) + "\n"}))


def _http_samples() -> list[tuple[str, Any]]:
    found = []
    for sample in json.loads((SAMPLES / "app_api_samples.json").read_text("utf-8"))["samples"]:
        call = f"{sample['request']['method']} {sample['request']['path']}"
        answer = sample["response"]
        if answer["status"] >= 400:
            found.append(("ApiError", answer["json"]))
            continue
        types = [type_ for pattern, type_ in ANSWERS if re.fullmatch(pattern, call)]
        found += [(type_, answer["json"]) for type_ in types]
        if "/app/control/" in call:
            found.append(("Control<Anything>", sample["request"]["json"]))
    return found


def _ws_samples() -> list[tuple[str, Any]]:
    found = []
    for sample in json.loads((SAMPLES / "ws_samples.json").read_text("utf-8")).values():
        for side, type_ in (("request", "ClientMessage<Anything>"), ("response", "ServerMessage<Anything>")):
            value = sample.get(side)
            messages = value if isinstance(value, list) else [value]
            found += [(type_, one) for one in messages if isinstance(one, dict) and "cmd" in one]
    return found


def test_any_names_and_texts_are_sound(tsc: Callable[..., None], tmp_path: Path) -> None:
    evil = "*\u200b/ */ // `${1}` \"'\\ \u2028 \n@see {x}"
    attrs = [
        {
            "id": i,
            "name": name,
            "type": "status_writable",
            "data_type": "enum",
            "enum": texts,
            "display_name": evil,
        }
        for i, (name, texts) in enumerate(
            [
                ("class", [evil]),
                ("__proto__", ["", ""]),
                ("constructor", [f"text {i} of many" for i in range(256)]),
            ]
        )
    ]
    attrs.append({"id": 3, "name": "blob", "type": "alert", "data_type": "binary", "position": {"len": 3}})
    definition = {
        "name": evil,
        "product_key": "0" * 32,
        "protocolType": "var_len",
        "entities": [{"attrs": attrs}],
    }
    tsc(*write(tmp_path, ts.files(from_definition(definition, "control"))))
