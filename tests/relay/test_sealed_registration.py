"""GAgent's secure registration. The oracle of the cipher is the openssl program."""

import contextlib
import re
import shutil
import subprocess
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from gagent import http, status
from hypothesis import given
from hypothesis import strategies as st
from relay_ground import MAC, NOW, PASSCODE, PRODUCT_KEY, PRODUCT_SECRET

from wxlink.relay import device_api
from wxlink.relay.service import Service
from wxlink.relay.service.sealed import NotSealed, seal, unseal

FORM = f"mac={MAC}&passcode={PASSCODE}&type=normal&extra="
PATH = f"/dev/{PRODUCT_KEY}/device"


def openssl(*options: str, data: bytes) -> bytes:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl here")
    command = [program, "enc", "-aes-128-ecb", "-K", PRODUCT_SECRET, *options]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


@pytest.fixture
async def port(service: Service) -> AsyncIterator[int]:
    app = web.Application()
    device_api.setup(app, service)
    await service.store.doors.open(PRODUCT_KEY, NOW)
    async with TestServer(app) as running:
        assert running.port
        yield running.port


def test_the_cipher_is_that_of_openssl() -> None:
    for text in (FORM, "did=" + "x" * 22, "x" * 16, "x", ""):
        sealed = openssl(data=text.encode())
        assert seal(PRODUCT_SECRET, text) == sealed.hex()
        assert unseal(PRODUCT_SECRET, sealed.hex().upper()) == text


@given(st.text(max_size=600))
def test_anything_is_unsealed_or_refused(text: str) -> None:
    for sealed in (text, text.encode().hex()):
        with contextlib.suppress(NotSealed):
            unseal(PRODUCT_SECRET, sealed)


async def test_a_module_registers_and_asks_where_to_connect(port: int, service: Service) -> None:
    body = "data=" + openssl(data=FORM.encode()).hex()
    answer = await http(port, f"POST {PATH}", body)
    assert status(answer) == 201
    sealed = answer.partition(b"\r\n\r\n")[2]
    assert re.fullmatch(rb"[0-9a-f]{64}", sealed)
    did = openssl("-d", data=bytes.fromhex(sealed.decode())).decode()
    assert re.fullmatch(r"did=[A-Za-z0-9]{22}", did)
    assert (await http(port, f"POST {PATH}", body)).endswith(sealed)
    device = await service.registered_device(did[4:])
    assert (device.mac, device.passcode, device.update_key) == (MAC, PASSCODE, None)

    name = openssl(data=did[4:].encode()).hex()
    answer = await http(port, f"GET {PATH}?did={name}")
    assert status(answer) == 200
    # The module looks for the text between the line of the chunk's size and the next end of a line.
    assert b"Transfer-Encoding: chunked\r\n" in answer
    sealed = answer.partition(b"\r\n\r\n")[2].split(b"\r\n")[1]
    form = openssl("-d", data=bytes.fromhex(sealed.decode()))
    assert form == b"host=relay.example.org&port=1883&server_ts=%d&port_s=0\r\n" % NOW


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", 400),
        ("data=", 400),
        ("data=00", 400),
        ("data=xyz", 400),
        ("data=" + "00" * 16, 400),
        ("data=" + "00" * 600, 413),
        ("data=" + seal("f" * 32, FORM), 400),
        ("data=" + seal(PRODUCT_SECRET, f"mac={MAC}"), 400),
        ("data=" + seal(PRODUCT_SECRET, FORM + "&a=1&b=2"), 400),
        ("data=" + seal(PRODUCT_SECRET, f"mac={MAC}&passcode={'X' * 17}"), 400),
    ],
)
async def test_what_is_not_sealed_with_the_products_secret_is_refused(
    port: int, body: str, code: int
) -> None:
    answer = await http(port, f"POST {PATH}", body)
    assert status(answer) == code
    assert b"did=" not in answer
    assert PRODUCT_SECRET.encode() not in answer


async def test_of_another_product_and_of_a_closed_one_nothing_is_told(port: int, service: Service) -> None:
    form = "data=" + seal(PRODUCT_SECRET, FORM)
    assert status(await http(port, f"POST /dev/{'f' * 32}/device", form)) == 400
    assert status(await http(port, f"GET {PATH}?did={seal(PRODUCT_SECRET, '0' * 22)}")) == 404
    assert status(await http(port, f"GET {PATH}")) == 400
    await service.store.doors.close(PRODUCT_KEY)
    assert status(await http(port, f"POST {PATH}", form)) == 400
