# SPDX-License-Identifier: Apache-2.0
"""Runs firmware on QEMU's stand-in for the board."""
import subprocess

BLOCK_ADDRESS = 0x21000000  # the machine's larger RAM
BLOCK_BYTES = 16 << 20
FAULT = 3  # exit status after a fault of the processor (fault.c)


def command(program, *options):
    """The console is standard output; the radio's line is the next "-serial"."""
    return ["qemu-system-arm", "-machine", "mps2-an385", "-nodefaults", "-nic", "none", "-display", "none",
            "-monitor", "none", "-serial", "stdio", "-semihosting-config", "enable=on,target=native",
            "-kernel", program, *options]


def run(program, *options, status=0, timeout=120):
    """What the program wrote to the console, in lines, when it has ended with `status`."""
    done = subprocess.run(command(program, *options), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout)
    if done.returncode != status:
        raise SystemExit(f"{program}: exit status {done.returncode}\n{done.stdout[-2000:]}{done.stderr}")
    return done.stdout.splitlines()


def load(path):
    """Options that put a file where firmware finds its block of data."""
    return ["-device", f"loader,file={path},addr={BLOCK_ADDRESS:#x},force-raw=on"]


def flash(path):
    """Options that back the machine's larger RAM with a file, which outlives QEMU."""
    return ["-machine", "memory-backend=flash",
            "-object", f"memory-backend-file,id=flash,size={BLOCK_BYTES},share=on,mem-path={path}"]
