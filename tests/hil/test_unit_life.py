"""One unit from its first start to updates in the field, in the order in which a unit lives."""

import time
from itertools import pairwise

import pytest
from hil.asker import Asker
from hil.bench import Bench
from hil.pki import Pki
from hil.self_check import Report
from pytest_embedded import Dut

from wxlink.cli import main
from wxlink.relay.store import Device
from wxproto import commands
from wxproto.data_receiver import DONE

BOOT_WITHIN_S = 30
ONLINE_WITHIN_S = 60
UPDATE_WITHIN_S = 120
ROUNDS = 30
WATCH_S = 15.0
REPORT_S = 6.0  # the environment's values go up no faster (serial-link 1)
SLACK_S = 0.5  # of two clocks and two networks
IMPROV = b"IMPROV\x01"
MCU_NEW = "03030001"
MODULE_NEW, MODULE_BROKEN = "00010001", "00010002"
SECRETS = ("passcode", "ap_password", "update_key")


def improv(command: int, *texts: str) -> bytes:
    """A command of Improv Wi-Fi serial."""
    data = b"".join(bytes((len(text.encode()),)) + text.encode() for text in texts)
    packet = IMPROV + bytes((3, len(data) + 2, command, len(data))) + data
    return packet + bytes((sum(packet) & 0xFF, 10))


@pytest.fixture
def unit(bench: Bench) -> Device:
    """The device as the relay has it, bound to the tester and on-line."""
    cloud = bench.cloud
    cloud.until(lambda: cloud.online, ONLINE_WITHIN_S, "the unit is on-line")
    device = cloud.device(bench.mac)
    assert device is not None
    return device


def test_a_new_unit_starts_from_its_flash_and_asks_for_a_network(bench: Bench, dut: Dut):
    bench.reset()
    dut.expect_exact("boot: runs /a", timeout=BOOT_WITHIN_S)
    ready = dut.expect(rb"ready, mac ([0-9a-f]{12})", timeout=BOOT_WITHIN_S)
    bench.mac = ready.group(1).decode()
    dut.expect_exact("life: no Wi-Fi", timeout=BOOT_WITHIN_S)
    dut.expect_exact("access point XPG-GAgent-" + bench.mac[-4:].upper(), timeout=BOOT_WITHIN_S)
    bench.board.wait("rx FFFF", 0, BOOT_WITHIN_S)


def test_a_wrong_password_is_told_as_such(bench: Bench, dut: Dut):
    dut.serial.proc.write(improv(1, bench.network[0], "not-the-password"))
    dut.expect_exact("wrong password", timeout=ONLINE_WITHIN_S)


def test_a_page_on_the_cable_gives_it_a_network_and_it_registers_over_tls(bench: Bench, dut: Dut):
    dut.serial.proc.write(improv(1, *bench.network))
    for step in ("setting time", "registering", "connecting", "online"):
        dut.expect_exact(f"life: {step}", timeout=ONLINE_WITHIN_S)
    cloud = bench.cloud
    device = cloud.until(lambda: cloud.device(bench.mac), ONLINE_WITHIN_S, "the relay knows the unit")
    cloud.adopt(device)
    cloud.until(cloud.latest, ONLINE_WITHIN_S, "the relay has the unit's state")


def test_a_control_reaches_the_hardware_and_comes_back(bench: Bench, unit: Device, report: Report):
    for number in range(ROUNDS):
        since = len(bench.board.lines)
        report.sample("控制往返 control round trip", bench.cloud.write(LED_R=number * 8 % 255, LED_G=number))
        bench.board.wait(f"hw LED_G = {number}", since, ONLINE_WITHIN_S)


def test_what_the_surroundings_change_is_reported_no_faster_than_every_six_seconds(
    bench: Bench, unit: Device
):
    began = time.monotonic()
    bench.cloud.until(lambda: time.monotonic() - began > WATCH_S, WATCH_S + 1, "the time is over")
    changes = [at for at, attrs in bench.cloud.notices(began) if "Temperature" in attrs]
    assert changes, "nothing was reported"
    assert all(later - earlier > REPORT_S - SLACK_S for earlier, later in pairwise(changes))


def test_a_silent_mcu_takes_the_unit_off_line_and_its_answer_brings_it_back(
    bench: Bench, dut: Dut, unit: Device
):
    bench.board.stop()
    dut.expect_exact("the MCU is silent", timeout=ONLINE_WITHIN_S)
    bench.cloud.until(lambda: not bench.cloud.online, ONLINE_WITHIN_S, "the unit is off-line")
    bench.board.start()
    bench.cloud.until(lambda: bench.cloud.online, ONLINE_WITHIN_S, "the unit is on-line again")


def test_a_lost_network_is_joined_again(bench: Bench, dut: Dut, unit: Device):
    bench.wifi(on=False)
    try:
        dut.expect_exact("life: joining", timeout=ONLINE_WITHIN_S)
    finally:
        bench.wifi(on=True)
    dut.expect_exact("life: online", timeout=ONLINE_WITHIN_S)
    bench.cloud.write(LED_R=1)


