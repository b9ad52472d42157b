# SPDX-License-Identifier: Apache-2.0
"""Cuts the power of the emulated board during whole updates: at counted flash operations, before, in the middle and
after; and at any moment, by SIGKILL. Afterwards the board must start, be in one state, and complete the update, or take
it back if the image is bad.

usage: cut_power.py PROGRAMS FIRMWARE [--cuts N] [--seed N]
"""
import argparse
import pathlib
import random
import subprocess
import sys
import tempfile

import board_lab

# An idle processor takes no time, so that waiting for the watchdog is not waiting.
FAST = ("-icount", "shift=3,sleep=off")
ENDS = {2: "app 2: up to date", 3: "app 1: the order was reverted"}
SECONDS_MAX = 0.6  # of a whole update on a machine that has nothing else to do


class Failed(Exception):
    pass


class Trial:
    """One board, taken from the factory through one update with power cuts."""

    def __init__(self, board, order, rng):
        self.board = board
        self.order = order
        self.rng = rng
        self.cuts = 0

    def options(self):
        return FAST if self.order == 3 else ()

    def cut_at(self, operation, moment):
        """Runs up to a cut. True if the power was cut; else the update was complete before."""
        self.board.plan(operation, moment, self.rng.randrange(1, 1 << 32))
        status, lines = self.board.run(*self.options())
        if status == board_lab.CUT:
            self.cuts += 1
            self.board.waver(self.rng)
            return True
        self.check(status, lines)
        return False

    def kill(self, seconds):
        """Runs, and is killed after that time, if it runs that long."""
        self.board.plan()
        process = self.board.start(*self.options())
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.cuts += 1

    def check(self, status, lines):
        if status != board_lab.GOOD or not lines or lines[-1] != ENDS[self.order]:
            raise Failed(f"exit status {status}\n" + "\n".join(lines[-12:]))

    def complete(self):
        self.board.plan()
        self.check(*self.board.run(*self.options()))


def count_operations(make_board):
    """How many flash operations an update takes that is not cut, by order."""
    counts = {}
    for order in ENDS:
        trial = Trial(make_board(order), order, random.Random(0))
        trial.complete()
        counts[order] = trial.board.operations()
    return counts


def counted(trial, operations, index, of):
    """Cuts number `index` of `of`, spread over all operations and moments; now and then again during recovery."""
    trial.cut_at(operations * index // of, board_lab.MOMENTS[index % 3])
    while trial.cuts > 0 and trial.rng.random() < 0.3:
        if not trial.cut_at(trial.rng.randrange(operations), trial.rng.choice(board_lab.MOMENTS)):
            break
    trial.complete()


def killed(trial):
    trial.kill(trial.rng.uniform(0.02, SECONDS_MAX))
    trial.complete()


def run(make_board, cuts, seed):
    """Runs until there were `cuts` of each kind, about; returns what to print."""
    counts = count_operations(make_board)
    done = {"counted": 0, "killed": 0}
    share = max(cuts // 5, 1)  # of them are kills
    for index in range(cuts - share):
        rng = random.Random(f"{seed} counted {index}")
        order = 3 if index % 5 == 4 else 2
        trial = Trial(make_board(order), order, rng)
        attempt(trial, f"seed {seed}, counted {index}", lambda t=trial, o=order, i=index:
                counted(t, counts[o], i, cuts - share))
        done["counted"] += trial.cuts
    for index in range(share):
        trial = Trial(make_board(2), 2, random.Random(f"{seed} killed {index}"))
        attempt(trial, f"seed {seed}, killed {index}", lambda t=trial: killed(t))
        done["killed"] += trial.cuts
    return (f"{done['counted']} cuts at counted operations (of {counts[2]} in an update, {counts[3]} with a revert), "
            f"{done['killed']} at any moment: 0 bricked")


def attempt(trial, name, action):
    try:
        action()
    except (Failed, subprocess.TimeoutExpired) as error:
        kept = pathlib.Path(tempfile.mkdtemp(prefix="lampyr-bricked-")) / "flash.bin"
        kept.write_bytes(trial.board.flash())
        sys.exit(f"{name}: order {trial.order}: {error}\nflash: {kept}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("firmware", type=pathlib.Path)
    parser.add_argument("--cuts", type=int, default=1250, help="how many, about")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    firmware = args.firmware.resolve()
    images = {version: firmware / f"tests/firmware/update_board_{version}.bin" for version in (1, 2, 3)}
    loader = firmware / "secondary/ports/qemu-m3/qemu_boot.elf"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        director = board_lab.Director(folder, args.programs.resolve(), images)
        flash = director.compose("--image", images[1])
        orders = {order: director.order(order, fails=order == 3) for order in ENDS}

        def make_board(order):
            board = board_lab.Board(folder / "memory", loader, flash)
            board.put(board_lab.ORDER_AT, orders[order])
            return board

        print("summary:", run(make_board, args.cuts, args.seed))


if __name__ == "__main__":
    main()
