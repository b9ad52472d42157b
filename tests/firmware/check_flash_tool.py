# SPDX-License-Identifier: Apache-2.0
"""lampyr-flash: what it composes lies where docs/BOARD.md says, and what it shows is what lies there.

usage: check_flash_tool.py PROGRAMS FIRMWARE
"""
import binascii
import json
import pathlib
import shutil
import struct
import sys
import tempfile

import board_lab

from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat, PublicFormat,
                                                          load_pem_private_key)

PAGE = board_lab.PAGE_BYTES
BOOT, FACTORY, KEY, SLOT, SLOT_PAGES, RECORD_PAGES = 0, 16, 24, 81, 86, 8
TAGS = {"serial": 1, "hardware": 2, "vendor": 3, "vehicle": 4, "primary": 5, "root": 6, "targets": 7}


def crc(*parts):
    return binascii.crc32(b"".join(parts))


def at(flash, page, length=PAGE):
    return flash[page * PAGE:page * PAGE + length]


def fields_of(flash):
    """The header of the factory data, and the value of each tag."""
    header = at(flash, FACTORY, 32)
    length = struct.unpack_from("<I", header, 8)[0]
    fields = at(flash, FACTORY, 32 + length)[32:]
    assert struct.unpack_from("<I", header, 12)[0] == crc(header[:12], header[16:], fields)
    values = {}
    while fields:
        tag, size = struct.unpack_from("<HxxI", fields)
        values[tag] = fields[8:8 + size]
        fields = fields[8 + (size + 3) // 4 * 4:]
    return header, values


def factory_data(lab):
    flash = lab.director.compose("--eui64", "00124b0014b5d8a1")
    header, values = fields_of(flash)
    assert header[:8] == b"LPFD" + struct.pack("<HH", 1, 0), header
    assert header[24:] == bytes.fromhex("00124b0014b5d8a1")
    texts = {"serial": b"radar", "hardware": b"radar-hw", "vendor": b"", "vehicle": b"v1", "primary": b"[fd00::1]:5683"}
    for name, text in texts.items():
        assert values.get(TAGS[name], b"\0") == text + b"\0", (name, values)
    for name in ("root", "targets"):
        assert values[TAGS[name]] == lab.director.metadata(1, f"{name}.json"), name
    _, values = fields_of(lab.director.compose("--primary", "fe80::1"))
    assert values[TAGS["primary"]] == b"fe80::1\0"


def key(lab):
    page = at(lab.director.compose(), KEY, 112)
    private = load_pem_private_key((lab.folder / "radar.pem").read_bytes(), None).private_numbers()
    public = private.public_numbers
    assert page[:8] == b"LPKY" + struct.pack("<I", 2)
    assert page[12:76] == public.x.to_bytes(32, "big") + public.y.to_bytes(32, "big")
    assert page[76:108] == private.private_value.to_bytes(32, "big")
    assert struct.unpack_from("<I", page, 8)[0] == crc(page[:8], page[12:108])


def image_and_record(lab):
    flash = lab.director.compose("--image", lab.images[1])
    image, targets = lab.images[1].read_bytes(), lab.director.metadata(1, "targets.json")
    assert at(flash, SLOT, len(image)) == image
    record = at(flash, SLOT + SLOT_PAGES - RECORD_PAGES, 32 + len(targets))
    assert record[:20] == b"LPRC" + struct.pack("<IQI", len(image), 1, len(targets))
    assert record[32:] == targets and struct.unpack_from("<I", record, 20)[0] == crc(record[:20], targets)


def image_that_nobody_ordered(lab):
    said = lab.compose("--provisioned", "provisioned-1", "--image", lab.images[2], expect=1)
    assert "the board would refuse it" in said, said
    assert not (lab.folder / "out").exists()


def metadata_in_either_form(lab):
    """As the director serves them, or in canonical form already: the board gets that."""
    flash = lab.director.compose("--image", lab.images[1])
    folder = lab.folder / "canonical"
    shutil.copytree(lab.folder / "provisioned-1", folder)
    for name in ("root.json", "targets.json"):
        (folder / name).write_bytes(lab.director.metadata(1, name))
    assert b"-----BEGIN PUBLIC KEY-----\n" in (folder / "root.json").read_bytes()
    lab.compose("--provisioned", "canonical", "--image", lab.images[1])
    assert lab.out() == flash
    for targets in ("provisioned-1/targets.json", "canonical/targets.json"):
        lab.compose("--provisioned", "provisioned-1", "--image", lab.images[1], "--targets", targets)
        assert lab.out() == flash


def schemes_that_the_board_has(lab):
    """A key of ed25519 is taken only if the board is said to have it."""
    lab.director.run("lampyr-repo", "create-ecu-key", "ed25519.pem")
    folder = lab.folder / "ed25519"
    shutil.copytree(lab.folder / "provisioned-1", folder)
    shutil.copy(lab.folder / "ed25519.pem", folder / "ecu.key")
    said = lab.compose("--provisioned", "ed25519", expect=2)
    assert "not a P-256 key" in said, said
    lab.compose("--provisioned", "ed25519", "--ed25519")
    page = at(lab.out(), KEY, 112)
    secret = load_pem_private_key((folder / "ecu.key").read_bytes(), None)
    private = secret.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert page[4:8] == struct.pack("<I", 1) and page[12:108] == public + bytes(32) + private


def parts_and_chip_area(lab):
    """Of the boot loader and the last bytes of flash; what is not asked for is erased."""
    lab.compose("--boot", lab.firefly / "firefly_boot.bin", "--chip", lab.firefly / "firefly_chip.bin")
    flash = lab.out()
    loader, chip = ((lab.firefly / name).read_bytes() for name in ("firefly_boot.bin", "firefly_chip.bin"))
    assert flash.startswith(loader) and flash.endswith(chip) and len(chip) == 44
    assert set(flash[16 * PAGE:-44]) == {0xFF}
    valid, image_at = struct.unpack_from("<II", chip, 4)
    assert (valid, image_at) == (0, 0x00200000)
    locked = [page for page in range(255) if not chip[12 + page // 8] >> page % 8 & 1]
    assert locked == list(range(25)), locked
    lab.compose("--boot", lab.firefly / "firefly_boot.bin", "--part", "boot")
    assert lab.out() == loader.ljust(16 * PAGE, b"\xff")


def read_hex(text):
    """Address to byte, of Intel HEX."""
    memory, base = {}, 0
    *lines, last = text.splitlines()
    assert last == ":00000001FF"
    for line in lines:
        record = bytes.fromhex(line.removeprefix(":"))
        assert sum(record) % 256 == 0 and record[0] == len(record) - 5, line
        if record[3] == 4:
            base = int.from_bytes(record[4:6], "big") << 16
        else:
            assert record[3] == 0, line
            start = base + int.from_bytes(record[1:3], "big")
            memory.update(zip(range(start, start + record[0]), record[4:-1]))
    return memory


def intel_hex(lab):
    flash = lab.director.compose("--image", lab.images[1])
    for base in (0x00200000, 0x0000fff0):
        lab.compose("--provisioned", "provisioned-1", "--image", lab.images[1], "--format", "hex", "--base", hex(base))
        memory = read_hex(lab.out().decode())
        assert all(flash[address - base] == byte for address, byte in memory.items())
        assert all(base + offset in memory for offset, byte in enumerate(flash) if byte != 0xFF)


def what_inspect_shows(lab):
    lab.director.compose("--image", lab.images[1])
    shown = lab.director.run("lampyr-flash", "inspect", "flash.bin")
    for line in ("  serial: radar", "  primary: [fd00::1]:5683", "  root: version 1, ", "journal: empty",
                 "slot 0: image of ", "  verified, release counter 1", "slot 1: no record"):
        assert line in shown, (line, shown)
    keyid = json.loads(lab.director.metadata(1, "targets.json"))["signatures"][0]["keyid"]
    assert "key: ecdsa-sha2-nistp256, keyid " in shown and keyid not in shown
    (lab.folder / "short.bin").write_bytes(bytes(100))
    lab.director.run("lampyr-flash", "inspect", "short.bin", expect=2)
    lab.director.run("lampyr-flash", "inspect", "no-such-file", expect=2)
    (lab.folder / "erased.bin").write_bytes(b"\xff" * board_lab.FLASH_BYTES)
    lab.director.run("lampyr-flash", "inspect", "erased.bin", expect=1)


def wrong_usage(lab):
    for args in ([], ["compose"], ["inspect"], ["fly"], ["compose", "--out"], ["compose", "--out", "o", "--image", "i"],
                 ["compose", "--out", "o", "--targets", "t"], ["compose", "--out", "o", "--part", "heart"],
                 ["compose", "--out", "o", "--base", "7"], ["compose", "--out", "o", "--boot", lab.images[1]],
                 ["compose", "--out", "o", "--provisioned", "no-such-folder"],
                 ["compose", "--out", "o", "--provisioned", "provisioned-1", "--eui64", "12"],
                 *(["compose", "--out", "o", "--provisioned", "provisioned-1", "--primary", primary]
                   for primary in ("", "[::1", "[::1]", "[::1]:", "[::1]:0", "[::1]:65536", "127.0.0.1", "host"))):
        said = lab.director.run("lampyr-flash", *args, expect=2)
        assert said.startswith("lampyr-flash: ") and said.count("\n") == 1, (args, said)
    lab.director.run("lampyr-flash", "compose", "--out", "no/such/folder", expect=4)
    assert lab.director.run("lampyr-flash", "--help").startswith("Usage: ")


CASES = (factory_data, key, image_and_record, image_that_nobody_ordered, metadata_in_either_form,
         schemes_that_the_board_has, parts_and_chip_area, intel_hex, what_inspect_shows, wrong_usage)


class Lab:
    def __init__(self, folder, programs, firmware):
        self.folder = folder
        self.images = {version: firmware / f"tests/firmware/update_board_{version}.bin" for version in (1, 2)}
        self.firefly = firmware / "secondary/ports/firefly"
        self.director = board_lab.Director(folder, programs, self.images)

    def compose(self, *options, expect=0):
        return self.director.run("lampyr-flash", "compose", "--out", "out", *options, expect=expect)

    def out(self):
        return (self.folder / "out").read_bytes()


def main():
    programs, firmware = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as name:
        lab = Lab(pathlib.Path(name), programs, firmware)
        for case in CASES:
            try:
                case(lab)
            except AssertionError as error:
                sys.exit(f"{case.__name__}: {error}")
            print(case.__name__)


if __name__ == "__main__":
    main()
