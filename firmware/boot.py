"""Before main: heap policy. A board runs this file by itself; main.py imports it on the unix port."""

import gc

# The largest files first: compiling needs most heap, and now most of it is free.
import module.uplink  # noqa: F401 - only loaded here
import wxproto.session  # noqa: F401 - only loaded here

COLLECT_AFTER = 16384  # bytes allocated between collections: short pauses and little fragmentation

gc.threshold(COLLECT_AFTER)
