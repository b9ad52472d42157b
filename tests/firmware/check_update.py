# SPDX-License-Identifier: Apache-2.0
"""Whole updates on the emulated board, through the real boot loader: what the console says, and what flash holds.

usage: check_update.py PROGRAMS FIRMWARE

At last it prints what the boot loader takes of a board, and holds it to its budget: the flash of the Firefly's, and the
RAM of that with the deepest stack that was seen here, where the same code runs over other drivers.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import board_lab
import recovery
from cut_power import FAST

WRONG_HASH = 801  # docs/ERRORS.md, image_hash
ROLLBACK = 404  # rollback_counter
THRESHOLD = 301  # signature_threshold
WRONG_HARDWARE = 705  # wrong_hardware
VERSIONS = (1, 2, 3)
NO_CODE = 4  # a version that is signed and ordered, and no image for any board
APPLICATION = 5  # the image of this number is the firmware itself
VECTORS_BYTES, LENDS_AT = 64, 28  # of the loader's vector table
LENT_VERSION = (0x4C500001).to_bytes(4, "little")
BUDGETS = {"flash": 32 * 1024, "RAM": 6 * 1024}  # of the boot loader, in bytes


class World:
    def __init__(self, folder, programs, firmware):
        self.folder = folder
        self.images = {version: firmware / f"tests/firmware/update_board_{version}.bin" for version in VERSIONS}
        self.images[NO_CODE] = folder / "no-code.bin"
        self.images[NO_CODE].write_bytes(b"hello\n")
        self.images[APPLICATION] = firmware / "secondary/ports/qemu-m3/qemu_application_2.0.bin"
        self.loader = firmware / "secondary/ports/qemu-m3/qemu_boot.elf"
        self.loader_bytes = self.loader.with_suffix(".bin")
        self.director = board_lab.Director(folder, programs, self.images)
        self.factory = self.director.compose("--image", self.images[1])

        self.boards = []

    def board(self, order=b"", flash=None):
        board = board_lab.Board(self.folder / "memory", self.loader, flash or self.factory)
        board.put(board_lab.ORDER_AT, order)
        self.boards.append(board)
        return board

    def inspect(self, board, expect=0):
        (self.folder / "dump.bin").write_bytes(board.flash())
        return self.director.run("lampyr-flash", "inspect", "dump.bin", expect=expect)


def said(board, *options):
    """The lines on the console of a run that ends well."""
    status, lines = board.run(*options)
    assert status == board_lab.GOOD, (status, lines)
    return lines


def expect(got, wanted):
    assert got == wanted, "\n".join(["expected:", *wanted, "got:", *got])


FIRST_START = ["boot: reset by power, journal empty, idle", "boot: slot 0 verified", "boot: runs slot 0",
               "app 1: starts"]


def update_is_swapped_tested_and_confirmed(world):
    board = world.board(world.director.order(2))
    lines = said(board)
    expect(lines[:7], FIRST_START + ["app 1: requests a test",
                                     "boot: reset by software, journal good, requested", lines[6]])
    assert lines[6].startswith("boot: swapped, steps "), lines[6]
    expect(lines[7:], ["boot: slot 0 verified", "boot: slot 1 verified", "boot: runs slot 0", "app 2: starts",
                       "app 2: confirmed", "app 2: up to date"])
    expect(said(board), ["boot: reset by power, journal good, idle", "boot: slot 0 verified", "boot: runs slot 0",
                         "app 2: starts", "app 2: up to date"])
    shown = world.inspect(board)
    for text in ("journal: good", "boot: idle", "release counter 2, time", "metadata: roots 1, targets copy 1",
                 "installed: ordered"):
        assert text in shown, shown


def image_that_never_confirms_is_taken_back_by_the_watchdog(world):
    board = world.board(world.director.order(3, fails=True))
    lines = said(board, *FAST)
    assert "app 3: hangs" in lines, lines
    after = lines[lines.index("app 3: hangs") + 1:]
    expect(after[:1], ["boot: reset by fault, journal good, testing"])
    expect(after[2:], ["boot: slot 0 verified", "boot: slot 1 verified", "boot: reverted", "boot: runs slot 0",
                       "app 1: starts", "app 1: the order was reverted"])


def firmware_that_never_reaches_its_primary_is_taken_back(world):
    """On trial the firmware asks for five minutes of the board's time, which idle take none here; nobody answers."""
    flash = world.director.compose("--image", world.images[1], "--eui64", "00124b0014b5d8a1", name="heard.bin")
    board = world.board(world.director.order(APPLICATION, fails=True), flash)
    board.put(board_lab.SEED_AT, bytes(range(32)))
    lines = said(board, *FAST, "-serial", "null")
    trial = lines.index('{"ecu":"radar","event":"booted","trial":true,"version":"2.0"}')
    end = lines.index("boot: reset by software, journal good, testing")
    events = [json.loads(line) for line in lines[trial:end]]
    assert {event.get("code") for event in events} == {None, "unreachable"}, events
    assert {event["event"] for event in events} == {"booted", "refused", "turn", "measured"}, events
    assert events[-1]["event"] != "booted", events
    expect(lines[end + 2:], ["boot: slot 0 verified", "boot: slot 1 verified", "boot: reverted", "boot: runs slot 0",
                             "app 1: starts", "app 1: the order was reverted"])


