"""One figure with its peer, and the file that keeps them."""

import dataclasses
import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

RESULTS = Path(__file__).with_name("results.json")


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and what it is compared with.

    better: "more" or "less"; ratio is ours / peer, so with "more" above 1 is ahead of the peer.
    shares: where the processor time of ours goes, by area.
    """

    name: str
    ours: float
    unit: str
    peer: str
    peers: float
    better: str
    note: str = ""
    shares: Mapping[str, float] | None = None

    @property
    def ratio(self) -> float:
        """ours / peers."""
        return self.ours / self.peers


def keep(figures: Sequence[Figure]) -> None:
    """Write results.json anew: the machine it ran on, and each figure with its ratio."""
    rows = [
        {
            "name": figure.name,
            "ours": _short(figure.ours),
            "unit": figure.unit,
            "peer": figure.peer,
            "peers": _short(figure.peers),
            "ratio": _short(figure.ratio),
            "better": figure.better,
            "note": figure.note,
            **({"shares": figure.shares} if figure.shares else {}),
        }
        for figure in figures
    ]
    machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    RESULTS.write_text(
        json.dumps({"ran_on": machine, "figures": rows}, indent=2, ensure_ascii=False) + "\n", "utf-8"
    )


def _short(value: float) -> float:
    return float(f"{value:.4g}")
