"""What is shipped for a cluster is taken by the programs that read it; one command makes its secrets."""

import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from wxlink.cli import main
from wxlink.relay.broker import find_binary
from wxlink.relay.cluster import ClusterSecrets, SecretsError
from wxlink.relay.config import read_config

DEPLOY = Path(__file__).parents[2] / "deploy"


def laid_out(folder: Path, number: int) -> Path:
    """A node's folder as deploy/README has it."""
    assert main(["cluster", "init", str(folder)]) == 0
    shutil.copy(DEPLOY / "nats" / "wxlink.conf", folder)
    shutil.copy(DEPLOY / "nats" / f"node-{number}.conf", folder / "node.conf")
    return folder / "wxlink.conf"


@pytest.mark.parametrize("number", [1, 2, 3])
def test_nats_server_takes_the_configuration_of_each_node(tmp_path: Path, number: int) -> None:
    config = laid_out(tmp_path, number)
    done = subprocess.run(
        [find_binary(), "-t", "--config", config], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "is valid" in done.stderr


def test_the_secrets_are_their_owners_alone_and_fit_together(tmp_path: Path) -> None:
    laid_out(tmp_path, 1)
    for name in ("secrets.conf", "relay-secrets.json"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    secrets = ClusterSecrets.read(tmp_path / "relay-secrets.json")
    nodes = (tmp_path / "secrets.conf").read_text("utf-8")
    assert secrets.issuer.public_key.decode() in nodes
    assert secrets.issuer.seed.decode() not in nodes
    for login in secrets.logins.values():
        assert login.password in nodes
        assert login.password not in repr(secrets)
    assert len({login.password for login in secrets.logins.values()}) == len(secrets.logins)


def test_secrets_are_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laid_out(tmp_path, 1)
    before = (tmp_path / "relay-secrets.json").read_bytes()
    assert main(["cluster", "init", str(tmp_path)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "relay-secrets.json").read_bytes() == before


def test_an_address_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cluster", "init", str(tmp_path / "new"), "--node", 'x"; evil']) == 1
    assert "HOST:PORT" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_secrets_that_others_can_read_or_that_are_none_are_refused(tmp_path: Path) -> None:
    laid_out(tmp_path, 1)
    path = tmp_path / "relay-secrets.json"
    path.chmod(0o640)
    with pytest.raises(SecretsError, match="chmod 600"):
        ClusterSecrets.read(path)
    path.chmod(0o600)
    for text in ("", "{}", "[]", json.dumps({"passwords": {}, "issuer_seed": "x"})):
        path.write_text(text, "utf-8")
        with pytest.raises(SecretsError, match="wxlink cluster init"):
            ClusterSecrets.read(path)


def test_the_relay_takes_its_configuration(tmp_path: Path) -> None:
    text = (DEPLOY / "cluster-relay.toml").read_text("utf-8").replace("/etc/wxlink/", f"{tmp_path}/")
    (tmp_path / "relay.toml").write_text(text, "utf-8")
    for name, content in (("store-url", "postgresql+asyncpg://wxlink:secret@db/wxlink\n"), ("x", "")):
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(content, "utf-8")
    settings = read_config(tmp_path / "relay.toml", environ={}).settings
    assert settings.nats_urls == ("nats://nats-1:4222", "nats://nats-2:4222", "nats://nats-3:4222")
    assert settings.nats_mqtt_urls[2] == "mqtt://nats-3:1883"
    assert (settings.relay_name, settings.nats_secrets) == ("relay-1", tmp_path / "relay-secrets.json")


def test_the_compose_file_names_files_that_are_there() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    made = {"secrets.conf", "relay-secrets.json", "store-url", "database"}
    for service in compose["services"].values():
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            if source.startswith("./secrets/"):
                assert source.removeprefix("./secrets/") in made
            elif source.startswith("./"):
                assert (DEPLOY / source).is_file()
            else:
                assert source in compose["volumes"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize("unit", ["wxlink-relay.service", "wxlink-nats.service"])
def test_systemd_knows_every_word_of_the_units(unit: str) -> None:
    command = ["systemd-analyze", "verify", "--man=no", DEPLOY / "systemd" / unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Unknown" not in done.stderr
    assert "Failed to parse" not in done.stderr