def test_a_relay_that_was_away_gets_the_state_of_now(bench: Bench, dut: Dut, unit: Device):
    cloud = bench.cloud
    cloud.shut()
    dut.expect_exact("life: degraded", timeout=ONLINE_WITHIN_S)
    cloud.open()
    dut.expect_exact("life: online", timeout=ONLINE_WITHIN_S)
    cloud.until(lambda: cloud.online, ONLINE_WITHIN_S, "the unit is on-line again")
    cloud.write(LED_R=2)


def test_a_relay_with_another_authority_is_refused(bench: Bench, dut: Dut, unit: Device):
    other = Pki(bench.folder / "impostor", bench.pki.name)
    with bench.cloud.impostor(other):
        dut.expect(rb"authority", timeout=ONLINE_WITHIN_S)
        assert not bench.cloud.online
    bench.cloud.until(lambda: bench.cloud.online, ONLINE_WITHIN_S, "the unit is on-line again")


def test_the_production_test_finds_its_network_and_goes_back(bench: Bench, dut: Dut, unit: Device):
    bench.test_network(on=True)
    bench.board.stop()
    try:
        with Asker(bench.board.tty, bench.product.product.product_key, MCU_NEW) as mcu:
            mcu.ask(commands.ENTER_TEST)
            bench.cloud.until(
                lambda: mcu.status & commands.STATUS_TEST, ONLINE_WITHIN_S, "status bit 12 is set"
            )
            dut.expect(rb"production test.*(passed|pass)", timeout=ONLINE_WITHIN_S)
    finally:
        bench.test_network(on=False)
        bench.board.start()
        bench.reset()
    bench.cloud.until(lambda: bench.cloud.online, ONLINE_WITHIN_S, "the unit is on-line again")


def test_new_software_for_the_mcu_comes_over_the_air(bench: Bench, unit: Device):
    image = bytes(number * 7 % 251 for number in range(20_000))
    bench.board.stop()
    try:
        with Asker(bench.board.tty, bench.product.product.product_key, "03030000") as mcu:
            bench.cloud.until(lambda: bench.cloud.online, ONLINE_WITHIN_S, "the unit is on-line")
            roll_out(bench, image, "mcu.bin", "--type", "mcu", "--version", MCU_NEW)
            bench.cloud.until(lambda: mcu.receiver.state == DONE, UPDATE_WITHIN_S, "the MCU has the file")
            assert bytes(mcu.file) == image
            progress(bench, MCU_NEW, "installed")
    finally:
        bench.board.start()


def test_a_new_application_is_taken_tried_and_kept(bench: Bench, dut: Dut, unit: Device):
    roll_out(bench, bench.release(MODULE_NEW), "app.tgz")
    dut.expect_exact("boot: runs /b", timeout=UPDATE_WITHIN_S)
    progress(bench, MODULE_NEW, "confirmed")
    bench.cloud.write(LED_R=3)


def test_an_application_that_does_not_run_is_rolled_back(bench: Bench, dut: Dut, unit: Device):
    roll_out(bench, bench.release(MODULE_BROKEN, broken=True), "broken.tgz")
    dut.expect_exact("boot: runs /a", timeout=UPDATE_WITHIN_S)
    progress(bench, MODULE_BROKEN, "rolled_back")
    dut.expect_exact("boot: runs /b", timeout=UPDATE_WITHIN_S)
    bench.cloud.write(LED_R=4)


def test_a_power_cut_loses_neither_identity_nor_network(bench: Bench, dut: Dut, unit: Device):
    bench.power_cycle()
    dut.expect_exact("life: online", timeout=ONLINE_WITHIN_S)
    cloud = bench.cloud
    cloud.until(lambda: cloud.online, ONLINE_WITHIN_S, "the unit is on-line again")
    again = cloud.device(bench.mac)
    assert again is not None
    assert (again.did, again.passcode) == (unit.did, unit.passcode)
    cloud.write(LED_R=5)


def roll_out(bench: Bench, data: bytes, name: str, *words: str) -> None:
    """Add a release and offer it to every unit of the product, by the command line."""
    file = bench.folder / name
    file.write_bytes(data)
    where = ["--data", str(bench.cloud.folder)]
    product = ["--product", bench.product.product.product_key]
    number = bench.cloud.released() + 1
    assert main(["release", "add", str(file), *words, *product, *where]) == 0
    assert main(["release", "roll-out", str(number), "--percent", "100", *where]) == 0


def progress(bench: Bench, version: str, state: str) -> None:
    """Wait until the relay is told that the update to a version has come so far."""
    cloud = bench.cloud
    cloud.until(lambda: state in cloud.update_states(version), UPDATE_WITHIN_S, f"{version} is {state}")
