"""Commands that keep the link: device information, P0, heartbeat, status, notices."""

from wxlink.codegen.bilingual import Text, same
from wxlink.codegen.book.chapter import TEXT_FORM, Chapter, Field, acked, asked, short
from wxproto import commands
from wxproto.device_info import DeviceInfo
from wxproto.product import Product

NOTICES = {
    commands.ERROR_CHECKSUM: "校验和错误",
    commands.ERROR_UNKNOWN_COMMAND: "命令不可识别",
    commands.ERROR_OTHER: "其他错误",
    commands.ERROR_FILE_TYPE: "文件类型不符",
}
"""commands.NOTICES in Chinese."""

_NOTICE = Field(
    "1",
    Text("错误码", "error"),
    Text(
        "；".join(f"{code} {text}" for code, text in NOTICES.items()),
        "; ".join(f"{code} {text}" for code, text in commands.NOTICES.items()),
    ),
)


def _says_notice(code: int) -> tuple[Text, Text]:
    return Text("错误码", "error"), Text(f"{code} {NOTICES[code]}", f"{code} {commands.NOTICES[code]}")


def link_chapters(product: Product) -> list[Chapter]:
    """Chapters of the commands that every MCU program knows."""
    info = DeviceInfo(
        product_key=product.product_key,
        hardware_version="00000001",
        software_version="00000002",
        attributes=b"\0\0\0\0\0\0\0\2",
    )
    return [
        Chapter(
            commands.GET_DEVICE_INFO,
            "获取设备信息",
            Text(
                "模组上电后反复询问，直到 MCU 应答；之后才有其他命令。",
                "From power-on the module asks until the MCU answers, before any other command.",
            ),
            ack=(
                Field("8", Text("串口协议版本", "serial protocol version"), TEXT_FORM),
                Field("8", Text("业务协议（P0）版本", "P0 version"), TEXT_FORM),
                Field("8", Text("硬件版本", "hardware version"), TEXT_FORM),
                Field("8", Text("软件版本", "software version"), TEXT_FORM),
                Field("32", same("product key"), Text("小写十六进制文本", "text, lower-case hex")),
                Field(
                    "2",
                    Text("可绑定时间", "bindable seconds"),
                    Text("秒；0 表示一直可绑定", "seconds after power-on; 0: always bindable"),
                ),
                Field(
                    "8",
                    Text("设备属性", "attributes"),
                    Text(
                        "可省略；最后一个字节的最低位为 bit 0",
                        "optional; bit 0 is the lowest bit of the last byte",
                    ),
                ),
                Field(
                    "32",
                    same("product secret"),
                    Text("可省略；保密，示例中没有", "optional, secret: not in the example"),
                ),
                Field(
                    "2 + n",
                    Text("长度与附加信息", "length, further text"),
                    Text("可省略；key=value&key=value", "optional; key=value&key=value"),
                ),
            ),
            frames=(
                asked(commands.GET_DEVICE_INFO, 0),
                acked(
                    commands.GET_DEVICE_INFO,
                    0,
                    info.encode(),
                    (Text("串口协议版本", "serial protocol version"), same(info.protocol_version)),
                    (Text("业务协议（P0）版本", "P0 version"), same(info.p0_version)),
                    (Text("硬件版本", "hardware version"), same(info.hardware_version)),
                    (Text("软件版本", "software version"), same(info.software_version)),
                    (same("product key"), same(info.product_key)),
                    (Text("可绑定时间", "bindable seconds"), same(info.bindable_s)),
                    (Text("设备属性", "attributes"), same("00 00 00 00 00 00 00 02")),
                ),
            ),
        ),
        Chapter(
            commands.P0_DOWN,
            "下发 P0：控制、读取、透传、子设备",
            Text(
                "MCU 先应答，再执行，然后用 05 上报变化后的状态。标志的 bit 0 为 1 时发给子设备："
                "数据以 didlen(1) + did 开头，应答重复二者。本产品的控制与读取见第 2 章。",
                "The MCU acknowledges, then obeys, then reports the changed state in a 05. With flags bit 0 "
                "set it is meant for a sub-device: the payload begins with didlen (1) and did, and the ack "
                "repeats both. Chapter 2 shows control and read of this product.",
            ),
            payload=(
                Field("1", Text("动作", "action"), Text("01、02、05、11、12、72", "01, 02, 05, 11, 12, 72")),
                Field("n", Text("数据", "data"), Text("由动作决定", "as the action says")),
            ),
            ack=(
                Field(
                    "0 / n",
                    Text("数据", "data"),
                    Text(
                        "读取后为动作 03 或 13 与状态，否则为空",
                        "after a read action 03 or 13 and the state, else nothing",
                    ),
                ),
            ),
            frames=short(
                commands.P0_DOWN,
                3,
                bytes.fromhex("05 68 69"),
                (Text("动作", "action"), Text("05 透传", "05 transparent data")),
                (Text("数据", "data"), same("68 69")),
            ),
        ),
        Chapter(
            commands.P0_UP,
            "上报 P0：状态、透传、子设备",
            Text("何时上报见第 5 章。", "Chapter 5 says when."),
            payload=(
                Field("1", Text("动作", "action"), Text("04、06、14、71、73", "04, 06, 14, 71, 73")),
                Field("n", Text("数据", "data"), Text("由动作决定", "as the action says")),
            ),
            frames=short(
                commands.P0_UP,
                4,
                bytes.fromhex("06 FF 01"),
                (Text("动作", "action"), Text("06 透传", "06 transparent data")),
                (Text("数据", "data"), same("FF 01")),
            ),
        ),
        Chapter(
            commands.HEARTBEAT,
            "心跳",
            Text(
                "模组每 55 s 发送一次；4 次没有应答则认为 MCU 离线，重新获取设备信息。",
                "Every 55 s; after four unanswered ones the module takes the MCU for lost and asks for "
                "device information again.",
            ),
            frames=short(commands.HEARTBEAT, 1),
        ),
        Chapter(
            commands.MODULE_STATUS,
            "通知模组工作状态",
            Text("状态变化时立即发送，否则每 10 分钟一次。", "At each change, and every ten minutes."),
            payload=(
                Field(
                    "2",
                    Text("状态", "status"),
                    Text("高字节在前；各位见第 6 章", "high byte first; chapter 6 has the bits"),
                ),
            ),
            frames=short(
                commands.MODULE_STATUS,
                15,
                bytes.fromhex("06 32"),
                (
                    Text("状态", "status"),
                    Text("Station、已连路由器、已连中继，信号 6", "station, router, relay, level 6"),
                ),
            ),
        ),
        Chapter(
            commands.RESTART_MCU,
            "重启 MCU",
            Text("MCU 先应答，600 ms 后重启。", "The MCU acknowledges at once and restarts 600 ms later."),
            frames=short(commands.RESTART_MCU, 16),
        ),
        Chapter(
            commands.MODULE_NOTICE,
            "模组报告非法消息",
            Text("没有应答；序号是出错帧的序号。", "Not acknowledged; sn is that of the offending frame."),
            payload=(_NOTICE,),
            frames=(asked(commands.MODULE_NOTICE, 7, b"\1", _says_notice(commands.ERROR_CHECKSUM)),),
        ),
        Chapter(
            commands.MCU_NOTICE,
            "MCU 报告非法消息",
            Text("没有应答；序号是出错帧的序号。", "Not acknowledged; sn is that of the offending frame."),
            payload=(_NOTICE,),
            frames=(asked(commands.MCU_NOTICE, 9, b"\2", _says_notice(commands.ERROR_UNKNOWN_COMMAND)),),
        ),
    ]
