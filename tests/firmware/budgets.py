#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the application takes of a Firefly, as linked for it, and the stack that check_boards.py saw in use in QEMU.

usage: budgets.py PORTS, the folder of the linked ports

Exit status: 0 the budgets are kept, 1 they are not.
"""
import os
import re
import subprocess
import sys

KIB = 1024
APPLICATION = os.path.join("firefly", "firefly_application.elf")
NOTE = os.path.join("qemu-m3", "qemu_application.stack")
BUDGETS = {"flash": 56 * KIB, "RAM": 16 * KIB}


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
    return any(taken > BUDGETS[name] for name, taken in used.items())


if __name__ == "__main__":
    sys.exit(main())
