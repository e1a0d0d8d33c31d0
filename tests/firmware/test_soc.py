"""A product on the module itself, under MicroPython; broker and registration as for a module with MCU."""

import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from firmware_bench import ROOT, MicroPython, module_config
from firmware_brokers import Mosquitto, Watcher
from firmware_rig import Registrar

from wxlink.codegen import micropython
from wxlink.product import ProductFile, read
from wxproto import envelope
from wxproto.p0 import Codec

DID = "did0000000000000000001"
UP = f"dev2app/{DID}"
APP = "usr00000000000000000001"
DOWN = f"app2dev/{DID}/{APP}"
HEAP = "304K"  # as firmware/README.md says
PRODUCTS = ROOT / "protocol" / "products"
EXAMPLE = ROOT / "firmware" / "examples" / "pet_house"

SILENT = """
    def on_control(self, name, value):
        print("control", name, value)
"""
"""A maker's class that measures nothing."""


class Bench:
    """One module that is its product; `codec` reads what it sends."""

    def __init__(self, folder: Path, registrar: Registrar, watcher: Watcher) -> None:
        self.folder = folder
        self.registrar = registrar
        self.watcher = watcher
        self.codec: Codec

    def use(self, product_file: ProductFile, body: str) -> None:
        """Write the generated class and a maker's module whose class has this body."""
        self.codec = Codec(product_file.product)
        ((name, text),) = micropython.files(product_file).items()
        (self.folder / name).write_text(text, "utf-8")
        base = text.split("class ")[1].split("(")[0]
        head = f"import asyncio\nfrom {name.removesuffix('.py')} import {base}\n\n\nclass Own({base}):\n"
        (self.folder / "own.py").write_text(f"{head}{body}\n\nproduct = Own()\n", "utf-8")

    def module(self, product: str = "own", **keys: object) -> MicroPython:
        """The program with a configuration that names the product in place of a serial port."""
        arguments = module_config(
            self.folder, product=product, relay=self.registrar.url, mac="020000000001", **keys
        )
        return MicroPython(*arguments, heap=HEAP)

    def reports(self) -> list[dict[str, object]]:
        """What was reported so far."""
        found = self.watcher.envelopes(UP)
        return [dict(self.codec.decode_report(one.p0)) for one in found if one.cmd == envelope.REPORT]

    def state(self) -> dict[str, object]:
        """Every value as it was reported last."""
        return {name: value for report in self.reports() for name, value in report.items()}

    def online(self) -> bool:
        return [text[0] for text in self.watcher.texts(f"{UP}/online")] == ["1"]

    def control(self, **values: bool | int | float | str | bytes) -> None:
        self.watcher.send(DOWN, envelope.encode(envelope.NOTIFY, self.codec.encode_control(values)))

    def request(self, p0: bytes, sn: int) -> None:
        self.watcher.send(DOWN, envelope.encode(envelope.REQUEST, p0, sn=sn))

    def answers(self) -> list[tuple[int | None, bytes]]:
        return [(one.sn, one.p0) for one in self.watcher.envelopes(f"{UP}/{APP}")]


@pytest.fixture
async def bench(tmp_path: Path, mosquitto: Mosquitto) -> AsyncIterator[Bench]:
    async with Registrar(mosquitto.port) as registrar, Watcher(mosquitto.port) as watcher:
        yield Bench(tmp_path, registrar, watcher)


async def test_the_example_registers_measures_and_obeys(bench: Bench, eventually):
    """firmware/examples/pet_house as it stands in the repository."""
    for path in EXAMPLE.glob("*.py"):
        shutil.copy(path, bench.folder)
    bench.codec = Codec(read(PRODUCTS / "gokit.json").product)
    async with bench.module("pet_house") as module:
        await eventually(bench.online)
        await eventually(lambda: module.said("ready, mac 020000000001, product pet_house, no MCU"))
        (registered,) = bench.registrar.registrations
        assert registered["product_key"] == bench.codec.product.product_key
        await eventually(lambda: bench.state().get("Humidity") == 45)
        bench.control(LED_OnOff=True, LED_Color="紫色", Motor_Speed=-2)
        await eventually(lambda: bench.state()["LED_Color"] == "紫色")
        await eventually(lambda: bench.state()["LED_B"] == 70)
        assert (bench.state()["LED_OnOff"], bench.state()["Motor_Speed"]) == (True, -2)
        switched = ["LED_OnOff = True", "LED_Color = 紫色", "Motor_Speed = -2"]
        await eventually(lambda: [line.split(": ")[-1] for line in module.said("hardware:")] == switched)
        assert not module.said("Traceback")


async def test_a_request_is_acknowledged_then_obeyed_then_reported(bench: Bench, eventually):
    bench.use(read(PRODUCTS / "gokit.json"), SILENT)
    async with bench.module() as module:
        await eventually(bench.reports)
        before = len(bench.reports())
        bench.request(bench.codec.encode_control({"LED_OnOff": False}), sn=7)
        await eventually(lambda: bench.answers() == [(7, b"")])
        await eventually(lambda: len(bench.reports()) > before)
        await eventually(lambda: module.said("control LED_OnOff False"))
        bench.request(bench.codec.encode_read(), sn=8)
        await eventually(lambda: len(bench.answers()) == 2)
        sn, p0 = bench.answers()[1]
        assert (sn, bench.codec.decode_report(p0)) == (8, bench.reports()[-1])


