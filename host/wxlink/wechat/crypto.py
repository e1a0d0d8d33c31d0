"""Signatures and message encryption of WeChat's pushes and passive replies."""

import base64
import binascii
import hashlib
import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from wxlink.wechat.account import Account, decode_aes_key

_AES_BLOCK = 16  # bytes
_PAD_BLOCK = 32  # bytes: WeChat pads to 32, not to the cipher's block
_RANDOM = 16  # bytes before the length
_HEADER = _RANDOM + 4


class CryptoError(Exception):
    """A signature or a ciphertext is not WeChat's. `reason` is for a counter; nobody outside may see it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted message and the three values its signature covers."""

    encrypt: str
    msg_signature: str
    timestamp: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A decrypted message and the key that opened it, so that the answer uses the same one."""

    message: bytes
    key: bytes


def signature(*parts: str) -> str:
    """SHA-1 hex of the parts (token, timestamp, nonce, perhaps Encrypt), sorted bytewise and joined."""
    digest = hashlib.sha1(usedforsecurity=False)  # WeChat's choice
    for part in sorted(part.encode() for part in parts):
        digest.update(part)
    return digest.hexdigest()


def check_signature(given: str, *parts: str) -> None:
    """Compare in constant time; CryptoError when `given` is not the parts' signature."""
    if not hmac.compare_digest(given.encode(), signature(*parts).encode()):
        raise CryptoError("bad signature")


class MessageCrypto:
    """Opens pushes and seals replies of one account (AES-256-CBC, iv = first half of the key)."""

    def __init__(self, token: str, aes_key: str, appid: str, next_aes_key: str | None = None) -> None:
        self._token = token
        self._appid = appid.encode()
        self._keys = [decode_aes_key(key) for key in (aes_key, next_aes_key) if key]

    @classmethod
    def of(cls, account: Account) -> "MessageCrypto":
        """The crypto of an account, ready for the key it may switch to."""
        return cls(account.token, account.aes_key, account.appid, account.next_aes_key)

    def open(self, sealed: Sealed) -> Opened:
        """Check the signature, then decrypt. Every failure is a CryptoError."""
        check_signature(sealed.msg_signature, self._token, sealed.timestamp, sealed.nonce, sealed.encrypt)
        try:
            ciphertext = base64.b64decode(sealed.encrypt, validate=True)
        except (binascii.Error, ValueError) as error:
            raise CryptoError("not base64") from error
        if not ciphertext or len(ciphertext) % _AES_BLOCK:
            raise CryptoError("not whole blocks")
        *earlier, last = self._keys
        for key in earlier:
            with suppress(CryptoError):
                return Opened(self._unframe(_decrypt(key, ciphertext)), key)
        return Opened(self._unframe(_decrypt(last, ciphertext)), last)

    def seal(
        self,
        message: bytes,
        timestamp: str,
        nonce: str,
        *,
        key: bytes | None = None,
        random: bytes | None = None,
    ) -> Sealed:
        """Encrypt and sign. `key`: the one that opened the push; `random`: 16 bytes, for known answers."""
        header = (random or secrets.token_bytes(_RANDOM)) + len(message).to_bytes(4, "big")
        frame = header + message + self._appid
        padding = _PAD_BLOCK - len(frame) % _PAD_BLOCK
        cipher = _cipher(key or self._keys[0]).encryptor()
        ciphertext = cipher.update(frame + bytes([padding]) * padding) + cipher.finalize()
        encrypt = base64.b64encode(ciphertext).decode()
        return Sealed(encrypt, signature(self._token, timestamp, nonce, encrypt), timestamp, nonce)

    def _unframe(self, padded: bytes) -> bytes:
        padding = padded[-1]
        if not 1 <= padding <= _PAD_BLOCK or padded[-padding:] != bytes([padding]) * padding:
            raise CryptoError("bad padding")
        frame = padded[:-padding]
        if len(frame) < _HEADER:
            raise CryptoError("frame too short")
        end = _HEADER + int.from_bytes(frame[_RANDOM:_HEADER], "big")
        if end > len(frame):
            raise CryptoError("length past the end")
        if not hmac.compare_digest(frame[end:], self._appid):
            raise CryptoError("another account's appid")
        return frame[_HEADER:end]


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(key[:_AES_BLOCK]))


def _decrypt(key: bytes, ciphertext: bytes) -> bytes:
    cipher = _cipher(key).decryptor()
    return cipher.update(ciphertext) + cipher.finalize()
