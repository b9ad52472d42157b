# SPDX-License-Identifier: Apache-2.0
"""Counts instructions on the emulated board, prints them, and holds them to their budgets.

usage: check_counts.py COUNT_BOARD

A check is what a board does when there are new orders: it verifies its stored root and targets again, finds no newer
root, and verifies new targets: three P-256 signatures. "Without signatures" is the same with a verifier that believes
every signature.
"""
import hashlib
import pathlib
import sys
import tempfile

import pack_vectors
import qemu

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from securesystemslib.formats import encode_canonical

# The most that is allowed (docs/BENCHMARKS.md).
BUDGETS = {"p256-verify": 12000000, "ed25519-verify": 3000000}
SHOWN = ("p256-verify", "check-of-1", "check-of-100", "sha256-64KiB")  # in the summary
LOOP = 2000000  # instructions of the loop, by which the counter is checked; it counts in steps of 40
ECUS = (1, 10, 100)
ROLES = ("root", "snapshot", "targets", "timestamp")


def canonical(value):
    return encode_canonical(value).encode()


class Signer:
    def __init__(self, number):
        self.private = ec.derive_private_key(number, ec.SECP256R1())
        pem = self.private.public_key().public_bytes(serialization.Encoding.PEM,
                                                     serialization.PublicFormat.SubjectPublicKeyInfo)
        self.key = {"keytype": "ecdsa", "keyval": {"public": pem.decode()}, "scheme": "ecdsa-sha2-nistp256"}
        self.keyid = hashlib.sha256(canonical(self.key)).hexdigest()

    def envelope(self, signed):
        signature = self.private.sign(canonical(signed), ec.ECDSA(hashes.SHA256()))
        return canonical({"signatures": [{"keyid": self.keyid, "sig": signature.hex()}], "signed": signed})


def root(signers):
    return {"_type": "root", "consistent_snapshot": True, "expires": "2030-01-01T00:00:00Z",
            "keys": {s.keyid: s.key for s in signers.values()},
            "roles": {role: {"keyids": [s.keyid], "threshold": 1} for role, s in signers.items()},
            "spec_version": "1.0.31", "version": 1}


def targets(version, ecus):
    """Orders an image of its own for each ECU, the last of which is the board."""
    images = {}
    for number in range(1, ecus + 1):
        name = f"controller-{number:04}"
        images[f"{name}-{version}.0.bin"] = {
            "custom": {"ecuIdentifiers": {name: {"hardwareId": "controller-hardware-a"}}, "releaseCounter": version},
            "hashes": {"sha256": hashlib.sha256(name.encode()).hexdigest()}, "length": 131072}
    return {"_type": "targets", "custom": {"vehicle": "vehicle-1"}, "expires": "2030-01-01T00:00:00Z",
            "spec_version": "1.0.31", "targets": images, "version": version}


def vector(folder, signers, ecus):
    """One vector of two steps: the first fills the stores, the second is the check."""
    def blob(content):
        name = hashlib.sha256(content).hexdigest()[:16]
        (folder / "blobs" / name).write_bytes(content)
        return name

    first = blob(signers["root"].envelope(root(signers)))
    ecu = {"serial": f"controller-{ecus:04}", "hardware": "controller-hardware-a"}
    steps = [{"time": "2027-01-01T00:00:00Z", "ecus": [ecu],
              "files": {"director": {"targets.json": blob(signers["targets"].envelope(targets(version, ecus)))}},
              "stored": {"director": {"root": first}} if version == 1 else {}}
             for version in (1, 2)]
    return {"name": f"check-of-{ecus}", "vehicle": "vehicle-1", "provisioned": {"director": first}, "steps": steps,
            "dialects": {"director": "tuf"}}


def count(program):
    """What the firmware counted: name to instructions; of the checks' runs the second without signatures."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        (folder / "blobs").mkdir()
        signers = {role: Signer(number) for number, role in enumerate(ROLES, 1)}
        block = folder / "block"
        block.write_bytes(pack_vectors.Packer(folder).pack([vector(folder, signers, ecus) for ecus in ECUS]))
        lines = qemu.run(program, "-icount", "shift=0", *qemu.load(block))
    counts = {}
    for words in map(str.split, lines):
        if len(words) == 2:
            counts[words[0]] = int(words[1])
        elif words[1] == "2":
            assert words[2] == "ok", words
            name = words[0] + "-without-signatures" if words[0] in counts else words[0]
            counts[name] = int(words[-1].removeprefix("instructions="))
    return counts


def main():
    counts = count(sys.argv[1])
    if abs(counts["loop"] - LOOP) > 200:
        sys.exit(f"the loop has {LOOP} instructions, counted were {counts['loop']}")
    over = [name for name, most in BUDGETS.items() if counts[name] > most]
    for name, number in counts.items():
        print(f"{name:36} {number:>12,}" + (f"   of at most {BUDGETS[name]:,}" if name in BUDGETS else ""))
    shown = [f"{name} {counts[name] / 1e6:.2f}" + (f" of {BUDGETS[name] / 1e6:.0f}" if name in BUDGETS else "")
             for name in SHOWN]
    print(f"summary: {', '.join(shown)} million instructions")
    sys.exit(f"over budget: {', '.join(over)}" if over else 0)


if __name__ == "__main__":
    main()
