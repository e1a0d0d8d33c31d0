"""A pet house without MCU: the module's own pins are the product. This file is the maker's.

gokit_product.py is generated: `wxlink codegen protocol/products/gokit.json -o . --for micropython`.
"""

import asyncio

from gokit_product import GokitProduct

COLDEST, WARMEST = 16, 34  # degrees Celsius that the simulated sensor wanders between


class PetHouse(GokitProduct):
    """Says on the console what a board would do with its pins."""

    def on_control(self, name, value):
        """Switch what the user asked for; the value is stored and reported already."""
        print(f"hardware: {name} = {value}")
        if name == "LED_Color" and value != self.LED_COLOR_CUSTOM:
            self.LED_R, self.LED_G, self.LED_B = {
                self.LED_COLOR_YELLOW: (254, 254, 0),
                self.LED_COLOR_PURPLE: (254, 0, 70),
                self.LED_COLOR_PINK: (238, 30, 30),
            }[value]

    async def run(self):
        """Measure; what is set here is reported as often as the link's rules allow."""
        self.Temperature, self.Humidity = COLDEST, 45
        step = 1
        while True:
            await asyncio.sleep(2)
            if not COLDEST <= self.Temperature + step <= WARMEST:
                step = -step
            self.Temperature += step


product = PetHouse()
