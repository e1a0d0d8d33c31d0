"""Takes a stream of frames apart over and over, by our decoder and by the plain loop; for MicroPython.

Prints as JSON: frames per second of both, and the bytes of heap that both take for one frame, for one byte of
noise in a long read, and for one byte of a long frame in short reads.
"""

import gc
import json
import sys
import time

from plain_loop import PlainLoop

from wxproto import frame

FRAMES = 64
READ = 64  # bytes of one read, as the module's serial pump uses
ROUNDS = 5


def stream():
    """FRAMES reports of a small product; one in eight holds a stuffed byte."""
    out = b""
    for sn in range(FRAMES):
        payload = b"\x04\x07\x11\x22\x33\x00\x03\x01\x27\x37" + (b"\xff" if sn % 8 == 0 else b"\x09")
        out += frame.encode(5, sn, payload)
    return out


def blocks(data, size):
    """`data` as reads of `size` bytes."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def rate(feed, reads, seconds):
    """Frames a second that `feed` finds in the reads, over and over."""
    count = 0
    began = time.clock()
    while True:
        for block in reads:
            count += len(feed(block))
        took = time.clock() - began
        if took >= seconds:
            return count / took


def heap(feed, reads):
    """Bytes of heap that feeding the reads takes, each list thrown away at once."""
    gc.collect()
    gc.disable()
    began = gc.mem_alloc()
    for block in reads:
        feed(block)
    took = gc.mem_alloc() - began
    gc.enable()
    return took


def main(seconds):
    """Measure both in turns and print what came."""
    data = stream()
    reads = blocks(data, READ)
    said = {"size": len(data) / FRAMES, "ours": 0, "plain": 0}
    feeds = {"ours": frame.Decoder().feed, "plain": PlainLoop().feed}
    for _ in range(ROUNDS):
        for name, feed in feeds.items():
            said[name] = max(said[name], rate(feed, reads, seconds / ROUNDS))
    for name, feed in feeds.items():
        feed(reads[0] + reads[1])  # whatever is made once is there
        said[name + "_heap"] = heap(feed, reads) / FRAMES
        noise = bytes([7] * 256)
        # What a call takes whatever it is given is left out: one call of 256 bytes less one of 16.
        said[name + "_noise"] = (heap(feed, [noise]) - heap(feed, [noise[:16]])) / 240
        long, longer = [blocks(frame.encode(5, 0, bytes(size)), READ) for size in (1024, 2048)]
        said[name + "_long"] = (heap(feed, longer) - heap(feed, long)) / 1024
    print(json.dumps(said))


main(float(sys.argv[1]))
