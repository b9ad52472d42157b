# SPDX-License-Identifier: Apache-2.0
"""Runs firmware on QEMU's stand-in for the board."""
import subprocess

BLOCK_ADDRESS = 0x21000000  # the machine's larger RAM


def run(program, *options, timeout=120):
    """What the program wrote to the console, in lines; QEMU's exit status must be 0."""
    command = ["qemu-system-arm", "-machine", "mps2-an385", "-nodefaults", "-nic", "none", "-display", "none",
               "-monitor", "none", "-serial", "stdio", "-semihosting-config", "enable=on,target=native",
               "-kernel", program, *options]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise SystemExit(f"{program}: exit status {done.returncode}\n{done.stdout[-2000:]}{done.stderr}")
    return done.stdout.splitlines()


def load(path):
    """Options that put a file where firmware finds its block of data."""
    return ["-device", f"loader,file={path},addr={BLOCK_ADDRESS:#x},force-raw=on"]
