# SPDX-License-Identifier: Apache-2.0
"""A provisioned board on QEMU, and a director that orders images for it.

The board runs the real boot loader; its application (update_board.c) takes from a block of memory what an agent would
get from its primary.
"""
import hashlib
import json
import pathlib
import struct
import subprocess

import qemu
from securesystemslib.formats import encode_canonical

FLASH_BYTES = 512 << 10
PAGE_BYTES = 2048
SLOT_PAGES = (81, 168)  # first page of each (docs/BOARD.md)
PLAN_AT = 0x80000  # cut.h, from the start of the memory
PLAN_MAGIC = 0x4C504355
PLAN = struct.Struct("<5I16I")
NEVER = 0xFFFFFFFF
SEED_AT = 0x81000  # of the random numbers (docs/FIRMWARE.md, "The emulated board")
ORDER_AT = 0x90000  # order.h
ORDER_MAGIC = 0x4F524452
BEFORE, MIDDLE, AFTER = MOMENTS = range(3)

STACK = "boot: stack "

GOOD, CUT = 0, 4  # exit statuses (update_board.c, devices.h)


class Director:
    """Both repositories, one vehicle, and the board `radar` in it, for which images 1, 2 and so on are ordered in turn."""

    def __init__(self, folder, programs, images):
        self.folder = pathlib.Path(folder)
        self.programs = pathlib.Path(programs)
        self.images = {version: path.read_bytes() for version, path in images.items()}
        for kind in ("director", "image"):
            self._repo("init", kind, "--repository", kind, "--key-type", "ecdsa")
        for serial in ("gateway", "radar"):
            self._repo("create-ecu-key", f"{serial}.pem", "--key-type", "ecdsa")
        self._repo("add-vehicle", "director", "v1")
        for serial, *options in (("gateway", "--primary"), ("radar",)):
            self._repo("add-ecu", "director", "v1", serial, "--hardware", f"{serial}-hw", "--public-key",
                       f"{serial}.pem.pub", *options)
        for version, path in images.items():
            self._repo("add-image", "image", path, "--name", f"radar-{version}.bin", "--hardware", "radar-hw",
                       "--counter", str(version), "--version", f"{version}.0")
        self._repo("sign", "image")
        for version in images:
            if version == 2:
                self._repo("rotate-key", "director", "--role", "targets", "--key-type", "ecdsa")
            self._repo("assign-image", "director", "v1", "radar", f"radar-{version}.bin", "--from", "image")
            self._repo("sign", "director")
            self._repo("provision-secondary", "director", "v1", "radar", f"provisioned-{version}", "--key",
                       "radar.pem", "--primary", "[fd00::1]:5683", "--image-root", "image/metadata/root.json")

    def run(self, program, *args, expect=0):
        done = subprocess.run([self.programs / program, *args], cwd=self.folder, capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == expect, f"{program} {args}: {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def _repo(self, *args):
        self.run("lampyr-repo", *args)

    def metadata(self, version, name):
        """Director root or targets in canonical form, when image `version` was ordered."""
        return encode_canonical(json.loads((self.folder / f"provisioned-{version}" / name).read_text())).encode()

    def compose(self, *options, name="flash.bin"):
        """What lampyr-flash makes of the first order: the board's flash before it is first started."""
        self.run("lampyr-flash", "compose", "--provisioned", "provisioned-1", "--out", name, *options)
        return (self.folder / name).read_bytes()

    def order(self, version, image=None, fails=False):
        """What the application finds in its block when image `version` is ordered; `image` in its place if given."""
        image = image or self.images[version]
        root = self.metadata(version, "root.json") if version > 1 else b""
        targets = self.metadata(version, "targets.json")
        head = struct.pack("<6I", ORDER_MAGIC, len(image), len(targets), len(root), version, fails)
        return head + hashlib.sha256(image).digest() + root + targets + image


class Board:
    """One board, whose flash outlives its runs."""

    def __init__(self, path, loader, flash):
        self.path = path
        self.loader = loader
        self.stack_bytes = 0  # of the boot loader, at most, in all runs whose lines were noted
        with open(path, "wb") as file:
            file.truncate(qemu.BLOCK_BYTES)
            file.write(flash)

    def put(self, at, content):
        with open(self.path, "r+b") as file:
            file.seek(at)
            file.write(content)

    def flash(self):
        with open(self.path, "rb") as file:
            return file.read(FLASH_BYTES)

    def plan(self, cut_at=NEVER, moment=BEFORE, random=1):
        """Where power is cut in the next run, in operations from its start; tears are kept."""
        self.put(PLAN_AT, struct.pack("<5I", PLAN_MAGIC, 0, cut_at, moment, random))

    def operations(self):
        with open(self.path, "rb") as file:
            file.seek(PLAN_AT)
            return PLAN.unpack(file.read(PLAN.size))[1]

    def waver(self, random):
        """What a cut left half done reads differently from now on."""
        with open(self.path, "rb") as file:
            file.seek(PLAN_AT)
            tears = PLAN.unpack(file.read(PLAN.size))[5:]
        for offset, length in zip(tears[::2], tears[1::2]):
            if length > 0 and random.random() < 0.5:
                self.put(offset, random.choice((random.randbytes(length), b"\xff" * length)))

    def options(self, *options):
        return ["-machine", "memory-backend=flash",
                "-object", f"memory-backend-file,id=flash,size={qemu.BLOCK_BYTES},share=on,mem-path={self.path}",
                *options]

    def run(self, *options, timeout=120):
        """Runs it until it ends by itself: its exit status, and the lines on its console."""
        done = subprocess.run(qemu.command(self.loader, *self.options(*options)), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=timeout)
        return done.returncode, self.note(done.stdout.decode(errors="replace").splitlines())

    def note(self, lines):
        """The lines without those on the boot loader's stack."""
        for line in lines:
            if line.startswith(STACK):
                self.stack_bytes = max(self.stack_bytes, int(line.removeprefix(STACK)))
        return [line for line in lines if not line.startswith(STACK)]

    def start(self, *options):
        """Starts it; its console is the process's standard input and output."""
        return subprocess.Popen(qemu.command(self.loader, *self.options(*options)), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
