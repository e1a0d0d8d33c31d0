"""From a TOML file and the environment to the settings of a relay; every mistake is told at once."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from wxlink.relay.config.keys import (
    ACCOUNT_KEYS,
    ENVIRONMENT,
    FILE_SUFFIX,
    KEYS,
    REQUIRED_OF_ACCOUNT,
)
from wxlink.relay.config.problem import ConfigError
from wxlink.relay.config.source import Source
from wxlink.relay.settings import LogSettings, RelaySettings
from wxlink.wechat.account import Account, AccountError, Mode

FILE_NAME: Final = "relay.toml"
SYSTEM_FILE: Final = Path("/etc/wxlink") / FILE_NAME
FILE_MAX: Final = 1024 * 1024  # bytes of a configuration

_GROUPS: Final = {
    group: [key for key in KEYS if key.group == group] for group in dict.fromkeys(key.group for key in KEYS)
}
_ACCOUNTS: Final = "wechat"


class Config(NamedTuple):
    """A configuration as it was read. secrets: what must never be shown, however it is written."""

    settings: RelaySettings
    accounts: tuple[Account, ...]
    log: LogSettings
    secrets: tuple[str, ...]
    file: Path | None


def find_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The configuration used when none is named: the user's, else the machine's, else none."""
    home = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return next((path for path in (home / "wxlink" / FILE_NAME, SYSTEM_FILE) if path.is_file()), None)


def default_data(environ: Mapping[str, str] = os.environ) -> Path:
    """The data folder when none is named: systemd's StateDirectory, else one of the user's."""
    state = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if state:
        return Path(state)
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "wxlink" / "relay"


def read_config(
    file: Path | None, *, data: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Config:
    """Read a configuration: the file, over it the environment, over both `data`.

    Raises ConfigError with every mistake.
    """
    problems: list[str] = []
    found: dict[str, Any] = {}
    accounts: list[Account] = []
    if file is not None:
        source = Source(str(file), file.absolute().parent, problems.append)
        content = _content(file, source)
        accounts = _accounts(content.pop(_ACCOUNTS, []), source)
        found |= _from_tables(content, source)
    found |= _from_environment(environ, Source("the environment", Path.cwd(), problems.append))
    if problems:
        raise ConfigError(problems)
    found["data_dir"] = data or found.get("data_dir") or default_data(environ)
    secrets = [found[key.field] for key in KEYS if key.secret and key.field in found]
    for account in accounts:
        secrets += [account.secret, account.token, account.aes_key]
        secrets += [account.next_aes_key] if account.next_aes_key else []
    log = LogSettings(**_part(found, "log"))
    return Config(_settings(found), tuple(accounts), log, tuple(secrets), file)


def _content(file: Path, source: Source) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            content = opened.read(FILE_MAX + 1)
    except OSError as error:
        source.wrong(f"it cannot be read ({error.strerror}); name a configuration with --config")
        return {}
    try:
        if len(content) > FILE_MAX:
            raise ValueError(f"it has more than {FILE_MAX} bytes")
        return tomllib.loads(content.decode())
    except ValueError as error:
        source.wrong(f"it is no TOML: {error}")
        return {}


def _from_tables(content: Mapping[str, Any], source: Source) -> dict[str, Any]:
    found: dict[str, Any] = {}
    known = [f"[{group}]" for group in _GROUPS] + [f"[[{_ACCOUNTS}]]"]
    for group, table in content.items():
        if group not in _GROUPS:
            source.unknown("group", f"[{group}]", known)
        elif not isinstance(table, dict):
            source.wrong(f"{group} is a group: write [{group}] and its settings below")
        else:
            found |= source.table(table, _GROUPS[group], group)
    return found


def _from_environment(environ: Mapping[str, str], source: Source) -> dict[str, Any]:
    plain = {key.variable: key for key in KEYS}
    files = {key.variable + FILE_SUFFIX.upper(): key for key in KEYS if key.secret}
    ours = tuple(f"{ENVIRONMENT}{group}_".upper() for group in _GROUPS)
    found: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(ours) or not text:
            continue
        if variable in plain:
            key, taken = plain[variable], source.parse(plain[variable], variable, text)
        elif variable in files:
            key, taken = files[variable], source.secret(files[variable], variable, text)
        else:
            source.unknown("setting", variable, [*plain, *files])
            continue
        if key.field in found:
            source.wrong(f"{key.variable} and {key.variable}{FILE_SUFFIX.upper()} are one setting; keep one")
        elif taken is not None:
            found[key.field] = taken
    return found


def _accounts(given: object, source: Source) -> list[Account]:
    if not isinstance(given, list) or not all(isinstance(table, dict) for table in given):
        source.wrong(f"write each WeChat account as [[{_ACCOUNTS}]] with its settings below")
        return []
    made: list[Account] = []
    for number, table in enumerate(given, 1):
        called = f"{_ACCOUNTS}[{number}]"
        found = source.table(table, ACCOUNT_KEYS.values(), called)
        missing = [name for name in REQUIRED_OF_ACCOUNT if not {name, name + FILE_SUFFIX} & table.keys()]
        for name in missing:
            source.wrong(f"{called}.{name} is missing")
        if missing or any(name not in found for name in REQUIRED_OF_ACCOUNT):
            continue
        try:
            made.append(Account(**{**found, "mode": Mode(found.get("mode", Mode.SAFE))}))
        except AccountError as error:
            source.wrong(str(error))
    names = [account.name for account in made]
    for twice in sorted({name for name in names if names.count(name) > 1}):
        source.wrong(f"two WeChat accounts have the name {twice}; it is part of the callback's path")
    return made


def _settings(found: Mapping[str, Any]) -> RelaySettings:
    """The settings of all fields but those of `log`, which the relay does not know."""
    settings = RelaySettings(found["data_dir"])
    groups = {field.name for field in fields(RelaySettings)} & _prefixes(found)
    own = {name: value for name, value in found.items() if "." not in name}
    grouped = {name: replace(getattr(settings, name), **_part(found, name)) for name in groups}
    return replace(settings, **own, **grouped)


def _prefixes(found: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in found if "." in name}


def _part(found: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(f"{prefix}."): value
        for name, value in found.items()
        if name.startswith(f"{prefix}.")
    }