def image_that_nobody_signed_is_not_run(world):
    image = bytearray(world.images[2].read_bytes())
    image[-1] ^= 1
    board = world.board(world.director.order(2, image=bytes(image), fails=True))
    lines = said(board)
    assert f"boot: slot 1 refused, error {WRONG_HASH}" in lines and "app 2: starts" not in lines, lines
    expect(lines[-2:], ["app 1: starts", "app 1: the order was reverted"])


def image_that_does_not_begin_in_itself_is_not_run(world):
    """What lies behind six bytes is the application's to write."""
    lines = said(world.board(world.director.order(NO_CODE, fails=True)))
    assert f"boot: slot 1 refused, error {WRONG_HARDWARE}" in lines, lines
    expect(lines[-2:], ["app 1: starts", "app 1: the order was reverted"])


def changed_image_waits_for_recovery(world):
    flash = bytearray(world.factory)
    flash[board_lab.SLOT_PAGES[0] * board_lab.PAGE_BYTES + 4096] ^= 4
    world.inspect(world.board(flash=flash), expect=1)
    recover(world, world.board(world.director.order(2), flash), f"refused, error {WRONG_HASH}")


def board_without_image_waits_for_recovery(world):
    recover(world, world.board(world.director.order(2), world.director.compose(name="bare.bin")), "empty")


def recover(world, board, slot):
    """Uploads image 2 with its root and targets. First what must be refused: the image under the wrong root, and
    noise."""
    process = board.start()
    try:
        line = recovery.Line(process)
        expect([line.read_line() for _ in range(4)],
               ["boot: reset by power, journal empty, idle", f"boot: slot 0 {slot}", "boot: slot 1 empty",
                "boot: no valid image, waiting for recovery"])
        line.send_raw(bytes(range(256)) * 3 + b"\xc0")
        code, hello = line.request(recovery.HELLO)
        assert code == 0 and hello.endswith(b"radar"), (code, hello)
        targets = world.director.metadata(2, "targets.json")
        image = world.images[2].read_bytes()
        assert line.upload(recovery.TARGETS, targets) == 0
        assert line.upload(recovery.IMAGE, image) == 0
        assert line.finish(1) == THRESHOLD
        assert line.upload(recovery.ROOT, world.director.metadata(2, "root.json")) == 0
        assert line.finish(2) == 0
        lines = [line.read_line()]
        while not lines[-1].endswith("up to date"):
            lines.append(line.read_line())
        lines = [text for text in board.note(lines) if not text.startswith("boot: swapped")]
        expect(lines, ["boot: recovered", "boot: reset by software, journal good, restoring", "boot: slot 0 verified",
                       "boot: runs slot 0", "app 2: starts", "app 2: up to date"])
        assert process.wait(60) == board_lab.GOOD
    finally:
        process.kill()
        process.communicate()


