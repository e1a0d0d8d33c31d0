"""Names as others see them."""

import pytest

from wxlink.relay.masks import masked, masked_email


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13812345678", "138****5678"),  # a phone number, as the published messages write one
        ("Gabcds", "G****s"),  # the user of the published samples
        ("234562", "2****2"),
        ("gizwits", "g****ts"),
        ("abcde", "a****"),
        ("ab", "a****"),
        ("a", "****"),
        ("微信宠物屋主人", "微****主人"),
        ("", None),
        (None, None),
    ],
)
def test_the_middle_four_are_hidden(text: str | None, shown: str | None) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("Gabcds@gizwits.com", "G****s@gizwits.com"),
        ("li@example.org", "l****@example.org"),
        ("a@b", "****@b"),
        ("a@b@example.org", "a****@example.org"),
        ("", None),
        (None, None),
    ],
)
def test_what_stands_before_the_at_is_masked(address: str | None, shown: str | None) -> None:
    assert masked_email(address) == shown
