"""Decodes a stream of frames over and over and prints frames per second, on CPython and MicroPython alike."""

import sys
import time

from wxproto import frame

FRAMES = 64
READ = 64  # bytes of one read, as the module's serial pump uses


def main(seconds):
    """Print how many 20-byte frames a second the decoder takes apart; one in eight holds a stuffed byte."""
    stream = b""
    for sn in range(FRAMES):
        payload = b"\x04\x07\x11\x22\x33\x00\x03\x01\x27\x37" + (b"\xff" if sn % 8 == 0 else b"\x09")
        stream += frame.encode(5, sn, payload)
    reads = [stream[at : at + READ] for at in range(0, len(stream), READ)]
    decoder = frame.Decoder()
    count = 0
    began = time.time()
    while True:
        for block in reads:
            count += len(decoder.feed(block))
        took = time.time() - began
        if took >= seconds:
            break
    print(count / took, len(stream) / FRAMES)


main(float(sys.argv[1]))
