"""What messages say, in the language of who reads them. `..._me` is for the guest, else for the owner."""

from collections.abc import Mapping
from typing import Final

_CHINESE: Final = "zh-cn"

# event -> Chinese, English. The first one is OAdoc's sample.
TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "share.invited": ("您给 {guest} 共享了设备 {device}!", "You shared {device} with {guest}."),
    "share.invited_me": (
        "{owner} 给您共享了设备 {device}，请在 24 小时内接受。",
        "{owner} shared {device} with you; accept it within 24 hours.",
    ),
    "share.accepted": ("{guest} 接受了您共享的设备 {device}。", "{guest} accepted {device} from you."),
    "share.accepted_me": ("您接受了 {owner} 共享的设备 {device}。", "You accepted {device} from {owner}."),
    "share.refused": ("{guest} 拒绝了您共享的设备 {device}。", "{guest} did not accept {device} from you."),
    "share.refused_me": (
        "您拒绝了 {owner} 共享的设备 {device}。",
        "You did not accept {device} from {owner}.",
    ),
    "share.cancelled": (
        "您取消了给 {guest} 共享的设备 {device}。",
        "You no longer share {device} with {guest}.",
    ),
    "share.cancelled_me": (
        "{owner} 取消了给您共享的设备 {device}。",
        "{owner} no longer shares {device} with you.",
    ),
    "share.transferred": ("您把设备 {device} 转让给了 {guest}。", "You made {guest} the owner of {device}."),
    "share.transferred_me": (
        "{owner} 把设备 {device} 转让给了您。",
        "{owner} made you the owner of {device}.",
    ),
    "share.ended": (
        "设备 {device} 已被其主人解绑。",
        "The owner of {device} gave it up for everyone.",
    ),
    "share.lapsed": ("您使用设备 {device} 的时间已到。", "Your time with {device} is over."),
    "alert.raised": ("设备 {device} 告警：{name}", "{device} raised an alert: {name}"),
    "alert.cleared": ("设备 {device} 的告警已解除：{name}", "{device} cleared an alert: {name}"),
    "alert.fault_raised": ("设备 {device} 发生故障：{name}", "{device} has a fault: {name}"),
    "alert.fault_cleared": ("设备 {device} 的故障已恢复：{name}", "{device} recovered from a fault: {name}"),
    "alert.rule_paused": (
        "设备 {device} 的联动规则 {name} 触发过于频繁，已暂停。",
        "The rule {name} of {device} fired too often and is paused.",
    ),
}


class _Gaps(dict[str, str]):
    """Words that nobody gave are shown as a question mark."""

    def __missing__(self, name: str) -> str:
        return "?"


def text(event: str, words: Mapping[str, str], lang: str) -> str:
    """The text of a message. An event that this version does not know is shown by its name."""
    chinese, english = TEXTS.get(event, (event, event))
    template = chinese if lang == _CHINESE else english
    return template.format_map(_Gaps(words)) if event in TEXTS else template
