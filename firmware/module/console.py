"""Console lines: milliseconds since start, who speaks, what happened. Never a passcode or another secret."""

import time

_started = time.ticks_ms()
MAX_LINE = 240  # characters; a text that came from a peer may be long


def say(who, text):
    """Print one line, for example `     812 uplink: online at 127.0.0.1:1883`."""
    line = "%8d %s: %s" % (time.ticks_diff(time.ticks_ms(), _started), who, text)
    print(line[:MAX_LINE].replace("\r", " ").replace("\n", " "))