def older_image_is_refused_in_recovery(world):
    """Image 2 was confirmed; then slot 0 is damaged. Image 1 is signed, too, but older."""
    board = world.board(world.director.order(2))
    said(board)
    flash = bytearray(board.flash())
    for page in board_lab.SLOT_PAGES:
        at = page * board_lab.PAGE_BYTES + 4096
        flash[at:at + 4] = bytes(4)
    board = world.board(flash=flash)
    process = board.start()
    try:
        line = recovery.Line(process)
        while "waiting" not in line.read_line():
            pass
        assert line.upload(recovery.TARGETS, world.director.metadata(1, "targets.json")) == 0
        assert line.upload(recovery.IMAGE, world.images[1].read_bytes()) == 0
        assert line.finish(1) == ROLLBACK
    finally:
        process.kill()
        process.communicate()


def board_that_was_not_provisioned_says_so(world):
    board = world.board(flash=b"\xff" * board_lab.FLASH_BYTES)
    process = board.start()
    try:
        line = recovery.Line(process)
        lines = [line.read_line() for _ in range(3)]
        expect(lines, ["boot: reset by power, journal good, idle", "boot: slot 0 refused, error 1004",
                       "boot: no valid image, waiting for recovery"])
    finally:
        process.kill()
        process.communicate()


def application_needs_what_its_loader_lends(world):
    """A loader that lends nothing, or another version of it (lampyr-crypto/lent.h)."""
    application = world.loader.with_name("qemu_application_1.0.bin")
    folder = world.folder / "lent"
    folder.mkdir()
    director = board_lab.Director(folder, world.director.programs, {1: application})
    flash = director.compose("--image", application)
    program, table = world.loader.read_bytes(), world.loader_bytes.read_bytes()[:VECTORS_BYTES]
    entry = program.index(table) + LENDS_AT
    lent = program.index(LENT_VERSION)
    for at, value in ((entry, bytes(4)), (lent, (int.from_bytes(LENT_VERSION, "little") + 1).to_bytes(4, "little"))):
        loader = folder / "loader.elf"
        loader.write_bytes(program[:at] + value + program[at + 4:])
        process = board_lab.Board(folder / "memory", loader, flash).start()
        try:
            line = recovery.Line(process)
            lines = [line.read_line() for _ in range(6)]
        finally:
            process.kill()
            process.communicate()
        expect([text for text in lines if not text.startswith(board_lab.STACK)],
               ["boot: reset by power, journal empty, idle", "boot: slot 0 verified", "boot: runs slot 0",
                '{"ecu":"","event":"failed","code":"state","what":"boot loader"}',
                "boot: reset by software, journal good, idle"])


CASES = [value for value in list(globals().values())
         if callable(value) and getattr(value, "__code__", None) and value.__code__.co_varnames[:1] == ("world",)
         and value.__code__.co_argcount == 1]


def boot_loader(elf, stack_bytes):
    """Bytes of flash, and of RAM with a stack of this depth."""
    listed = subprocess.run(["arm-none-eabi-size", "-A", elf], capture_output=True, text=True, check=True).stdout
    sizes = {name: int(size) for name, size in re.findall(r"^(\.\S+)\s+(\d+)", listed, re.MULTILINE)}
    return {"flash": sizes[".text"] + sizes.get(".ARM.exidx", 0) + sizes[".data"],
            "RAM": sizes[".data"] + sizes[".bss"] + sizes[".retained"] + stack_bytes}


def main():
    programs, firmware = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as name:
        world = World(pathlib.Path(name), programs, firmware)
        for case in CASES:
            try:
                case(world)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                sys.exit(f"{case.__name__}: {error}")
            print(case.__name__)
    needs = boot_loader(firmware / "secondary/ports/firefly/firefly_boot.elf",
                        max(board.stack_bytes for board in world.boards))
    print("summary: boot loader: " + ", ".join(f"{name} {needs[name]:,} of {most:,}" for name, most in BUDGETS.items()))
    sys.exit(any(needs[name] > most for name, most in BUDGETS.items()))


if __name__ == "__main__":
    main()
