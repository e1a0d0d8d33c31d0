"""MicroPython on a simulated chip: does what the real one refuses, tells what each comes to in JSON lines."""

import json
import time

import esp32
import machine
import network


def attempt(name, call):
    try:
        call()
        result = "done"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        result = f"{type(error).__name__}: {error}"
    print(json.dumps({"name": name, "result": result}))


def connect_twice():
    sta.connect("home", "home-key-8")
    sta.connect("home", "home-key-8")


def forget_to_commit():
    nvs.set_i32("left", 1)
    esp32.NVS("wxlink").get_i32("left")


sta = network.WLAN(network.STA_IF)
ap = network.WLAN(network.AP_IF)
nvs = esp32.NVS("wxlink")
attempt("scan without radio", sta.scan)
attempt("config without radio", lambda: sta.config(reconnects=0))
attempt("connect without radio", lambda: sta.connect("home"))
sta.active(True)
ap.active(True)
attempt("connect twice", connect_twice)
attempt("unknown config", lambda: sta.config(colour=1))
attempt("key of a station", lambda: sta.config(key="12345678"))
attempt("short key", lambda: ap.config(ssid="x", security=3, key="1234567"))
attempt("UART 0", lambda: machine.UART(0, tx=1, rx=3))
attempt("UART 3", lambda: machine.UART(3, tx=1, rx=3))
attempt("flash pin", lambda: machine.UART(1, tx=6, rx=7))
attempt("input pin", lambda: machine.Pin(34, machine.Pin.OUT))
attempt("short watchdog", lambda: machine.WDT(timeout=500))
attempt("long key", lambda: nvs.set_i32("a-key-of-16-char", 1))
attempt("no text in NVS", lambda: nvs.set_str("key", "text"))
attempt("missing", lambda: nvs.get_i32("missing"))
attempt("not committed", forget_to_commit)
nvs.set_blob("blob", b"12345678")
attempt("short buffer", lambda: nvs.get_blob("blob", bytearray(4)))
attempt("year", lambda: 1 // (time.gmtime()[0] == 2000))
