"""What the module knows of its own condition."""

import gc


def link_text(counters):
    """What the serial link went through, for the console."""
    last, smoothed = counters.round_trip_last, counters.round_trip_smoothed
    trip = "no round trip yet" if last is None else f"round trip {last} ms, {smoothed} ms on average"
    return (
        f"{counters.frames_in} frames in, {counters.frames_out} out, {trip}, {counters.resends} sent again, "
        f"{counters.given_up} given up, {counters.repeats} repeats, {counters.bad_frames} bad frames, "
        f"{counters.bad_bytes} bad bytes, {counters.resyncs} resyncs"
    )


def heap_text():
    """Heap after a collection, for the console."""
    gc.collect()
    return f"heap {gc.mem_alloc() // 1024} KB used, {gc.mem_free() // 1024} KB free"
