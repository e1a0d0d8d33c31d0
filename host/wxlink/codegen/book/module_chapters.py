"""Commands by which the MCU makes use of the module."""

from wxlink.codegen.bilingual import Text, same
from wxlink.codegen.book.chapter import MULTI_BYTE, TEXT_FORM, Chapter, Field, acked, asked, short
from wxproto import commands

UTC = 1_790_000_000
"""The moment of the worked network time, in Unix seconds: 2026-09-21 22:13:20 in UTC+8."""
URL = "http://192.168.1.10/mcu.bin"

_SUB_DEVICES = Text(
    "用于带子设备的网关。公开资料没有数据的格式，模组原样传递。",
    "For gateways with devices behind them. The form of the payload is not public: it is carried as it is.",
)
_BYTES = Field("n", Text("数据", "data"), Text("字节", "bytes"))


def module_chapters() -> list[Chapter]:
    """Chapters of setting up, time, module information and transactions."""
    local_time = bytes.fromhex("07EA 09 15 16 0D 14") + UTC.to_bytes(4, "big")
    module_info = (
        bytes((1,))
        + b"00000004WXLINK0100010000"
        + _padded("02a1b2c3d4e5", 16)
        + _padded("192.168.1.23", 16)
        + bytes(8)
    )
    return [
        Chapter(
            commands.ENTER_CONFIGURATION,
            "进入配网模式",
            Text("通常由产品上的按键触发。", "Usually a button of the product does it."),
            payload=(
                Field(
                    "1",
                    Text("方式", "mode"),
                    Text(
                        "1 SoftAP；2 AirLink；4 由 MCU 给出网络",
                        "1 SoftAP; 2 AirLink; 4 the MCU names the network",
                    ),
                ),
                Field(
                    "5 × (1 + n)",
                    Text("网络", "network"),
                    Text(
                        "仅方式 4：ssid、密码、bssid、时区、服务器，各带一个字节的长度",
                        "mode 4 only: ssid, password, bssid, time zone, server, each after a byte of length",
                    ),
                ),
            ),
            frames=short(commands.ENTER_CONFIGURATION, 2, b"\1", (Text("方式", "mode"), same("1 SoftAP"))),
        ),
        Chapter(
            commands.RESET_MODULE,
            "重置模组",
            Text(
                "模组清除网络、身份与绑定，然后重启。",
                "The module forgets network, identity and binding, and restarts.",
            ),
            frames=short(commands.RESET_MODULE, 5),
        ),
        Chapter(
            commands.ENTER_TEST,
            "进入产测模式",
            Text(
                "模组寻找测试网络，状态的 bit 12 置 1。",
                "The module looks for the test networks and sets status bit 12.",
            ),
            frames=short(commands.ENTER_TEST, 6),
        ),
        Chapter(
            commands.ALLOW_BINDING,
            "进入可绑定模式",
            Text(
                "设备信息里的可绑定时间重新开始计时。",
                "The bindable seconds of the device information begin anew.",
            ),
            frames=short(commands.ALLOW_BINDING, 8),
        ),
        Chapter(
            commands.GET_NETWORK_TIME,
            "获取网络时间",
            Text("模组还不知道时间时全部为 0。", "All zeros while the module does not know the time."),
            ack=(
                Field("2", Text("年", "year"), MULTI_BYTE),
                Field(
                    "5",
                    Text("月、日、时、分、秒", "month, day, hour, minute, second"),
                    Text("本地时间", "local time"),
                ),
                Field(
                    "4",
                    Text("时间戳", "Unix time"),
                    Text("UTC 秒，高字节在前", "UTC seconds, high byte first"),
                ),
            ),
            frames=(
                asked(commands.GET_NETWORK_TIME, 10),
                acked(
                    commands.GET_NETWORK_TIME,
                    10,
                    local_time,
                    (Text("本地时间", "local time"), same("2026-09-21 22:13:20")),
                    (Text("时间戳", "Unix time"), same(UTC)),
                ),
            ),
        ),
        Chapter(
            commands.GET_MODULE_INFO,
            "获取模组信息",
            Text(
                "蜂窝模组的应答带有 IMEI、IMSI 与基站。",
                "The answer of a cellular module carries IMEI, IMSI and cells.",
            ),
            payload=(Field("1", Text("类型", "type"), same("0")),),
            ack=(
                Field("1", Text("模组类型", "module type"), Text("1 Wi-Fi，2 蜂窝", "1 Wi-Fi, 2 cellular")),
                Field("8", Text("串口协议版本", "serial protocol version"), TEXT_FORM),
                Field("8", Text("硬件版本", "hardware version"), TEXT_FORM),
                Field("8", Text("固件版本", "firmware version"), TEXT_FORM),
                Field("16", same("MAC"), TEXT_FORM),
                Field("16", same("IP"), TEXT_FORM),
                Field("8", Text("设备属性", "attributes"), Text("同 02", "as in 02")),
            ),
            frames=(
                asked(commands.GET_MODULE_INFO, 11, b"\0", (Text("类型", "type"), same("0"))),
                acked(
                    commands.GET_MODULE_INFO,
                    11,
                    module_info,
                    (Text("模组类型", "module type"), same("1 Wi-Fi")),
                    (Text("串口协议版本", "serial protocol version"), same("00000004")),
                    (Text("硬件版本", "hardware version"), same("WXLINK01")),
                    (Text("固件版本", "firmware version"), same("00010000")),
                    (same("MAC"), same("02a1b2c3d4e5")),
                    (same("IP"), same("192.168.1.23")),
                ),
            ),
        ),
        Chapter(
            commands.TRANSACTION_REQUEST,
            "事务请求",
            Text(
                "一个产品有多个 MCU 时，为其中一个查询和下载固件。",
                "For products with several MCUs: asks for firmware of one of them.",
            ),
            payload=(
                Field(
                    "1", Text("类型", "type"), Text("1 查询升级；3 下载", "1 check for an update; 3 download")
                ),
                Field(
                    "32 + 32 + 8 + 8 + 1",
                    Text("类型 1", "of type 1"),
                    Text(
                        "product key、did、硬件版本、软件版本、是否比较",
                        "product key, did, hardware version, software version, compare",
                    ),
                ),
                Field("2 + n", Text("类型 3", "of type 3"), Text("长度与 URL", "length and URL")),
            ),
            frames=short(
                commands.TRANSACTION_REQUEST,
                12,
                b"\3" + len(URL).to_bytes(2, "big") + URL.encode(),
                (Text("类型", "type"), Text("3 下载", "3 download")),
                (same("URL"), same(URL)),
            ),
        ),
        Chapter(
            commands.TRANSACTION_RESULT,
            "事务结果",
            Text("事务请求的结果，由模组给出。", "What became of a transaction request."),
            payload=(
                Field(
                    "1",
                    Text("类型", "type"),
                    Text("2 查询结果；4 下载结果", "2 answer to a check; 4 result of a download"),
                ),
                Field(
                    "1 / 8 + 2 + n",
                    Text("类型 2", "of type 2"),
                    Text(
                        "比较时：0 无升级，1 有升级；否则：软件版本、长度与 URL",
                        "when compare was 1: 0 no update, 1 update; else software version, length and URL",
                    ),
                ),
                Field("1", Text("类型 4", "of type 4"), Text("0 成功，1 失败", "0 success, 1 failure")),
            ),
            frames=short(
                commands.TRANSACTION_RESULT,
                13,
                b"\4\0",
                (Text("类型", "type"), Text("4 下载结果", "4 result of a download")),
                (Text("结果", "result"), Text("0 成功", "0 success")),
            ),
        ),
        Chapter(
            commands.RESTART_MODULE,
            "重启模组",
            Text("不清除任何信息。", "Nothing is forgotten."),
            frames=short(commands.RESTART_MODULE, 14),
        ),
        Chapter(
            commands.REGISTER_SUB_DEVICE,
            "注册子设备",
            _SUB_DEVICES,
            payload=(_BYTES,),
            frames=short(commands.REGISTER_SUB_DEVICE, 26, b"\1\2", (_BYTES.name, same("01 02"))),
        ),
        Chapter(
            commands.SUB_DEVICE_RESULT,
            "子设备注册结果",
            _SUB_DEVICES,
            payload=(_BYTES,),
            frames=short(commands.SUB_DEVICE_RESULT, 27, b"\3", (_BYTES.name, same("03"))),
        ),
    ]


def _padded(text: str, size: int) -> bytes:
    return text.encode() + bytes(size - len(text))
