"""WeChat on this machine: its API, its pushes and its people, as strict as the real one."""

from wxlink.wechat.sandbox.server import Sandbox, made_up_account

__all__ = ["Sandbox", "made_up_account"]
