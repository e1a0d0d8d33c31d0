"""Versions that the module tells, eight characters each (README 3.8)."""

HARDWARE = "00000001"
SOFTWARE = "00010000"  # major (4), minor (2), patch (2)
BUILT = 1795219200  # Unix seconds; no clock is right that shows less: 2026-11-21
