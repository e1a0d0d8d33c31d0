"""MicroPython: the production test with the networks that the first line of stdin names, see set_up_air."""

import asyncio

from set_up_air import Air, Kept, tell

from module import production_test

tell(passed=asyncio.run(production_test.run(Air(), Kept(), None, 2)))
