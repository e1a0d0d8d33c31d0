"""The self-check report: what ran on what board, with which files, how quickly, and what came of it."""

import datetime
import html
import platform
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

PERCENTILES = (50, 90, 99)
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
WORDS = {PASSED: "通过 passed", FAILED: "失败 failed", SKIPPED: "未做 skipped"}


@dataclass
class Check:
    """One test: its sentence, how it ended (PASSED, FAILED, SKIPPED), seconds, and why it did not pass."""

    sentence: str
    outcome: str
    seconds: float
    reason: str = ""


@dataclass
class Report:
    """Collects checks, facts about bench and board (`facts`), and samples in milliseconds (`samples`)."""

    facts: dict[str, str] = field(default_factory=dict)
    samples: dict[str, list[float]] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    def sample(self, what: str, milliseconds: float) -> None:
        """Add one measurement."""
        self.samples.setdefault(what, []).append(milliseconds)

    @property
    def good(self) -> bool:
        """True when something ran and nothing failed."""
        outcomes = [check.outcome for check in self.checks]
        return PASSED in outcomes and FAILED not in outcomes

    def write(self, path: Path) -> None:
        """Write the report as one HTML file that needs nothing else."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._html(), encoding="utf-8")

    def _html(self) -> str:
        verdict = "合格 · good" if self.good else "不合格 · not good"
        when = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
        facts = {"日期 date": when, "主机 host": f"{platform.system()} {platform.machine()}", **self.facts}
        return _PAGE.format(
            verdict=verdict,
            kind="good" if self.good else "bad",
            facts=_rows(list(facts.items())),
            checks=_rows(
                [
                    (WORDS[check.outcome], check.sentence, f"{check.seconds:.1f} s", check.reason)
                    for check in self.checks
                ],
                [check.outcome for check in self.checks],
            ),
            samples=_rows(
                [(what, str(len(values)), *percentiles(values)) for what, values in self.samples.items()]
            ),
            heads="".join(f"<th>p{percent}, ms</th>" for percent in PERCENTILES),
        )


def percentiles(values: list[float]) -> list[str]:
    """The PERCENTILES of at least one value, as text."""
    if len(values) == 1:
        return [f"{values[0]:.1f}"] * len(PERCENTILES)
    cuts = quantiles(values, n=100, method="inclusive")
    return [f"{cuts[percent - 1]:.1f}" for percent in PERCENTILES]


def _rows(rows: list[tuple[str, ...]], kinds: list[str] | None = None) -> str:
    return "\n".join(
        f'<tr class="{kinds[at] if kinds else ""}">'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
        + "</tr>"
        for at, row in enumerate(rows)
    )


_PAGE = """<!doctype html>
<html lang="zh">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>wxlink 自检报告 self-check report</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em }}
h1 {{ font-size: 1.4em }} h2 {{ font-size: 1.1em; margin-top: 2em }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ border-bottom: 1px solid #ddd; padding: .35em .6em; text-align: left; vertical-align: top }}
td {{ overflow-wrap: anywhere }}
.good, .passed td:first-child {{ color: #067647 }} .bad, .failed td:first-child {{ color: #b42318 }}
.skipped td:first-child {{ color: #667085 }}
@media print {{ body {{ margin: 0 }} }}
</style>
<h1>wxlink 自检报告 self-check report: <span class="{kind}">{verdict}</span></h1>
<table>{facts}</table>
<h2>检查 Checks</h2>
<table>{checks}</table>
<h2>延迟 Latency</h2>
<table><tr><th></th><th>n</th>{heads}</tr>{samples}</table>
"""
