"""kill -9 under load, the short form: `make cluster` does more of it, for longer."""

import random
from pathlib import Path

import pytest
from acceptance.run import Plan, run
from acceptance.site import cluster
from bench.postgres import NoPostgres, programs

try:
    programs()
except NoPostgres as reason:
    pytest.skip(str(reason), allow_module_level=True)


@pytest.mark.timeout(400)  # processes of ten kinds on a loaded machine; alone it takes half a minute
async def test_nothing_acknowledged_is_lost_or_doubled_when_a_node_is_killed(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    report = await run(Plan(cluster, 20, 100, 4, ("kill a node",), seed), tmp_path, print)
    print(report)
    assert report.clean, report.wrong
    assert report.told["reports acknowledged"] > 0
    assert report.told["commands answered"] > 0
