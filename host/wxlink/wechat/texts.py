"""Every sentence the account says, in both languages."""

from dataclasses import dataclass

from wxlink.wechat.home import Language, Refusal


@dataclass(frozen=True, slots=True)
class Texts:
    """The sentences of one language; braces hold what is filled in."""

    welcome: str
    help: str
    bound: str
    online: str
    offline: str
    stale: str
    no_values: str
    value: str
    open_page: str
    no_devices: str
    more_devices: str
    cannot_bind_here: str
    failure: str
    too_fast: str
    refusals: dict[Refusal, str]


TEXTS: dict[Language, Texts] = {
    Language.ZH: Texts(
        welcome="欢迎关注！",
        help=(
            "扫描设备上的二维码即可绑定设备。\n"
            "发送“状态”查看设备，发送“帮助”看这段说明。\n"
            "Send “state” or “help” for English."
        ),
        bound="已绑定：{device}",
        online="设备在线",
        offline="设备离线",
        stale="设备离线，以下是之前的数据",
        no_values="还没有上报数据",
        value="{label}：{text}",
        open_page="打开控制页面",
        no_devices="您还没有绑定设备。请扫描设备上的二维码。",
        more_devices="还有设备没有列出，请打开控制页面查看。",
        cannot_bind_here="本公众号正以明文模式运行，不能绑定设备。请管理员改用安全模式。",
        failure="抱歉，暂时无法处理，请稍后再试。",
        too_fast="您发得太快了，请过一会儿再试。",
        refusals={
            Refusal.EXPIRED: "这个二维码已过期。请在设备上重新生成，再扫一次。",
            Refusal.USED: "这个二维码已被使用过，也许是别人用的。请在设备上重新生成，再扫一次。",
            Refusal.UNKNOWN: "这个二维码不是有效的绑定码。请扫描设备当前显示的二维码。",
            Refusal.OWNED: "这台设备已有主人，请让主人把它分享给您。",
        },
    ),
    Language.EN: Texts(
        welcome="Welcome!",
        help=(
            "Scan the QR code of a device to bind it.\n"
            "Send “state” to see your devices, “help” for this text."
        ),
        bound="Bound: {device}",
        online="Online",
        offline="Offline",
        stale="Offline; earlier values:",
        no_values="No data reported yet",
        value="{label}: {text}",
        open_page="Open the control page",
        no_devices="You have no device yet. Scan the QR code of one.",
        more_devices="More devices are not listed; open the control page to see them.",
        cannot_bind_here=(
            "This account runs in plain mode and cannot bind devices. "
            "Its administrator has to change to the safe mode."
        ),
        failure="Sorry, that did not work. Please try again later.",
        too_fast="That was too fast. Please try again in a while.",
        refusals={
            Refusal.EXPIRED: "This QR code has expired. Make a new one on the device and scan again.",
            Refusal.USED: (
                "This QR code has been used, perhaps by someone else. "
                "Make a new one on the device and scan again."
            ),
            Refusal.UNKNOWN: "This is not a valid binding code. Scan the one that the device shows now.",
            Refusal.OWNED: "This device has an owner. Ask them to share it with you.",
        },
    ),
}
