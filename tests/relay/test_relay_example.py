"""`deploy/relay.toml`: it is read as it is and with every line taken in, and holds every setting there is."""

import re
from pathlib import Path

from wxlink.relay.config import read_config
from wxlink.relay.config.keys import ACCOUNT_KEYS, KEYS
from wxlink.relay.settings import LogSettings, RelaySettings

EXAMPLE = Path(__file__).parents[2] / "deploy" / "relay.toml"
SETTING = re.compile(r"#(\[\[wechat\]\]|[a-z_]+ = .*)")
LONGEST = 128  # columns


def taken_in(*, examples: bool, run: Path) -> str:
    """The file with its settings taken in; those that are examples only when told so."""
    lines = []
    for line in EXAMPLE.read_text("utf-8").splitlines():
        wanted = SETTING.match(line) and (examples or "# e.g." not in line)
        lines.append(line[1:] if wanted else line)
    return "\n".join(lines).replace("/run/secrets", str(run))


def test_as_it_is_it_changes_nothing(tmp_path: Path) -> None:
    config = read_config(EXAMPLE, data=tmp_path, environ={})
    assert config.settings == RelaySettings(tmp_path)
    assert config.log == LogSettings()


def test_the_defaults_that_it_shows_are_the_defaults(tmp_path: Path) -> None:
    text = taken_in(examples=False, run=tmp_path).partition("# One for each WeChat")[0]
    (tmp_path / "relay.toml").write_text(text)
    config = read_config(tmp_path / "relay.toml", data=tmp_path, environ={})
    assert config.settings == RelaySettings(tmp_path)
    assert config.log == LogSettings()
    assert text.count(" = ") > 30


def test_every_setting_is_in_it_and_can_be_set(tmp_path: Path) -> None:
    secrets = {"secret": "s" * 32, "token": "abc", "aes": "k" * 43, "aes-next": "n" * 43}
    for name, text in secrets.items():
        (tmp_path / f"wechat-{name}").write_text(text)
    (tmp_path / "webhook").write_text("w" * 40)
    (tmp_path / "smtp").write_text("smtps://me:password@mail.example.org")
    text = taken_in(examples=True, run=tmp_path)
    (tmp_path / "relay.toml").write_text(text)
    config = read_config(tmp_path / "relay.toml", environ={})
    assert config.settings.data_dir == Path("/var/lib/wxlink")
    assert config.accounts[0].next_aes_key == "n" * 43
    groups = re.split(r"^\[+([a-z]+)\]+.*$", text, flags=re.MULTILINE)
    told = dict(zip(groups[1::2], groups[2::2], strict=True))
    for key in (*KEYS, *ACCOUNT_KEYS.values()):
        assert re.search(rf"^{key.name}(_file)? = ", told[key.group], re.MULTILINE), key.path


def test_every_field_of_the_settings_can_be_set() -> None:
    fields = {key.field for key in KEYS}
    plain = {name for name in RelaySettings.__dataclass_fields__ if name != "limits"}
    limits = {f"limits.{name}" for name in type(RelaySettings(Path()).limits).__dataclass_fields__}
    log = {f"log.{name}" for name in LogSettings.__dataclass_fields__}
    assert len(fields) == len(KEYS) == len({key.path for key in KEYS}), "a setting stands twice"
    assert fields == plain | limits | log


def test_its_lines_are_read_without_scrolling() -> None:
    assert max(map(len, EXAMPLE.read_text("utf-8").splitlines())) <= LONGEST
