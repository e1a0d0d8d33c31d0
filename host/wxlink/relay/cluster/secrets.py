"""The secrets that the nodes and the relays of one cluster share; made once, by `wxlink cluster init`."""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import nkeys

from wxlink.relay.broker import Login

USERS: Final = ("relay", "auth", "system", "route")
"""What relays do; what answers logins; what lists connections; what a node says to another node."""

PASSWORD_BYTES: Final = 24
MAX_FILE_BYTES: Final = 64 * 1024
OTHERS: Final = 0o077  # the rights of everyone but the owner


class SecretsError(Exception):
    """The file of secrets cannot be used; the text says what to do."""


@dataclass(frozen=True)
class ClusterSecrets:
    """Logins at the nodes, and the key that signs the answers to devices' logins. Never in a `repr`."""

    logins: Mapping[str, Login] = field(repr=False)
    issuer: nkeys.KeyPair = field(repr=False)

    @classmethod
    def draw(cls) -> "ClusterSecrets":
        """New ones."""
        logins = {user: Login(user, secrets.token_urlsafe(PASSWORD_BYTES)) for user in USERS}
        return cls(logins, nkeys.from_seed(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_ACCOUNT)))

    @classmethod
    def read(cls, path: Path) -> "ClusterSecrets":
        """Read what `to_json` gave. Raises SecretsError."""
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & OTHERS:
                    raise SecretsError(f"{path} can be read by others: run `chmod 600 {path}`")
                words = json.loads(file.read(MAX_FILE_BYTES))
            logins = {user: Login(user, _text(words["passwords"][user])) for user in USERS}
            return cls(logins, nkeys.from_seed(bytearray(_text(words["issuer_seed"]).encode())))
        except OSError as error:
            raise SecretsError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, nkeys.NkeysError) as error:
            raise SecretsError(
                f"{path} does not hold a cluster's secrets: make them with `wxlink cluster init`"
            ) from error

    def to_json(self) -> str:
        """For the relays."""
        words = {
            "passwords": {user: login.password for user, login in self.logins.items()},
            "issuer_seed": self.issuer.seed.decode(),
        }
        return json.dumps(words, indent=2) + "\n"

    def to_nats(self, nodes: Sequence[str]) -> str:
        """For the nodes: what their configuration refers to, without the secret half of the issuer's key.

        nodes: `host:port` of each, where nodes reach one another.
        """
        route = self.logins["route"]
        routes = [f"nats-route://{route.user}:{route.password}@{node}" for node in nodes]
        words = {f"{user}_password": login.password for user, login in self.logins.items()}
        words["issuer"] = self.issuer.public_key.decode()
        lines = [f"{name}: {json.dumps(value)}" for name, value in (words | {"routes": routes}).items()]
        return "\n".join((*lines, ""))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("not a text")
    return value
