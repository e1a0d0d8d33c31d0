"""What the module knows of its own condition."""

import gc


def heap_text():
    """Heap after a collection, for the console."""
    gc.collect()
    return f"heap {gc.mem_alloc() // 1024} KB used, {gc.mem_free() // 1024} KB free"
