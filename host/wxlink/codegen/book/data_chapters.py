"""Commands of big data: firmware and other content that no single frame holds."""

import hashlib

from wxlink.codegen.bilingual import Text, same
from wxlink.codegen.book.chapter import MULTI_BYTE, Chapter, Field, short
from wxproto import commands

CONTENT = bytes(range(0xF0, 0x100)) + b"end"
"""What the worked frames carry: small enough to be read, and with an FF to be stuffed."""
PIECE = 16
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()

_SIZE = Text("大小", "size")
_MD5_FIELD = (
    Field("2", Text("MD5 长度", "length of the MD5"), Text("32", "32")),
    Field("32", same("MD5"), Text("小写十六进制文本", "text, lower-case hex")),
)


def data_chapters() -> list[Chapter]:
    """Chapters of one transfer, from the announcement to its last piece, and of its cancellation."""
    pieces = [CONTENT[:PIECE], CONTENT[PIECE:]]
    return [
        Chapter(
            commands.DATA_ANNOUNCE,
            "大数据：通知有数据",
            Text("由发送方发出，两个方向都可以。", "The sender begins; both directions are possible."),
            payload=(Field("4", _SIZE, MULTI_BYTE), *_MD5_FIELD),
            frames=short(
                commands.DATA_ANNOUNCE,
                20,
                len(CONTENT).to_bytes(4, "big") + _md5(),
                (_SIZE, same(len(CONTENT))),
                (same("MD5"), same(MD5)),
            ),
        ),
        Chapter(
            commands.DATA_READY,
            "大数据：准备接收",
            Text(
                "接收方准备好之后发出（例如已擦除闪存）。标志 bit 0 为 1 表示要求 HEX 行，0 为二进制。",
                "From the receiver once it is ready, for example has erased its flash. Flags bit 0 set asks "
                "for lines of HEX, else binary.",
            ),
            payload=(
                *_MD5_FIELD,
                Field("2", Text("分片长度", "piece length"), Text("0 表示 256", "0 means 256")),
            ),
            frames=short(
                commands.DATA_READY,
                21,
                _md5() + PIECE.to_bytes(2, "big"),
                (same("MD5"), same(MD5)),
                (Text("分片长度", "piece length"), same(PIECE)),
            ),
        ),
        Chapter(
            commands.DATA_PIECE,
            "大数据：发送分片",
            Text(
                "接收方写入之后才应答，最长 3 s。收到最后一片后，接收方检查 MD5。",
                "Acknowledged once written, within 3 s. After the last one the receiver checks the MD5.",
            ),
            payload=(
                Field("2", Text("分片序号", "piece number"), Text("从 1 开始", "from 1")),
                Field("2", Text("分片总数", "piece count"), MULTI_BYTE),
                Field(
                    "n", Text("内容", "content"), Text("最后一片可以较短", "the last piece may be shorter")
                ),
            ),
            frames=tuple(
                worked
                for number, piece in enumerate(pieces, 1)
                for worked in short(
                    commands.DATA_PIECE,
                    21 + number,
                    number.to_bytes(2, "big") + len(pieces).to_bytes(2, "big") + piece,
                    (Text("分片序号", "piece number"), same(number)),
                    (Text("分片总数", "piece count"), same(len(pieces))),
                    (Text("内容", "content"), same(piece.hex(" ").upper())),
                )
            ),
        ),
        Chapter(
            commands.DATA_SENDER_CANCEL,
            "大数据：发送方取消",
            Text("传输到此为止。", "The transfer ends here."),
            frames=short(commands.DATA_SENDER_CANCEL, 24),
        ),
        Chapter(
            commands.DATA_RECEIVER_CANCEL,
            "大数据：接收方取消",
            Text(
                "传输到此为止，例如 MD5 不符。",
                "The transfer ends here, for example because the MD5 differs.",
            ),
            frames=short(commands.DATA_RECEIVER_CANCEL, 25),
        ),
    ]


def _md5() -> bytes:
    return len(MD5).to_bytes(2, "big") + MD5.encode()
