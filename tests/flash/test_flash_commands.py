"""`wxlink flash` as a person and a script use it: one line on a mistake, secrets only where they belong."""

import csv
import datetime
import json
import stat
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nvs_reader
import pytest
import segno
import stand_in
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from wxlink.assets import asset
from wxlink.cli import main
from wxlink.flash import app, label, recipe
from wxlink.flash.identity import Identity
from wxlink.flash.ledger import Ledger
from wxlink.flash.problem import FlashError

MAC = "246f28aabbcc"
LAMP = str(asset("protocol/products") / "lamp.toml")
LAMP_KEY = "1c5f0e7a92d84b36a1f4c8d3e6b70952"
RELAY = "http://relay.example:8080"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home and working folder, and a stock image in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "stock.bin").write_bytes(stand_in.make("esp32").whole)
    return tmp_path


@pytest.fixture(scope="module", autouse=True)
def _whole_firmware() -> None:
    if not (asset("firmware") / "chip_main.py").exists():
        pytest.skip("this firmware has no chip_main.py yet")


def ledger(place: Path) -> Ledger:
    return Ledger(place / "data" / "wxlink" / "units.sqlite")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["flash", *words]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["flash", *words]) == 1
    told = capsys.readouterr()
    assert not told.out
    assert told.err.count("\n") == 1
    assert told.err.startswith(f"wxlink flash {words[0]}: ")
    return told.err


def certificate(days: int = 1) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=9))
        .not_valid_after(now + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )


def test_a_unit_from_identity_to_image(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run(capsys, "identity", "--mac", "24:6F:28:AA:BB:CC", "--product", LAMP, "--json"))
    assert told["mac"] == MAC
    assert told["product_key"] == LAMP_KEY
    made = json.loads(
        run(
            capsys,
            *("image", "esp32-devkitc", "--mac", MAC, "--relay", RELAY, "--firmware", "stock.bin"),
            *("--production", "--json"),
        )
    )
    image = place / made["file"]
    assert image.stat().st_size == made["size"] == 4 * 1024 * 1024
    assert stat.S_IMODE(image.stat().st_mode) == 0o600
    found = nvs_reader.read(image.read_bytes()[0x9000:0xF000])["wxlink"]
    assert found["passcode"] == told["passcode"].encode()
    assert found["ap_password"] == told["ap_password"].encode()
    config = found["config"]
    assert isinstance(config, bytes)
    assert json.loads(config) == {"button": 0, "production": True, "relay": RELAY, "rx": 26, "tx": 25}
    unit = ledger(place).unit(MAC)
    assert unit is not None
    assert found["update_key"] == unit.identity.update_key


