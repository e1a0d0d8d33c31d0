"""The button and the LED of a product, where its board has them."""

import asyncio

from micropython import const

from module.console import say
from module.life import JOINING, NO_WIFI, ONLINE

_TICK_MS = const(100)
_SET_UP_TICKS = const(30)  # held for 3 s: set-up
_RESET_TICKS = const(100)  # held for 10 s: everything is wiped

# state of life -> ticks of light, ticks of darkness
_RHYTHMS = {NO_WIFI: (1, 1), JOINING: (5, 5), ONLINE: (1, 0)}
_OTHER = (1, 19)


async def run(config, port, life, on_set_up, on_reset):
    """Show the state of `life` on the LED and watch the button, for ever."""
    button = port.Button(config)
    led = port.Led(config)
    held = tick = 0
    while True:
        light, dark = _RHYTHMS.get(life.state, _OTHER)
        led.set(tick % (light + dark) < light)
        tick += 1
        if button.pressed():
            held += 1
            if held == _RESET_TICKS:
                say("module", "the button was held for 10 s: identity, network and bindings end")
                on_reset()
        else:
            if _SET_UP_TICKS <= held < _RESET_TICKS:
                say("module", "the button was held: set-up")
                on_set_up()
            held = 0
        await asyncio.sleep_ms(_TICK_MS)
