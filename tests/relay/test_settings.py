"""The addresses that follow from an operator's settings."""

from pathlib import Path

import pytest

from wxlink.relay.settings import Endpoints, RelaySettings

ANY = "0.0.0.0"  # noqa: S104  given to the settings, not bound to


@pytest.mark.parametrize(
    ("given", "request_host", "expected"),
    [
        ({}, None, Endpoints("127.0.0.1", 1883, 0, 8080, 0)),
        ({"host": ANY, "port": 9000}, "192.0.2.7:9000", Endpoints("192.0.2.7", 1883, 0, 9000, 0)),
        ({"host": ANY}, "[2001:db8::1]:8080", Endpoints("[2001:db8::1]", 1883, 0, 8080, 0)),
        ({"host": ANY}, "evil&port=1\r\n", Endpoints("127.0.0.1", 1883, 0, 8080, 0)),
        ({"host": ANY}, None, Endpoints("127.0.0.1", 1883, 0, 8080, 0)),
        (
            {"public_url": "https://relay.example.org"},
            "127.0.0.1:8080",
            Endpoints("relay.example.org", 1883, 0, 8080, 443),
        ),
        ({"public_url": "http://relay.example.org:81"}, None, Endpoints("relay.example.org", 1883, 0, 81, 0)),
        (
            {
                "advertised_host": "m2m.example.org",
                "advertised_mqtt_port": 1,
                "advertised_mqtts_port": 2,
                "advertised_ws_port": 3,
                "advertised_wss_port": 4,
            },
            "elsewhere",
            Endpoints("m2m.example.org", 1, 2, 3, 4),
        ),
    ],
)
def test_endpoints(given: dict[str, object], request_host: str | None, expected: Endpoints) -> None:
    settings = RelaySettings(data_dir=Path("data"), **given)  # type: ignore[arg-type]  # fields of the settings
    assert settings.endpoints(request_host) == expected


def test_the_database_stands_in_the_data_folder_unless_told_otherwise(tmp_path: Path) -> None:
    assert RelaySettings(tmp_path).database_url == f"sqlite+aiosqlite:///{tmp_path}/relay.sqlite3"
    assert RelaySettings(tmp_path, store_url="postgresql+asyncpg://h/db").database_url.startswith(
        "postgresql"
    )
