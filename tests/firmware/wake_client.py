"""MicroPython: what ends a wait, as one line each; a wait for ever would end the test."""

import asyncio

from module.wake import Wake

LONG_MS = 60_000


async def sleeper(wake, ends):
    try:
        ends.append(await wake.wait(LONG_MS))
    except asyncio.CancelledError:
        ends.append("cancelled")


async def main():
    wake = Wake()
    print("time", await wake.wait(1))
    wake.set()
    wake.set()
    print("before", await wake.wait(LONG_MS), await wake.wait(1))
    ends = []
    task = asyncio.create_task(sleeper(wake, ends))
    await asyncio.sleep_ms(5)
    wake.set()
    wake.set()
    await task
    print("while", ends)
    for acts in ((Wake.set, cancel), (cancel, Wake.set)):
        ends = []
        task = asyncio.create_task(sleeper(wake, ends))
        await asyncio.sleep_ms(5)
        for act in acts:
            act(wake if act is Wake.set else task)
        await asyncio.sleep_ms(5)
        print("both", ends, task.done())
        await wake.wait(1)


def cancel(task):
    task.cancel()


asyncio.run(main())
