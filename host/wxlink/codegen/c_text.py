"""Names and texts made fit for C."""

import re
from collections.abc import Callable, Iterable

_RESERVED_WORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline int
    long register restrict return short signed sizeof static struct switch typedef union unsigned void
    volatile while asm bool catch class const_cast delete dynamic_cast explicit export false friend mutable
    namespace new operator private protected public reinterpret_cast static_cast template this throw true
    try typeid typename using virtual wchar_t alignas alignof char16_t char32_t constexpr decltype noexcept
    nullptr static_assert thread_local linux unix errno NULL EOF NAN INFINITY near far huge interrupt
    at bdata bit code data idata pdata reentrant sbit sfr sfr16 small compact large xdata flash eeprom
    BIN CHANGE DEC DEFAULT DISPLAY EULER EXTERNAL FALLING HALF_PI HEX HIGH INPUT INTERNAL LOW OCT OUTPUT
    RISING SERIAL SP SREG TWO_PI
    uint8_t uint16_t uint32_t
"""
RESERVED = frozenset(_RESERVED_WORDS.split())
"""What no struct member may be named: keywords of C, C++ and of 8051 and AVR compilers, macros of theirs and
of Arduino's core, and the types of the members beside it, which C++ would no longer find."""

_CHIP = re.compile(
    r"ARDUINO|AVR|B[01]{1,8}|(PORT|PIN)\d|(PORT|PIN|DDR|P)[A-L]\d?|ADC[HLW]|SP[EHL]|SE|INT\d|MUX\d|TIMER\d[A-D]?"
    r"|(ADC|CAN|DAC|DMA|FSMC|I2C|I2S|SAI|SPI|TIM|UART|USART)\d{0,2}|GPIO[A-K]"
    r"|CRC|CRYP|DBGMCU|DCMI|DWT|ETH|EXTI|FLASH|FPU|HASH|ITM|IWDG|MPU|NVIC|PWR|QUADSPI|RCC|RNG|RTC|SCB|SDIO"
    r"|SYSCFG|USB|WWDG"
)
"""Macros for registers: of an AVR and Arduino's binary numbers, and of the peripherals of ST's Cortex-M."""

_NOT_WORD = re.compile(r"[^A-Za-z0-9]+")
_MAX_WORD = 40  # characters; longer identifiers help nobody


def member_name(name: str) -> str:
    """A struct member for a data point's name: the name itself wherever C allows it."""
    if name.startswith("_"):
        return f"p{name}"
    return f"{name}_" if name in RESERVED or _CHIP.fullmatch(name) else name


def macro_word(text: str) -> str:
    """Upper-case word for a macro or enum constant; empty when the text has no ASCII letter or digit."""
    if not text.isascii():
        return ""
    return _NOT_WORD.sub("_", text).strip("_").upper()[:_MAX_WORD].rstrip("_")


def file_word(*texts: str | None) -> str:
    """Lower-case word to begin file, type and function names with, from the first text that gives one."""
    for text in texts:
        word = macro_word(text or "").lower()
        if word and word[0].isalpha() and word not in RESERVED and not word.startswith("wxlink"):
            return word
    return "product"


def unique(stem: str, suffix: str, used: set[str], names: Callable[[str], Iterable[str]]) -> str:
    """The stem, lengthened by the suffix until none of `names(stem)` is used; they are used from then on."""
    while not used.isdisjoint(names(stem)):
        stem += suffix
    used.update(names(stem))
    return stem


def comment(*texts: str | None) -> str:
    """Texts side by side on one line, unable to end a comment; what says the same twice is said once."""
    lines = []
    for text in texts:
        # What cannot be seen goes first: without it, characters may meet that end a comment.
        line = "".join(c for c in " ".join((text or "").split()) if c.isprintable())
        line = line.replace("*/", "* /").replace("/*", "/ *").rstrip("\\ ")
        if line and line not in lines:
            lines.append(line)
    return " | ".join(lines)


def string(text: str) -> str:
    """A C string literal; UTF-8 stays readable, everything else that could surprise a compiler is escaped."""
    out = []
    for char in text:
        if char in '"\\?':
            out.append("\\" + char)
        elif char.isprintable():
            out.append(char)
        else:
            out.extend(f"\\{byte:03o}" for byte in char.encode())
    return '"' + "".join(out) + '"'
