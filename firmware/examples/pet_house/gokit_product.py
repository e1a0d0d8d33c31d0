# Generated from 微信宠物屋 | GoKit pet house by wxlink codegen --for micropython, do not edit.
"""微信宠物屋 | GoKit pet house: its data points as properties, in display values.

Runs on the Wi-Fi module (firmware/README.md, "A product without MCU"); a data point that is set is reported.
"""

from module.soc_product import SocProduct
from wxproto.product import ALERT, FAULT, READONLY, WRITABLE


class GokitProduct(SocProduct):
    """Override on_control(name, value) and run(), then make the one instance `product`."""

    NAME = "gokit"
    KEY = "6f0d4b7c91e24a35b8d2c7f3a1905e68"
    VARIABLE = False
    POINTS = (
        ("LED_OnOff", WRITABLE, "bool", None),
        ("LED_Color", WRITABLE, "enum", ("自定义", "黄色", "紫色", "粉色")),
        ("LED_R", WRITABLE, "uint8", (0, 254, 1, 0)),
        ("LED_G", WRITABLE, "uint8", (0, 254, 1, 0)),
        ("LED_B", WRITABLE, "uint8", (0, 254, 1, 0)),
        ("Motor_Speed", WRITABLE, "uint16", (0, 10, 1, -5)),
        ("Infrared", READONLY, "bool", None),
        ("Temperature", READONLY, "uint8", (0, 200, 1, -13)),
        ("Humidity", READONLY, "uint8", (0, 100, 1, 0)),
        ("Alert_1", ALERT, "bool", None),
        ("Alert_2", ALERT, "bool", None),
        ("Fault_LED", FAULT, "bool", None),
        ("Fault_Motor", FAULT, "bool", None),
        ("Fault_TemHum", FAULT, "bool", None),
        ("Fault_IR", FAULT, "bool", None),
    )

    LED_COLOR_CUSTOM = "自定义"
    LED_COLOR_YELLOW = "黄色"
    LED_COLOR_PURPLE = "紫色"
    LED_COLOR_PINK = "粉色"

    @property
    def LED_OnOff(self):
        """开启/关闭红色灯 | Red light (writable): true or false."""
        return self.values["LED_OnOff"]

    @LED_OnOff.setter
    def LED_OnOff(self, value):
        self.store(0, value)

    @property
    def LED_Color(self):
        """设定LED组合颜色 | Light colour (writable): one of its texts."""
        return self.values["LED_Color"]

    @LED_Color.setter
    def LED_Color(self, value):
        self.store(1, value)

    @property
    def LED_R(self):
        """设定LED颜色R值 | Red (writable): 0 to 254."""
        return self.values["LED_R"]

    @LED_R.setter
    def LED_R(self, value):
        self.store(2, value)

    @property
    def LED_G(self):
        """设定LED颜色G值 | Green (writable): 0 to 254."""
        return self.values["LED_G"]

    @LED_G.setter
    def LED_G(self, value):
        self.store(3, value)

    @property
    def LED_B(self):
        """设定LED颜色B值 | Blue (writable): 0 to 254."""
        return self.values["LED_B"]

    @LED_B.setter
    def LED_B(self, value):
        self.store(4, value)

    @property
    def Motor_Speed(self):
        """设定电机转速 | Motor speed (writable): -5 to 5."""
        return self.values["Motor_Speed"]

    @Motor_Speed.setter
    def Motor_Speed(self, value):
        self.store(5, value)

    @property
    def Infrared(self):
        """红外探测 | Infrared detector (read-only): true or false."""
        return self.values["Infrared"]

    @Infrared.setter
    def Infrared(self, value):
        self.store(6, value)

    @property
    def Temperature(self):
        """环境温度 | Temperature (read-only): -13 to 187 ℃."""
        return self.values["Temperature"]

    @Temperature.setter
    def Temperature(self, value):
        self.store(7, value)

    @property
    def Humidity(self):
        """环境湿度 | Humidity (read-only): 0 to 100 %."""
        return self.values["Humidity"]

    @Humidity.setter
    def Humidity(self, value):
        self.store(8, value)

    @property
    def Alert_1(self):
        """报警1 | Alert 1 (alert): true or false."""
        return self.values["Alert_1"]

    @Alert_1.setter
    def Alert_1(self, value):
        self.store(9, value)

    @property
    def Alert_2(self):
        """报警2 | Alert 2 (alert): true or false."""
        return self.values["Alert_2"]

    @Alert_2.setter
    def Alert_2(self, value):
        self.store(10, value)

    @property
    def Fault_LED(self):
        """LED故障 | Light fault (fault): true or false."""
        return self.values["Fault_LED"]

    @Fault_LED.setter
    def Fault_LED(self, value):
        self.store(11, value)

    @property
    def Fault_Motor(self):
        """电机故障 | Motor fault (fault): true or false."""
        return self.values["Fault_Motor"]

    @Fault_Motor.setter
    def Fault_Motor(self, value):
        self.store(12, value)

    @property
    def Fault_TemHum(self):
        """温湿度传感器故障 | Temperature and humidity sensor fault (fault): true or false."""
        return self.values["Fault_TemHum"]

    @Fault_TemHum.setter
    def Fault_TemHum(self, value):
        self.store(13, value)

    @property
    def Fault_IR(self):
        """红外传感器故障 | Infrared sensor fault (fault): true or false."""
        return self.values["Fault_IR"]

    @Fault_IR.setter
    def Fault_IR(self, value):
        self.store(14, value)
