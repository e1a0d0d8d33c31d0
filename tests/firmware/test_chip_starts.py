"""What every start of a chip does before the application: console, slot, restart."""

from pathlib import Path
from typing import Any

import pytest
from firmware_bench import ROOT
from test_module_update import run

from wxlink.flash.root import bare

CTRL_C = 3
PRODUCT = ("product", "damaged", "no object", "too long")
OPEN = ("development", "nothing said", "no factory data")


@pytest.fixture(scope="module", params=["source", "chip"])
def starts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What chip_starts.py prints, run once with the sources, and once with what a chip gets of them."""
    files = {name: (ROOT / "firmware" / name).read_text("utf-8") for name in ("boot.py", "chip_main.py")}
    folder = tmp_path_factory.mktemp("root")
    for name, source in (files if request.param == "source" else bare(files)).items():
        (folder / name).write_text(source, "utf-8")
    return {"folder": folder}


async def lines(starts: Any) -> Any:
    if "differences" not in starts:
        folder: Path = starts["folder"]
        boot, main = (str(folder / name) for name in ("boot.py", "chip_main.py"))
        differences, *others = await run("chip_starts.py", main, boot=boot)
        starts.update({one["start"]: one for one in others}, differences=differences)
    return starts


async def test_boot_py_does_what_the_table_of_the_slots_says(starts: Any):
    assert (await lines(starts))["differences"] == []


@pytest.mark.parametrize("name", PRODUCT)
async def test_a_product_shuts_the_console_at_once_and_for_good(starts: Any, name: str):
    boot = (await lines(starts))[name]
    assert boot["keys"] == [-1]
    assert boot["slept"] == []
    assert boot["printed"] == ["boot: runs /a"]


@pytest.mark.parametrize("name", OPEN)
async def test_any_other_chip_waits_for_ctrl_c_and_says_so(starts: Any, name: str):
    boot = (await lines(starts))[name]
    assert boot["keys"] == [-1, CTRL_C]
    assert boot["slept"] == [2]
    assert "Ctrl-C within 2 s" in boot["printed"][0]


@pytest.mark.parametrize("ending", ["ValueError", "SystemExit", "MemoryError", "KeyboardInterrupt", "2"])
async def test_a_product_comes_to_no_prompt_however_its_application_ends(starts: Any, ending: str):
    main = (await lines(starts))[f"main of product: {ending}"]
    assert main["keys"] == [-1]
    assert main["end"] == "reset"
    assert main["watchdog"] == 120_000
    assert main["slept"] == [10], "a module that fails at once restarts a few times a minute"


async def test_an_application_that_ends_well_restarts_at_once(starts: Any):
    main = (await lines(starts))["main of product: None"]
    assert (main["end"], main["slept"]) == ("reset", [0])


async def test_ctrl_c_leads_to_the_prompt_of_a_chip_in_development(starts: Any):
    main = (await lines(starts))["main of development: KeyboardInterrupt"]
    assert main["keys"] == [-1, CTRL_C]
    assert main["watchdog"] is None
    assert (main["end"], main["printed"]) == (
        "KeyboardInterrupt",
        ["main: stopped; machine.reset() starts it again"],
    )


async def test_main_py_takes_a_chip_whose_boot_py_failed_for_a_product(starts: Any):
    main = (await lines(starts))["main after a boot.py that failed"]
    assert main["keys"] == [-1]
    assert main["end"] == "reset", "there is no application here: it cannot be imported"


async def test_a_word_that_cannot_be_written_starts_the_good_slot(starts: Any):
    boot = (await lines(starts))["nvs fails"]
    assert boot["end"] == "prompt", "the file ended without an exception"
    assert boot["printed"][-1] == "boot: runs /a"
