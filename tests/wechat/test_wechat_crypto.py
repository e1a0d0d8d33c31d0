"""Signatures and encryption against WeChat's worked examples, public SDKs' values, and wechatpy."""

import pytest
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import check_signature as wechatpy_check

from wxlink.wechat.account import Account, AccountError, Mode, decode_aes_key
from wxlink.wechat.crypto import CryptoError, MessageCrypto, Sealed, check_signature, signature
from wxlink.wechat.replies import write_sealed

KEY = "relayTestKeyForVectorsOnly0123456789abcdefE"
OTHER_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def test_signatures_of_the_vectors(vectors):
    for vector in vectors["signature"]:
        parts = [vector["token"], vector["timestamp"], vector["nonce"]]
        if "encrypt" in vector:
            parts.append(vector["encrypt"])
        right = vector.get("signature") or vector.get("msg_signature")
        if right is None:
            with pytest.raises(CryptoError, match="bad signature"):
                check_signature(vector["wrong_signature"], *parts)
        else:
            check_signature(right, *parts)


def test_wechatpy_accepts_our_signature_and_we_refuse_what_it_refuses():
    wechatpy_check("relayToken2026", signature("relayToken2026", "1795000000", "aB"), "1795000000", "aB")
    with pytest.raises(InvalidSignatureException):
        wechatpy_check("relayToken2026", "0" * 40, "1795000000", "aB")
    for given in ("0" * 40, "", "é" * 40):
        with pytest.raises(CryptoError):
            check_signature(given, "relayToken2026", "1795000000", "aB")


def test_ciphertexts_of_the_vectors_both_ways(vectors):
    for vector in vectors["message_crypto"]:
        token, plaintext = vector["token"], vector["plaintext"].encode()
        crypto = MessageCrypto(token, vector["encoding_aes_key"], vector["appid"])
        timestamp, nonce = vector.get("timestamp", "1"), vector.get("nonce", "n")
        sealed = crypto.seal(plaintext, timestamp, nonce, random=vector["random16"].encode())
        assert sealed.encrypt == vector["encrypt"], vector["name"]
        if "msg_signature" in vector:
            assert sealed.msg_signature == vector["msg_signature"], vector["name"]
        assert crypto.open(sealed).message == plaintext, vector["name"]


def test_hostile_ciphertexts_of_the_vectors_are_refused_with_their_own_reason(vectors):
    reasons = {}
    for vector in vectors["message_crypto_reject"]:
        crypto = MessageCrypto(vector["token"], vector["encoding_aes_key"], vector["appid"])
        given = (vector["encrypt"], vector["msg_signature"], vector["timestamp"], vector["nonce"])
        with pytest.raises(CryptoError) as refused:
            crypto.open(Sealed(*given))
        reasons[vector["name"]] = refused.value.reason
    assert reasons == {
        "wrong-appid": "another account's appid",
        "length-past-end": "length past the end",
        "length-negative-as-signed": "length past the end",
        "pad-zero": "bad padding",
        "pad-over-32": "bad padding",
        "pad-not-uniform": "bad padding",
        "too-short": "frame too short",
        "not-block-multiple": "not whole blocks",
        "not-base64": "not base64",
        "tampered-body": "bad signature",
    }


def test_keys_that_differ_in_spare_bits_only_are_the_same_key(vectors):
    note = vectors["key_note"]
    assert decode_aes_key(note["example_a"]) == decode_aes_key(note["example_b"])


def test_wechatpy_opens_what_we_seal_and_we_open_what_it_seals():
    theirs = WeChatCrypto("relayToken2026", KEY, "wx0123456789abcdef")
    ours = MessageCrypto("relayToken2026", KEY, "wx0123456789abcdef")
    for text in ("", "x" * 25, "x" * 26, "开灯 😀 ]]>"):
        sealed = ours.seal(text.encode(), "1795000000", "n0nce")
        opened = theirs.decrypt_message(
            write_sealed(sealed), sealed.msg_signature, sealed.timestamp, sealed.nonce
        )
        assert opened == text
    encrypted = theirs.encrypt_message("<xml><a>灯</a></xml>", "n0nce", "1795000000")
    encrypt = encrypted.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    signed = signature("relayToken2026", "1795000000", "n0nce", encrypt)
    assert (
        ours.open(Sealed(encrypt, signed, "1795000000", "n0nce")).message.decode() == "<xml><a>灯</a></xml>"
    )


def test_while_keys_are_exchanged_both_open_and_the_answer_uses_the_pushs_key():
    exchanging = MessageCrypto("relayToken2026", KEY, "wx0123456789abcdef", next_aes_key=OTHER_KEY)
    for key in (KEY, OTHER_KEY):
        single = MessageCrypto("relayToken2026", key, "wx0123456789abcdef")
        opened = exchanging.open(single.seal(b"push", "1", "n"))
        assert opened.message == b"push"
        assert single.open(exchanging.seal(b"reply", "1", "n", key=opened.key)).message == b"reply"


GOOD = {
    "name": "lamp",
    "appid": "wx0123456789abcdef",
    "secret": "0123456789abcdef0123456789abcdef",
    "token": "relayToken2026",
    "aes_key": KEY,
    "original_id": "gh_0123456789ab",
}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "Lamp shop", "part of the callback's path"),
        ("appid", "0123456789abcdef", "'wx' and 16 hexadecimal digits"),
        ("secret", "short", "AppSecret"),
        ("token", "to", "3-32 letters and digits"),
        ("token", "with-hyphen", "3-32 letters and digits"),
        ("aes_key", KEY[:-1], "43 letters and digits"),
        ("next_aes_key", KEY + "=", "43 letters and digits"),
        ("original_id", "0123456789ab", "'gh_'"),
        ("mode", "safest", "one of safe, compatible, plain"),
        ("api_base", "http://api.example.org", "https://"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_should_be(field, value, says):
    Account(**GOOD)
    with pytest.raises(AccountError, match=says) as refused:
        Account(**{**GOOD, field: value})
    assert f": {field} must be" in str(refused.value)


def test_no_secret_in_the_text_of_an_account():
    text = repr(Account(**GOOD, next_aes_key=OTHER_KEY, mode=Mode.COMPATIBLE))
    for secret in (GOOD["secret"], GOOD["token"], KEY, OTHER_KEY):
        assert secret not in text
