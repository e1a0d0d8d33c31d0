"""A relay's configuration: what is read, from where, and what is said about mistakes."""

from pathlib import Path

import pytest

from wxlink.relay.config import ConfigError, default_data, find_file, read_config
from wxlink.relay.settings import LogSettings, RelaySettings

SECRET = "hunter2-hunter2-hunter2"
ACCOUNT = f"""
[[wechat]]
name = "shop"
appid = "wx0123456789abcdef"
secret = "{"s" * 32}"
token_file = "token"
aes_key = "{"k" * 43}"
original_id = "gh_0123456789ab"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "relay.toml"
    path.write_text(text, "utf-8")
    return path


def problems(folder: Path, text: str, environ: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read_config(written(folder, text), data=folder, environ=environ or {})
    return caught.value.problems


def test_nothing_said_is_every_default(tmp_path: Path) -> None:
    config = read_config(None, data=tmp_path, environ={})
    assert config.settings == RelaySettings(tmp_path)
    assert config.log == LogSettings()
    assert config.accounts == config.secrets == ()


def test_the_environment_goes_over_the_file_and_data_over_both(tmp_path: Path) -> None:
    path = written(tmp_path, '[relay]\ndata = "a"\n[http]\nport = 1\nhost = "::1"\n[mqtt]\nplain = false\n')
    environ = {"WXLINK_HTTP_PORT": "2", "WXLINK_RELAY_DATA": "/b", "WXLINK_TLS_PORT": ""}
    config = read_config(path, environ=environ)
    assert config.settings == RelaySettings(Path("/b"), port=2, host="::1", mqtt_plain=False)
    assert read_config(path, environ={}).settings.data_dir == tmp_path / "a"
    assert read_config(path, data=Path("c"), environ=environ).settings.data_dir == Path("c")


def test_secrets_come_from_files_and_are_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "db").write_text(f"postgresql+asyncpg://wxlink:{SECRET}@db/wxlink\n")
    (tmp_path / "pw").write_text(SECRET)
    (tmp_path / "token").write_text(SECRET.replace("-", ""))
    text = f'[store]\nurl_file = "db"\n[broker]\nurl = "mqtt://b"\nuser = "relay"\n{ACCOUNT}'
    environ = {"WXLINK_BROKER_PASSWORD_FILE": str(tmp_path / "pw")}
    config = read_config(written(tmp_path, text), data=tmp_path, environ=environ)
    assert config.settings.database_url.endswith(f":{SECRET}@db/wxlink")
    assert config.settings.broker_password == SECRET
    assert config.accounts[0].token == SECRET.replace("-", "")
    assert SECRET in config.secrets
    assert SECRET not in repr(config.settings) + repr(config.accounts)


@pytest.mark.parametrize(
    ("text", "environ", "expected"),
    [
        ("[http]\nprot = 1", {}, "there is no setting http.prot; did you mean http.port?"),
        ("[htpt]\nport = 1", {}, "there is no group [htpt]; did you mean [http]?"),
        ("http = 1", {}, "http is a group: write [http] and its settings below"),
        ("[http]\nport = 65536", {}, "http.port must be a port, 0 to 65535; 0 picks a free one, not 65536"),
        ("[http]\nport = true", {}, "http.port must be a port"),
        ("[http]\nport = '80'", {}, "not '80'"),
        ("[http]\nhost = 'a b'", {}, "http.host must be a host name or an address without port"),
        ("[http]\nhost = '[::1]'", {}, "http.host must be"),
        ("[mqtt]\nplain = 1", {}, "mqtt.plain must be true or false, not 1"),
        ("[life]\ntoken_s = 1", {}, "life.token_s must be seconds"),
        ("[log]\nlevel = 'loud'", {}, '"warning", "error", not'),
        ("", {"WXLINK_HTTP_PROT": "1"}, "WXLINK_HTTP_PROT; did you mean WXLINK_HTTP_PORT?"),
        ("", {"WXLINK_HTTP_PORT": "x"}, "the environment: WXLINK_HTTP_PORT must be a port"),
        ("", {"WXLINK_MQTT_PLAIN": "perhaps"}, "WXLINK_MQTT_PLAIN must be true or false"),
        ("[store]\nurl_file = 'none'", {}, "which cannot be read (No such file or directory)"),
        ("[store]\nurl = 'a'\nurl_file = 'b'", {}, "store.url and store.url_file are one setting"),
        ("[broker]\nurl = 'http://u:hunter2-@h'", {}, "broker.url must be a broker's address"),
        ("[[wechat]]\nnmae = 'a'", {}, "wechat[1].nmae; did you mean wechat[1].name?"),
        ("[wechat]\nname = 'a'", {}, "write each WeChat account as [[wechat]]"),
        (ACCOUNT.replace("wx0", "xw0").replace("token_file", "token"), {}, "appid must be 'wx' and 16"),
        ("[http", {}, "it is no TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, environ: dict[str, str], expected: str) -> None:
    told = problems(tmp_path, text, environ)
    assert any(expected in problem for problem in told), told
    assert all(problem.startswith((str(tmp_path), "the environment")) for problem in told)
    assert "hunter2" not in "".join(told)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "[http]\na = 1\nport = -1\n[x]\n", {"WXLINK_TLS_PORT": "no"})) == 4


def test_two_accounts_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc")
    assert "two WeChat accounts have the name shop" in problems(tmp_path, ACCOUNT * 2)[0]


def test_where_file_and_data_are_looked_for(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "share")}
    (tmp_path / "wxlink").mkdir()
    path = written(tmp_path / "wxlink", "")
    assert find_file(environ) == path
    assert default_data(environ) == tmp_path / "share" / "wxlink" / "relay"
    assert default_data({**environ, "STATE_DIRECTORY": "/var/lib/wxlink"}) == Path("/var/lib/wxlink")
