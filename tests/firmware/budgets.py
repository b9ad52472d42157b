#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the firmware takes of a board, from the linked programs and from the stack that check_boards.py saw in use.

usage: budgets.py FIRMWARE

Exit status: 0 nothing is above its ceiling, 1 something is. A ceiling is the design's budget, or where that is not kept
(docs/BENCHMARKS.md says why) what is reached, so that it does not grow unnoticed.
"""
import os
import re
import subprocess
import sys

KIB = 1024
APPLICATION = "qemu_application_2.0.elf"
NOTE = "qemu_application.stack"
BUDGETS = {"flash": 56 * KIB, "RAM": 16 * KIB}
CEILINGS = {"flash": 73 * KIB, "RAM": 16 * KIB}


def note_stack(folder, peak_bytes):
    """Keeps what a run has seen, for budgets.py."""
    with open(os.path.join(folder, NOTE), "w", encoding="ascii") as file:
        file.write(f"{peak_bytes}\n")


def sections(path):
    """Bytes of each section of a program."""
    table = subprocess.run(["arm-none-eabi-size", "-A", path], check=True, capture_output=True, text=True).stdout
    return {name: int(size) for name, size in re.findall(r"^(\.\S+)\s+(\d+)", table, re.MULTILINE)}


def measure(folder):
    """Flash and RAM of the application, in bytes; the stack counts as far as it was used."""
    size = sections(os.path.join(folder, APPLICATION))
    with open(os.path.join(folder, NOTE), encoding="ascii") as file:
        stack = int(file.read())
    return {"flash": size[".text"] + size[".data"], "RAM": size[".data"] + size[".bss"] + stack}


def main():
    used = measure(sys.argv[1])
    for name, taken in used.items():
        over = taken - BUDGETS[name]
        print(f"{name}: {taken:,} bytes of {BUDGETS[name]:,}" + (f", over by {over:,}" if over > 0 else ""))
    print("summary: " + ", ".join(f"{name} {taken / KIB:.1f} of {BUDGETS[name] // KIB} KiB"
                                  for name, taken in used.items()))
    return any(taken > CEILINGS[name] for name, taken in used.items())


if __name__ == "__main__":
    sys.exit(main())
