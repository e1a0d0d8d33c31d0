"""What the C SDK takes of an ATmega328P stays within its limits."""

import pytest
from bench.sizes import AVR, FLASH_LIMIT, RAM_LIMIT, NoCompiler, size_of


def test_a_gokit_board_fits_an_atmega328p() -> None:
    try:
        size = size_of(AVR)
    except NoCompiler as error:
        pytest.skip(str(error))
    assert size.flash <= FLASH_LIMIT
    assert size.ram <= RAM_LIMIT
