"""What is sent, and who can send it."""

from dataclasses import dataclass
from typing import Protocol


class NotSent(Exception):
    """The message did not leave; the text is for the log and holds neither code nor link."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text message with a code. lang: en or zh-cn."""

    phone: str
    code: str
    lang: str

    @property
    def words(self) -> str:
        """The whole message."""
        if self.lang == "zh-cn":
            return f"您的验证码是 {self.code}，24 小时内有效，请勿告诉他人。"
        return f"Your code is {self.code}. It is good for 24 hours; do not tell it to anyone."


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail with the link under which its reader may set a new password."""

    address: str
    link: str
    lang: str

    @property
    def subject(self) -> str:
        """Its subject."""
        return "重置密码" if self.lang == "zh-cn" else "Set a new password"

    @property
    def words(self) -> str:
        """Its body."""
        if self.lang == "zh-cn":
            return (
                f"请在一小时内打开下面的链接设置新密码；如果不是您本人的操作，请忽略此邮件。\n\n{self.link}\n"
            )
        return (
            "Open this link within an hour to set a new password. "
            f"If you did not ask for it, ignore this letter.\n\n{self.link}\n"
        )


class Courier(Protocol):
    """Sends to people. Both raise NotSent; neither takes longer than its own time-out."""

    async def text(self, text: Text) -> None:
        """Send a text message."""

    async def letter(self, letter: Letter) -> None:
        """Send an e-mail."""
