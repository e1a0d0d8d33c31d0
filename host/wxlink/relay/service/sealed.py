"""The cipher of GAgent's secure registration: AES-128-ECB with PKCS#7 under the product secret, as hex.

ECB hides a form whose first bytes are always the same badly, and there is no check of integrity: what is
read back is a guess until it has the form that is expected. It is what those modules speak.
"""

from typing import Final

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

BLOCK: Final = 16  # bytes
SEALED_MAX: Final = 1_024  # hex digits; a registration has 192


class NotSealed(ValueError):
    """A text was not sealed with this secret."""


def seal(secret: str, text: str) -> str:
    """The text under the secret (32 hex digits), in lower-case hex."""
    padder = padding.PKCS7(BLOCK * 8).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = _cipher(secret).encryptor()
    return (encryptor.update(padded) + encryptor.finalize()).hex()


def unseal(secret: str, sealed: str) -> str:
    """The text that was sealed. Raises NotSealed."""
    if len(sealed) > SEALED_MAX:
        raise NotSealed(f"{len(sealed)} hex digits; {SEALED_MAX} at most are taken")
    try:
        data = bytes.fromhex(sealed)
        decryptor = _cipher(secret).decryptor()
        unpadder = padding.PKCS7(BLOCK * 8).unpadder()
        padded = decryptor.update(data) + decryptor.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError as error:
        raise NotSealed("this is not sealed with the product secret") from error


def _cipher(secret: str) -> Cipher[ECB]:
    return Cipher(AES(bytes.fromhex(secret)), ECB())  # noqa: S305 - the modules speak nothing else
