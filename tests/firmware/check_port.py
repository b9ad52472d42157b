# SPDX-License-Identifier: Apache-2.0
"""The port to QEMU: resets, watchdog, clock, both serial lines, memory that outlives the process, a full stack.

usage: check_port.py PORT_BOARD
"""
import pathlib
import socket
import subprocess
import sys
import tempfile

import qemu


def expect(got, wanted):
    if got != wanted:
        sys.exit(f"expected {wanted!r}, got {got!r}")


def first_run(program, folder):
    """Until it has echoed a line, then SIGKILL. Time counts instructions, so that a busy machine is no slow board."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "radio"))
    listener.listen()
    board = subprocess.Popen(qemu.command(program, *qemu.flash(folder / "flash"), "-icount", "shift=4", "-chardev",
                                          f"socket,id=radio,path={folder / 'radio'}", "-serial", "chardev:radio"),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        listener.settimeout(60)
        line, _ = listener.accept()
        line.settimeout(60)
        for wanted in ("resets itself", "starves the watchdog", "feeds the watchdog", "listens"):
            expect(board.stdout.readline().strip(), wanted)
        frame = bytes(range(11, 256)) + b"\n"
        line.sendall(frame)
        echo = b""
        while len(echo) < len(frame):
            echo += line.recv(len(frame)) or sys.exit("the line was closed")
        expect(echo, frame)
    finally:
        board.kill()
        board.communicate()


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with open(folder / "flash", "wb") as file:
            file.truncate(qemu.BLOCK_BYTES)
        first_run(program, folder)
        expect(qemu.run(program, *qemu.flash(folder / "flash"), status=qemu.FAULT), ["was killed", "fault"])


if __name__ == "__main__":
    main()
