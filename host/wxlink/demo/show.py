"""What the demo prints: addresses, a QR code to scan, and what to try."""

import io
from collections.abc import Mapping
from typing import Any

import segno

_BOLD, _DIM, _GREEN, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[0m"


def table(facts: Mapping[str, Any], *, colour: bool) -> str:
    """The demo's readable table, from the facts that `--json` prints."""

    def paint(text: str, style: str) -> str:
        return f"{style}{text}{_PLAIN}" if colour else text

    wechat = facts["wechat"]
    rows = (
        (
            "phone  手机",
            wechat["sandbox"],
            "a WeChat user in the browser: scan, chat, open the device's page",
        ),
        ("device 设备", facts["did"], f"mac {facts['mac']}, product {facts['product_key']}"),
        ("HTTP API", facts["http"], f"appid {facts['appid']}"),
        ("WebSocket", facts["ws"], "the page and every app use it"),
        ("MQTT", facts["mqtt"], "modules; user name = did, password = passcode"),
        ("LAN 局域网", facts["lan"], "apps without relay, as node-ph803w; UDP discovery beside it"),
        ("callback", wechat["callback"], "safe mode, AES"),
        ("MCU", facts["mcu_log"], f"{facts['mcu']}; every frame and what the hardware did"),
        ("module", facts["module_log"], "MicroPython on the unix port"),
    )
    width = max(len(value) for _, value, _ in rows)
    lines = ["", paint("wxlink demo: all is up  全部就绪", _BOLD + _GREEN), ""]
    for label, value, note in rows:
        pad = " " * (12 - _columns(label))
        lines.append(f"  {paint(label, _BOLD)}{pad}{value:<{width}}  {paint(note, _DIM)}")
    lines += ["", _qr(wechat["scan_url"]), f"  {wechat['scan_url']}", ""]
    lines += [
        paint("Try  试一试", _BOLD),
        f"  1. Open {wechat['sandbox']} (or the address in the QR code) and tap 扫一扫: the device is bound.",
        "  2. Open the device's page from the reply and set something; watch it arrive:",
        f"       tail -f {facts['mcu_log']}",
        "  3. Send 状态 in the chat: the account answers with the device's state.",
        f"  4. Kill the module, kill -9 {facts['module_pid']}: the page shows it off-line; it comes back.",
        "",
        paint("Ctrl-C stops everything; the data stays for the next start (--fresh begins anew).", _DIM),
    ]
    return "\n".join(lines)


def _qr(text: str) -> str:
    drawing = io.StringIO()
    segno.make(text, error="l").terminal(out=drawing, compact=True, border=2)
    return drawing.getvalue().rstrip("\n")


def _columns(text: str) -> int:
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)
