"""Before main: heap policy. A board runs this file by itself; main.py imports it on the unix port."""

import gc

COLLECT_AFTER = 16384  # bytes allocated between collections: short pauses and little fragmentation

gc.threshold(COLLECT_AFTER)
