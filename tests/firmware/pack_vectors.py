# SPDX-License-Identifier: Apache-2.0
"""Packs the test vectors of partial verification for blob.h: pack_vectors.py VECTORS OUTPUT"""
import calendar
import json
import pathlib
import struct
import sys
import time

MAGIC = 0x3156504C
VECTOR, STEP, FILE = "<2I2I2I2III", "<qQ2I2I2I2I", "<2I2I2I"


def partial_vectors(folder):
    """The vectors that a board must judge, as SCHEMA.md has them, by name."""
    vectors = [json.loads(path.read_text()) for path in sorted((folder / "vectors").rglob("*.json"))]
    vectors = [v for v in vectors if v["procedure"] == "partial"]
    for v in vectors:
        assert v["form"] == "canonical" and v["profile"] == "constrained", v["name"]
    return sorted(vectors, key=lambda v: v["name"])


class Block:
    """What is packed so far. Equal bytes are kept once; everything begins at a multiple of 8."""

    def __init__(self, head_bytes):
        self.content = bytearray(head_bytes)
        self.known = {}

    def add(self, data):
        self.content.extend(bytes(-len(self.content) % 8))
        at = len(self.content)
        self.content.extend(data)
        return at

    def bytes(self, data):
        """(at, len) of `data`, which may be None. A terminator follows."""
        if data is None:
            return 0, 0
        if data not in self.known:
            self.known[data] = self.add(data + b"\0"), len(data)
        return self.known[data]

    def text(self, text):
        return self.bytes(None if text is None else text.encode())

    def list(self, records):
        """(at, count) of packed records, all of one size."""
        return (self.add(b"".join(records)), len(records)) if records else (0, 0)


class Packer:
    def __init__(self, folder):
        self.folder = folder
        self.block = Block(struct.calcsize("<III"))

    def content(self, entry):
        """The bytes of a file entry, None if it has none."""
        if isinstance(entry, str):
            return (self.folder / "blobs" / entry).read_bytes()
        if entry is None or "fails" in entry:
            return None
        return self.content(entry["blob"]).ljust(entry.get("pad_to", 0))

    def file(self, name, entry):
        fails = entry["fails"] if isinstance(entry, dict) and "fails" in entry else None
        return struct.pack(FILE, *self.block.text(name), *self.block.bytes(self.content(entry)),
                           *self.block.text(fails))

    def files(self, entries, keep_absent):
        return self.block.list([self.file(name, entry) for name, entry in entries.items()
                                if entry is not None or keep_absent])

    def step(self, step, ecu):
        seconds = calendar.timegm(time.strptime(step["time"], "%Y-%m-%dT%H:%M:%SZ"))
        return struct.pack(STEP, seconds, ecu.get("counter_floor", 0), *self.block.text(ecu["serial"]),
                           *self.block.text(ecu["hardware"]),
                           *self.files(step.get("files", {}).get("director", {}), False),
                           *self.files(step.get("stored", {}).get("director", {}), True))

    def vector(self, vector):
        steps = []
        for step in vector["steps"]:
            ecus = step.get("ecus")
            ecu = ecus[0] if ecus else ecu
            steps.append(self.step(step, ecu))
        return struct.pack(VECTOR, *self.block.text(vector["name"]), *self.block.text(vector.get("vehicle")),
                           *self.block.bytes(self.content(vector["provisioned"]["director"])),
                           *self.block.list(steps), vector["dialects"]["director"] == "legacy", 0)

    def pack(self, vectors):
        at, count = self.block.list([self.vector(v) for v in vectors])
        struct.pack_into("<III", self.block.content, 0, MAGIC, at, count)
        return bytes(self.block.content)


def main():
    folder = pathlib.Path(sys.argv[1])
    pathlib.Path(sys.argv[2]).write_bytes(Packer(folder).pack(partial_vectors(folder)))


if __name__ == "__main__":
    main()
