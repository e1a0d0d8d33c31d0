"""The module's TLS against the relay itself: its HTTPS and nats-server's MQTT over TLS, nothing else."""

import json
from pathlib import Path

from authority import Authority
from firmware_bench import MicroPython, module_config
from firmware_rig import Mcu

from wxlink.assets import asset
from wxlink.relay.app import Relay
from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import Product

DEFINITION = json.loads(asset("protocol/products/gokit.json").read_text("utf-8"))


async def test_a_module_lives_on_a_relay_that_speaks_tls_alone(tmp_path: Path, eventually):
    authority = Authority(tmp_path)
    certificate = authority.issue("relay.pem")
    settings = RelaySettings(
        data_dir=tmp_path / "relay",
        port=0,
        mqtt_port=0,
        tls_port=0,
        tls_cert=certificate,
        tls_key=certificate,
        mqtt_plain=False,
    )
    async with Relay(settings) as relay, Mcu() as mcu:
        mcu.product_key = DEFINITION["product_key"]
        product = Product(mcu.product_key, DEFINITION["name"], "0" * 32, DEFINITION)
        await relay.store.products.put(product)
        keys = {"relay": f"https://localhost:{relay.tls_port}", "ca": str(authority.der)}
        async with MicroPython(*module_config(tmp_path, tty=mcu.tty, **keys)) as module:
            (line,) = await eventually(lambda: module.said("online as"))
            did = line.split("online as ")[1].split(",")[0]
            await eventually(lambda: relay.store.devices.all(online=True))
            await relay.service.downlink.send(did, b"\x01\x01\x44")
            await eventually(lambda: mcu.controls == [b"\x01\x01\x44"])
            assert await module.interrupt() == 0
            assert module.said("off-line in good order")
