"""Who takes part in the demo: app, product secret, module and WeChat account; drawn once, then kept."""

import dataclasses
import json
import os
import secrets
import string
from pathlib import Path
from typing import Self

FILE_NAME = "identity.json"


class DamagedIdentity(ValueError):
    """The kept identity cannot be read."""


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """Everything the demo draws by chance at its first start.

    appid, app_secret, product_secret: 32 lower-case hex digits; mac: 12; openid: one invented WeChat user.
    wechat_*: the sandbox's Official Account: appid, AppSecret, Token, EncodingAESKey, original id.
    """

    appid: str
    app_secret: str = dataclasses.field(repr=False)
    product_secret: str = dataclasses.field(repr=False)
    mac: str
    wechat_appid: str
    wechat_secret: str = dataclasses.field(repr=False)
    wechat_token: str = dataclasses.field(repr=False)
    wechat_aes_key: str = dataclasses.field(repr=False)
    wechat_original_id: str
    openid: str

    @classmethod
    def draw(cls) -> Self:
        """A new identity from the system's random source."""
        letters = string.ascii_letters + string.digits
        return cls(
            appid=secrets.token_hex(16),
            app_secret=secrets.token_hex(16),
            product_secret=secrets.token_hex(16),
            mac="02" + secrets.token_hex(5),  # 02: a locally administered address, never a real module's
            wechat_appid="wx" + secrets.token_hex(8),
            wechat_secret=secrets.token_hex(16),
            wechat_token=_pick(letters, 24),
            wechat_aes_key=_pick(letters, 43),
            wechat_original_id="gh_" + secrets.token_hex(6),
            openid="oDEMO" + _pick(letters, 23),
        )

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The identity kept in `folder`, drawn and kept there at the first start. Raises DamagedIdentity."""
        path = folder / FILE_NAME
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            identity = cls.draw()
            identity._keep(path)
            return identity
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise DamagedIdentity(f"{path} cannot be read; start with --fresh to begin anew") from error

    def _keep(self, path: Path) -> None:
        half_written = path.with_suffix(".new")
        with open(
            os.open(half_written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            json.dump(dataclasses.asdict(self), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        half_written.replace(path)


def _pick(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
