"""The authority that modules of the bench are given, and the relay's certificate under it."""

from pathlib import Path

from authority import Authority

NAME = "relay.test"  # RFC 6761: no name server of the world knows it
VALID = (-300, 365)  # days from now: a module whose clock shows the day of its build trusts it too


class Pki:
    """`ca` is DER as a module takes it; `certificate` and `key` are for a server of `name` and `address`."""

    def __init__(self, folder: Path, name: str = NAME, address: str = "127.0.0.1") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        authority = Authority(folder)
        self.name = name
        self.ca = authority.der.read_bytes()
        self.certificate = self.key = authority.issue(
            "relay.pem", tuple(dict.fromkeys((name, address))), VALID
        )
