"""What every test may use: a poll with a deadline, a free port, a printed seed."""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable

import free_ports
import pytest
from hypothesis import settings

# A busy machine is no mistake of the code; print_blob shows how to repeat what failed.
settings.register_profile("wxlink", deadline=None, print_blob=True)
settings.load_profile("wxlink")

WORKERS_MAX = 16
WITHIN_S = 30.0  # on a busy machine; what goes well needs a small part of it


def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: one for a processor; a test is several processes, and its deadlines are real."""
    return min(os.cpu_count() or 1, WORKERS_MAX)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """See free_ports.free_port()."""
    return free_ports.free_port


@pytest.fixture
def eventually() -> Callable[..., Awaitable[object]]:
    """Polls `check`, plain or async, until it is truthy and gives its value; fails after `within` seconds."""

    async def poll(check: Callable[[], object], within: float = WITHIN_S, every: float = 0.02) -> object:
        deadline = time.monotonic() + within
        while True:
            result = check()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return result
            if time.monotonic() > deadline:
                pytest.fail(f"not reached within {within} s: {check!r}, last value {result!r}")
            await asyncio.sleep(every)

    return poll


@pytest.fixture
def seeded() -> random.Random:
    """A random source whose seed is printed; WXLINK_SEED repeats a run."""
    seed = int(os.environ.get("WXLINK_SEED") or random.SystemRandom().randrange(2**32))
    print(f"WXLINK_SEED={seed}")
    return random.Random(seed)