def test_the_label_is_the_units_only(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("label.svg", "label.png", "label.txt"):
        told = run(capsys, "identity", "--mac", MAC, "--product", LAMP, "--label", name)
        assert stat.S_IMODE((place / name).stat().st_mode) == 0o600
        unit = ledger(place).units()[0].identity
        assert unit.ap_password not in told
        assert unit.passcode not in told
    drawing = ElementTree.parse(place / "label.svg").getroot()  # noqa: S314
    words = "\n".join(drawing.itertext())
    assert unit.ap_password in words
    assert "XPG-GAgent-BBCC" in words
    assert "24:6f:28:aa:bb:cc" in words
    assert unit.passcode not in words
    assert unit.update_key.hex() not in words
    assert (place / "label.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert unit.ap_password in (place / "label.txt").read_text("utf-8")
    assert not list(place.glob("*.new"))


def test_the_label_holds_the_codes(place: Path) -> None:
    unit = Identity.draw(MAC, LAMP_KEY)
    assert label.wifi_text(unit) == f"WIFI:T:WPA;S:XPG-GAgent-BBCC;P:{unit.ap_password};;"
    drawing = ElementTree.fromstring(label.svg(unit))  # noqa: S314
    codes = drawing.findall("{http://www.w3.org/2000/svg}svg")
    texts = (label.wifi_text(unit), label.claim_text(unit))
    sides = [segno.make(text, error="m").symbol_size(border=0)[0] for text in texts]
    assert [code.get("viewBox") for code in codes] == [f"0 0 {side} {side}" for side in sides]


def test_units_and_their_export(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for last in "cd":
        run(capsys, "identity", "--mac", f"246f28aabbc{last}", "--product", LAMP_KEY, "--label", "l.txt")
    book = ledger(place)
    with book.writing(MAC, "esp32-devkitc", "00010000"):
        pass
    secrets = [one for unit in book.units() for one in (unit.identity.passcode, unit.identity.ap_password)]
    shown = run(capsys, "units") + run(capsys, "units", "--json") + run(capsys, "units", "--mac", MAC)
    assert "esp32-devkitc" in shown
    assert "written" in shown
    assert not any(secret in shown for secret in secrets)
    history = json.loads(run(capsys, "units", "--mac", MAC, "--json"))[0]["history"]
    assert [one["event"] for one in history] == ["made", "writing", "written"]
    run(capsys, "units", "--export", "public.csv")
    assert not any(secret in (place / "public.csv").read_text() for secret in secrets)
    run(capsys, "units", "--export", "all.csv", "--secrets")
    assert stat.S_IMODE((place / "all.csv").stat().st_mode) == 0o600
    with (place / "all.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["mac"] for row in table] == [MAC, "246f28aabbcd"]
    assert table[0]["update_key"] == book.units()[0].identity.update_key.hex()
    assert [row["passcode"] for row in table] == secrets[::2]


def test_mistakes_are_one_line_each(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = ("image", "esp32-devkitc", "--mac", MAC, "--firmware", "stock.bin")
    assert "wxlink flash identity" in refused(capsys, *image, "--relay", RELAY)
    run(capsys, "identity", "--mac", MAC, "--product", LAMP_KEY, "--label", "l.txt")
    assert "--relay" in refused(capsys, *image)
    assert "http" in refused(capsys, *image, "--relay", "relay.example:x")
    assert "--flash-size" in refused(capsys, *image, "--relay", RELAY, "--flash-size", "5MB")
    assert "esp32-c3-mini-1" in refused(capsys, "image", "uno", "--mac", MAC, "--relay", RELAY)
    assert "no.bin" in refused(capsys, *image[:4], "--firmware", "no.bin", "--relay", RELAY)
    (place / "config.json").write_text('{"rellay": "x"}')
    assert "rellay" in refused(capsys, *image, "--relay", RELAY, "--config", "config.json")
    for text in ("[]", "{", '{"baud": 1}'):
        (place / "config.json").write_text(text)
        refused(capsys, *image, "--relay", RELAY, "--config", "config.json")
    (place / "bad.pem").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    refused(capsys, *image, "--relay", RELAY, "--ca", "bad.pem")
    refused(capsys, *image, "--relay", RELAY, "--ca", "stock.bin")
    refused(capsys, "identity", "--mac", MAC, "--product", "nowhere.toml")
    refused(capsys, "identity", "--mac", MAC, "--product", LAMP_KEY, "--label", "label.pdf")
    refused(capsys, "units", "--secrets")
    refused(capsys, "units", "--mac", "246f28000001")
    (place / "file").write_text("")
    refused(capsys, *image, "--relay", RELAY, "-o", "file/image.bin")
    refused(capsys, "bundle", "-o", "file/folder")


def test_an_authority_in_either_form(place: Path) -> None:
    made = certificate()
    der = made.public_bytes(serialization.Encoding.DER)
    (place / "ca.der").write_bytes(der)
    (place / "old.der").write_bytes(certificate(-1).public_bytes(serialization.Encoding.DER))
    with pytest.raises(FlashError, match="expired"):
        recipe.certificate(place / "old.der")
    (place / "ca.pem").write_bytes(b"a comment\n" + made.public_bytes(serialization.Encoding.PEM))
    assert recipe.certificate(place / "ca.der") == recipe.certificate(place / "ca.pem") == der


def test_https_needs_the_authority(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "identity", "--mac", MAC, "--product", LAMP_KEY, "--label", "l.txt")
    image = (
        "image",
        "esp32-devkitc",
        "--mac",
        MAC,
        "--firmware",
        "stock.bin",
        "--relay",
        "https://relay.example",
    )
    assert "ca" in refused(capsys, *image)
    (place / "ca.pem").write_bytes(certificate().public_bytes(serialization.Encoding.PEM))
    run(capsys, *image, "--ca", "ca.pem")
    found = nvs_reader.read((place / f"esp32-devkitc-{MAC}.bin").read_bytes()[0x9000:0xF000])["wxlink"]
    assert found["ca"] == recipe.certificate(place / "ca.pem")


def test_a_larger_flash(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "identity", "--mac", MAC, "--product", LAMP_KEY, "--label", "l.txt")
    made = run(
        capsys,
        *("image", "esp32-wroom-32e", "--mac", MAC, "--firmware", "stock.bin", "--relay", RELAY),
        *("--flash-size", "16mb", "-o", "out.bin"),
    )
    assert "out.bin" in made
    assert (place / "out.bin").stat().st_size == 16 * 1024 * 1024


def test_a_release_file(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run(capsys, "bundle", "-o", "dist", "--json"))
    assert told["file"] == f"dist/app-{told['version']}.tgz"
    assert (place / told["file"]).read_bytes() == app.build().bundle()
    assert "wxlink release add" in run(capsys, "bundle", "-o", "dist")


def test_every_step_has_a_true_example(place: Path) -> None:
    for step in ("boards", "identity", "image", "bundle", "units"):
        told = subprocess.run(
            [sys.executable, "-m", "wxlink.cli", "flash", step, "--help"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        assert f"wxlink flash {step}" in told.split("example: ")[1]
