"""The vectors, a settable clock, and an account with a sandbox."""

import json
from pathlib import Path
from typing import Any

import pytest

from wxlink.wechat.account import Account
from wxlink.wechat.sandbox import made_up_account


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    """WeChat's own worked examples, values of public SDKs' tests, and some of ours."""
    return json.loads(Path(__file__).with_name("wechat-vectors.json").read_text("utf-8"))


class SettableClock:
    """Unix seconds that move only when a test says so."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(1_795_000_000.0)


@pytest.fixture
def account() -> Account:
    return made_up_account()