async def test_a_product_of_variable_length_reports_what_changed(bench: Bench, eventually):
    bench.use(
        read(PRODUCTS / "meter.json"),
        """
    def on_control(self, name, value):
        self.latitude = 31.2304
        self.FS = 2
        self.Battery = 1000
""",
    )
    async with bench.module():
        await eventually(bench.online)
        bench.request(bench.codec.encode_read(), sn=1)
        await eventually(bench.answers)
        assert bench.codec.decode_report(bench.answers()[0][1])["Iock"] is False
        before = len(bench.reports())
        bench.control(Iock=True)
        await eventually(lambda: bench.state().get("latitude") == 31.2304)
        new = bench.reports()[before:]
        assert {"Iock": True, "FS": "三维定位"}.items() <= bench.state().items()
        assert bench.state()["Battery"] == 100, "clamped"
        assert all(len(report) < len(bench.codec.product.points) for report in new)


async def test_what_is_read_only_is_reported_every_six_seconds_at_most(bench: Bench, eventually):
    bench.use(
        read(PRODUCTS / "gokit.json"),
        """
    async def run(self):
        while True:
            await asyncio.sleep(0.05)
            self.Humidity = (self.Humidity + 1) % 100

    def on_control(self, name, value):
        self.report()
""",
    )
    begun = time.monotonic()
    async with bench.module():
        await eventually(bench.online)
        await eventually(lambda: len(bench.reports()) > 1)
        first = bench.state()["Humidity"]
        await eventually(lambda: bench.state()["Humidity"] != first)
        seen = [report["Humidity"] for report in bench.reports()]
        periods = (time.monotonic() - begun) // 6
        assert len(set(seen)) <= 3 + periods, "a sensor that changes twenty times a second"


async def test_a_mistake_in_a_callback_is_printed_and_the_product_goes_on(bench: Bench, eventually):
    bench.use(
        read(PRODUCTS / "gokit.json"),
        """
    def on_control(self, name, value):
        if name == "LED_R":
            raise KeyError("pin")
        self.LED_G = "green"
""",
    )
    async with bench.module() as module:
        await eventually(bench.reports)
        bench.control(LED_R=5)
        await eventually(lambda: module.said("KeyError"))
        await eventually(lambda: bench.state()["LED_R"] == 5)
        bench.control(LED_B=6)
        await eventually(lambda: module.said("LED_G is a number"))
        await eventually(lambda: bench.state()["LED_B"] == 6)
        bench.watcher.send(DOWN, envelope.encode(envelope.NOTIFY, b"\x01\xff"))
        await eventually(lambda: module.said("changes nothing"))


async def test_transparent_data_and_questions_to_the_module(bench: Bench, eventually):
    bench.use(
        read(PRODUCTS / "gokit.json"),
        """
    def on_transparent(self, data):
        self.send(data + b"!")

    def on_status(self, word):
        print("status", word >> 5 & 1)

    async def run(self):
        while self.soc is None:
            await asyncio.sleep(0)
        print("information", await self.ask(0x21, bytes(1)))
""",
    )
    async with bench.module() as module:
        await eventually(lambda: module.said("status 1"))
        assert module.said("status 0"), "before the broker was reached"
        await eventually(lambda: module.said("information"))
        assert "020000000001" in module.said("information")[0]
        bench.watcher.send(DOWN, envelope.encode(envelope.NOTIFY, b"\x05hi"))
        await eventually(lambda: b"\x06hi!" in [one.p0 for one in bench.watcher.envelopes(UP)])


async def test_a_product_may_restart_its_module_and_goes_on(bench: Bench, eventually):
    bench.use(
        read(PRODUCTS / "gokit.json"),
        """
    def on_control(self, name, value):
        if name == "LED_OnOff":
            self.asking = asyncio.create_task(self.ask(0x29))

    async def run(self):
        print("run begins with", self.LED_R)
""",
    )
    async with bench.module() as module:
        await eventually(lambda: module.said("run begins with 0"))
        await eventually(bench.online)
        bench.control(LED_R=7)
        await eventually(lambda: bench.state()["LED_R"] == 7)
        bench.control(LED_OnOff=True)
        await eventually(lambda: module.said("starts anew"))
        await eventually(lambda: module.said("run begins with 7"))
        bench.control(LED_R=9)
        await eventually(lambda: bench.state()["LED_R"] == 9)
        assert not module.said("Traceback")


async def test_a_product_whose_own_work_fails_ends_the_module(bench: Bench, eventually):
    bench.use(
        read(PRODUCTS / "gokit.json"),
        """
    async def run(self):
        await asyncio.sleep(0.2)
        raise OSError(5)
""",
    )
    async with bench.module() as module:
        await eventually(lambda: module.process.returncode is not None)
        assert module.process.returncode == 1
        await eventually(lambda: module.said("product own, no MCU: OSError(5,)"))
        await eventually(lambda: module.said("Traceback"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [(None, "cannot be imported"), ("import no_such_thing", "cannot be imported"), ("", "has no `product`")],
)
async def test_a_product_that_cannot_be_used_is_named(
    bench: Bench, eventually, text: str | None, complaint: str
):
    if text is not None:
        (bench.folder / "own.py").write_text(text)
    async with bench.module() as module:
        await eventually(lambda: module.process.returncode is not None)
        assert module.process.returncode == 2
        await eventually(lambda: module.said(complaint))
        assert not module.said("Traceback")
