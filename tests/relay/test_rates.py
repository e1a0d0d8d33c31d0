"""Buckets of tokens: against a bucket that counts plainly, and in bounded memory."""

import random

import pytest

from wxlink.relay.rates import Buckets, Rate, owner_of

NOW = 1_700_000_000.0


class PlainBucket:
    """What a bucket is: tokens that come in by themselves and are taken out one by one."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.left = float(rate.burst)
        self.at = 0.0

    def take(self, now: float) -> bool:
        self.left = min(self.rate.burst, self.left + (now - self.at) * self.rate.per_s)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


# Powers of two: neither of the ways to count rounds.
@pytest.mark.parametrize("rate", [Rate(1, 1), Rate(0.5, 3), Rate(64, 10), Rate(1024, 2000)])
def test_it_gives_what_a_plain_bucket_gives(rate: Rate, seeded: random.Random) -> None:
    buckets, plain, now = Buckets(rate), PlainBucket(rate), 0.0
    for _ in range(5_000):
        now += seeded.choice((0, 0, seeded.randrange(64) / 64 / rate.per_s, seeded.randrange(4) / rate.per_s))
        assert buckets.take("key", now) == plain.take(now)


def test_keys_do_not_touch_each_other_and_the_oldest_is_forgotten() -> None:
    buckets = Buckets(Rate(1, 1), keys_max=3)
    assert [buckets.take(key, NOW) for key in "aabbc"] == [True, False, True, False, True]
    for number in range(100):
        buckets.take(number, NOW)
    assert len(buckets) == 3
    assert buckets.take("a", NOW)


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    buckets = Buckets(Rate(1, 2))
    assert [buckets.take("key", NOW) for _ in range(3)] == [True, True, False]
    assert [buckets.take("key", NOW - 3600) for _ in range(3)] == [True, True, False]


def test_no_rate_is_no_limit_and_remembers_nothing() -> None:
    buckets = Buckets(Rate(0, 1))
    assert all(buckets.take("key", NOW) for _ in range(1000))
    assert len(buckets) == 0


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_whom_an_address_belongs_to(address: str, owner: str) -> None:
    assert owner_of(address) == owner
