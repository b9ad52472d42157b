# SPDX-License-Identifier: Apache-2.0
"""Emulated boards among the ECUs of a vehicle: the boot loader and the firmware in QEMU, over 6LoWPAN.

Everything runs in a network namespace of its own, where the bridge between the boards' radio and the kernel may make
its TUN device.
"""
import os
import shutil
import subprocess
import sys

from lampyr_fleet import PRIMARY, Vehicle

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "firmware"))

import qemu  # pylint: disable=wrong-import-position

MARK = "LAMPYR_NETWORK_NAMESPACE"
DEVICE = "lampyr0"
PREFIX = "fd4c::"
ADDRESS = f"{PREFIX}1"  # the primary's
PORT = 5683
SEED_OFFSET = 0x81000  # of the random numbers in the board's memory (ports/qemu-m3/random.c)


def namespace_command():
    """How to run something in a network namespace of its own, or None where that is not possible."""
    command = ["unshare", "--net"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    probe = subprocess.run([*command, "ip", "tuntap", "add", "dev", "probe0", "mode", "tun"], capture_output=True,
                           check=False)
    return command if probe.returncode == 0 else None


def enter_namespace(refuse):
    """Starts this program anew in a namespace, unless it is there; calls `refuse` where that is not possible."""
    if os.environ.get(MARK):
        return
    command = namespace_command()
    if command is None:
        refuse("no network namespace with a TUN device may be made here (unshare, /dev/net/tun)")
    os.environ[MARK] = "1"
    os.execvp(command[0], [*command, sys.executable, *sys.argv])


class RadioLink:
    """The boards' air, and the way from it to the primary."""

    def __init__(self, lab):
        self.socket = lab.path("radio")
        self._ip("link", "set", "lo", "up")
        process = lab.start("bridge", "lampyr-lowpan-bridge", "--tun", DEVICE, "--prefix", PREFIX, "--radio",
                            self.socket)
        process.wait_line("listening on")
        self._ip("address", "add", f"{ADDRESS}/64", "dev", DEVICE, "nodad")
        self._ip("link", "set", DEVICE, "mtu", "1280", "up")

    @staticmethod
    def _ip(*args):
        subprocess.run(["ip", "-6", *args], check=True)


class BoardVehicle(Vehicle):
    """A vehicle some of whose secondaries are boards. `firmware` is the folder with their programs."""

    def __init__(self, repositories, name, hardware, boards, firmware, verify=None):
        super().__init__(repositories, name, hardware, verify)
        self.boards = boards
        self.firmware = firmware
        self.link = RadioLink(repositories.lab)
        self.configure(PRIMARY, "coap_listen", f"[{ADDRESS}]:{PORT}")

    def key_type(self, serial):
        """Boards have P-256 only."""
        return "ecdsa"

    def application(self, serial, version):
        """The image of a version of the firmware. Boards of different hardware do not run the same bytes."""
        with open(os.path.join(self.firmware, f"qemu_application_{version}.bin"), "rb") as file:
            return file.read() + serial.encode()

    def _flash(self, serial):
        return self.path(serial, "flash")

    def _write_flash(self, serial, eui64):
        """What lies in the board's memory before it is first started."""
        image = self.lab.write(self.path(serial, "1.0.bin"), self.application(serial, "1.0"))
        self.lab.run("lampyr-flash", "compose", "--provisioned", self.path(serial), "--primary", ADDRESS, "--eui64",
                     eui64, "--image", image, "--out", self._flash(serial))
        with open(self._flash(serial), "r+b") as file:
            file.truncate(qemu.BLOCK_BYTES)
            file.seek(SEED_OFFSET)
            file.write(os.urandom(32))

    def provision_secondaries(self, factory):
        super().provision_secondaries(factory)
        for serial in set(self.verify) - set(self.boards):
            self.configure(serial, "listen", f"[{ADDRESS}]:0")
        for number, serial in enumerate(self.boards, 1):
            self._write_flash(serial, f"0242ac00000000{number:02x}")

    def start_secondary(self, serial):
        if serial not in self.boards:
            super().start_secondary(serial)
            return
        command = qemu.command(os.path.join(self.firmware, "qemu_boot.elf"), *qemu.flash(self._flash(serial)),
                               "-chardev", f"socket,id=radio,path={self.link.socket}", "-serial", "chardev:radio")
        self.secondaries[serial] = self.lab.start(f"{self.name}-{serial}", shutil.which(command[0]), *command[1:])

    def version(self, serial):
        """The version that a board says it is, when it starts."""
        if serial not in self.boards:
            return super().version(serial)
        board = self.secondaries[serial]
        board.wait_event("booted")
        return [event for event in board.events() if event["event"] == "booted"][-1]["version"]
