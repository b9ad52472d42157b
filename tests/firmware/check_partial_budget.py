# SPDX-License-Identifier: Apache-2.0
"""Measures partial verification on the emulated board, and holds it to its budget of code and RAM.

usage: check_partial_budget.py SIGNER BUDGET_PARTIAL

The metadata is made here, as the test vectors are, and signed by Lampyr's signer (test-vectors/signer.c). For each
number of ECUs the board starts at the factory's root, follows a root that rotates the keys of root and targets, tries
its stored targets, which the former keys signed, and verifies new ones. Two signatures each are wanted, of ed25519 and
P-256.

Code is what is linked of the verifier and what it pulls in from the libraries of C and of the compiler, constants
included; RAM is static memory, the verifier's struct and the deepest stack, from the caller's loop on. Cryptography is
in neither: a stand-in recognises the signatures.
"""
import json
import pathlib
import struct
import sys
import tempfile

import image_size
import qemu
from pack_vectors import Block

from cryptography.hazmat.primitives.serialization import load_pem_public_key

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "test-vectors"))
from maker.canonical import canonical  # noqa: E402
from maker.repository import Repository  # noqa: E402
from maker.signing import LampyrSigner, Signatures, decode  # noqa: E402

CODE_BYTES, RAM_BYTES = 10 * 1024, 1536
ECUS = (1, 10, 100, 1000)
NOW = 1798761600  # 2027-01-01
VEHICLE, HARDWARE, SERIAL, IMAGE = "vehicle-1", "board", "ecu-{:04}", "board/firmware-{:04}.bin"
ALGORITHMS = ("ed25519", "ecdsa-sha2-nistp256")
HEADER, CASE = "<q2I2I", "<2I16I"


def rotate(repo, name):
    """Gives root and targets new keys; returns those of root before."""
    former = repo.keys["root"]
    for role in ("root", "targets"):
        repo.set_keys(role, [repo.key(f"{role} {name}", algorithm) for algorithm in ALGORITHMS], 2)
    return former


def director(signatures, ecus):
    """Root, next root, stored targets and targets."""
    repo = Repository("director", "tuf", signatures, canonical_bytes=True)
    repo.targets["custom"] = {"vehicle": VEHICLE}
    for i in range(ecus):
        repo.add(IMAGE.format(i), ecuIdentifiers={SERIAL.format(i): {"hardwareId": HARDWARE}}, releaseCounter=i)
    rotate(repo, "first")
    repo.publish_root()
    repo.publish()
    root, stored = repo.files["1.root.json"], repo.files["2.targets.json"]
    repo.root["version"] += 1
    repo.publish_root(rotate(repo, "second"))
    repo.next_release()
    repo.publish()
    return root, repo.files["2.root.json"], stored, repo.files["3.targets.json"]


def raw_key(key):
    """A public key as lp_public_key holds it."""
    if key["keytype"] == "ed25519":
        return bytes.fromhex(key["keyval"]["public"])
    point = load_pem_public_key(key["keyval"]["public"].encode()).public_numbers()
    return point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")


def fnv1a(data):
    result = 0xCBF29CE484222325
    for byte in data:
        result = (result ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return result


def fingerprints(files):
    """One for each signature in the files, of which the first two are roots."""
    envelopes = [json.loads(data, strict=False) for data in files]
    keys = {**envelopes[0]["signed"]["keys"], **envelopes[1]["signed"]["keys"]}
    for envelope in envelopes:
        message = canonical(envelope["signed"], "tuf")
        for entry in envelope["signatures"]:
            yield struct.pack("<Q", fnv1a(raw_key(keys[entry["keyid"]]) + decode(entry["sig"], "tuf") + message))


def pack(signer):
    """The block of budget_partial.h."""
    lampyr = LampyrSigner(signer)
    signatures = Signatures(lampyr)
    block = Block(struct.calcsize(HEADER))
    known, cases = set(), []
    for ecus in ECUS:
        files = director(signatures, ecus)
        known.update(fingerprints(files))
        texts = [SERIAL.format(ecus // 2), HARDWARE, VEHICLE, IMAGE.format(ecus // 2)]
        places = [*map(block.text, texts), *map(block.bytes, files)]
        cases.append(struct.pack(CASE, ecus, 0, *(number for place in places for number in place)))
    lampyr.close()
    struct.pack_into(HEADER, block.content, 0, NOW, *block.list(sorted(known)), *block.list(cases))
    return bytes(block.content)


def is_counted(source):
    """Of the verifier, and of what it pulls in; gaps are counted, too."""
    return source is None or any(name in source for name in ("lampyr_metadata", "/libc_nano.a", "/libgcc.a"))


def main():
    signer, program = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        metadata = pathlib.Path(scratch) / "block"
        metadata.write_bytes(pack(signer))
        lines = qemu.run(program, *qemu.load(metadata))
    sizes = {"code": 0, "static": 0}
    for kind, size, source in image_size.pieces(pathlib.Path(program + ".map")):
        if is_counted(source):
            sizes[kind] += size
    over = sizes["code"] > CODE_BYTES
    print(f"{'ECUs':>6} {'targets, bytes':>15} {'code':>7} {'static':>7} {'struct':>7} {'stack':>7} {'RAM':>7}")
    for ecus, targets, verifier, stack in (map(int, line.split()) for line in lines):
        ram = sizes["static"] + verifier + stack
        over |= ram > RAM_BYTES
        print(f"{ecus:6,} {targets:15,} {sizes['code']:7,} {sizes['static']:7,} {verifier:7,} {stack:7,} {ram:7,}")
    print(f"{'at most':22} {CODE_BYTES:7,} {RAM_BYTES:31,}")
    print(f"summary: code {sizes['code']:,} of {CODE_BYTES:,}, RAM {ram:,} of {RAM_BYTES:,}")
    sys.exit("over budget" if over else 0)


if __name__ == "__main__":
    main()
