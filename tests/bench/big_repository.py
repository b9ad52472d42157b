# SPDX-License-Identifier: Apache-2.0
"""Image repositories with any number of images, and a director that orders one of them.

Keys come from fixed seeds, so that a repository is the same each time it is made. Files are in canonical form, as
lampyr-repo publishes them, and an image takes about 190 bytes of targets.json; or they are indented.
"""
import hashlib
import json
import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

EXPIRES = "2099-01-01T00:00:00Z"
VEHICLE, SERIAL, HARDWARE = "car", "primary", "gateway-hw"
CONTENT = b"the bytes of every image"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
TOP_LEVEL = "root", "timestamp", "snapshot", "targets"


def canonical(value):
    """The canonical form: what we write is ASCII without control characters."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def image_name(number):
    return f"images/{number % 97}/ecu-{number:09d}.bin"


class Key:
    def __init__(self, seed):
        self._private = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
        public = self._private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.public = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public.hex()}}
        self.keyid = hashlib.sha256(canonical(self.public)).hexdigest()

    def envelope(self, signed, indented=False):
        message = canonical(signed)
        signatures = [{"keyid": self.keyid, "sig": self._private.sign(message).hex()}]
        if indented:
            return json.dumps({"signatures": signatures, "signed": signed}, sort_keys=True, indent=1).encode()
        return b'{"signatures":' + canonical(signatures) + b',"signed":' + message + b"}"


class Repository:
    """A repository in a folder: metadata at its top, images under targets/."""

    def __init__(self, folder, seed, indented=False):
        self.folder = folder
        self.indented = indented  # targets
        self.keys = {role: Key(f"{seed} {role}") for role in TOP_LEVEL}
        self.bin_key = Key(f"{seed} bins")
        self.entries = {}  # the snapshot's
        os.makedirs(folder)

    def _write(self, name, content):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def _role(self, kind, **members):
        return {"_type": kind, "spec_version": "1.0.34", "version": 1, "expires": EXPIRES, **members}

    def add_targets(self, name, key, **members):
        """Signs and lists a targets role."""
        content = key.envelope(self._role("targets", **members), self.indented)
        self._write(f"1.{name}.json", content)
        self.entries[f"{name}.json"] = {"version": 1, "length": len(content),
                                        "hashes": {"sha256": hashlib.sha256(content).hexdigest()}}

    def publish(self):
        """Writes root, snapshot and timestamp, once all targets are added."""
        root = self._role("root", consistent_snapshot=True,
                          keys={key.keyid: key.public for key in self.keys.values()},
                          roles={role: {"keyids": [key.keyid], "threshold": 1} for role, key in self.keys.items()})
        self._write("1.root.json", self.keys["root"].envelope(root))
        snapshot = self.keys["snapshot"].envelope(self._role("snapshot", meta=self.entries))
        self._write("1.snapshot.json", snapshot)
        listed = {"snapshot.json": {"version": 1, "length": len(snapshot),
                                    "hashes": {"sha256": hashlib.sha256(snapshot).hexdigest()}}}
        self._write("timestamp.json", self.keys["timestamp"].envelope(self._role("timestamp", meta=listed)))

    def add_image_bytes(self, name):
        folder, _, last = name.rpartition("/")
        self._write(os.path.join("targets", folder, f"{DIGEST}.{last}"), CONTENT)


def image_entry():
    return {"length": len(CONTENT), "hashes": {"sha256": DIGEST},
            "custom": {"hardwareIds": [HARDWARE], "releaseCounter": 1}}


def make_flat(folder, count, indented=False):
    """All images in the top-level targets."""
    repository = Repository(folder, "image", indented)
    repository.add_targets("targets", repository.keys["targets"],
                           targets={image_name(number): image_entry() for number in range(count)})
    repository.publish()
    repository.add_image_bytes(image_name(count // 2))


def make_binned(folder, count, bits, succinct):
    """The images spread over 2**bits delegated roles by the SHA-256 of their names."""
    repository = Repository(folder, "image")
    key = repository.bin_key
    digits = (bits + 3) // 4
    bins = [{} for _ in range(1 << bits)]
    for number in range(count):
        name = image_name(number)
        index = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> (32 - bits)
        bins[index][name] = image_entry()
    for index, targets in enumerate(bins):
        repository.add_targets(f"bin-{index:0{digits}x}", key, targets=targets)
    common = {"keyids": [key.keyid], "threshold": 1}
    if succinct:
        delegations = {"keys": {key.keyid: key.public},
                       "succinct_roles": {**common, "bit_length": bits, "name_prefix": "bin"}}
    else:
        delegations = {"keys": {key.keyid: key.public},
                       "roles": [{**common, "name": f"bin-{index:0{digits}x}", "terminating": True,
                                  "path_hash_prefixes": prefixes(index, bits)} for index in range(1 << bits)]}
    repository.add_targets("targets", repository.keys["targets"], targets={}, delegations=delegations)
    repository.publish()
    repository.add_image_bytes(image_name(count // 2))


def prefixes(index, bits):
    """The hexadecimal prefixes of the hashes whose first `bits` bits are `index`."""
    spare = -bits % 4
    return [f"{(index << spare) + low:0{(bits + spare) // 4}x}" for low in range(1 << spare)]


def make_director(folder, image):
    """A director that orders that image for the vehicle's one ECU."""
    repository = Repository(folder, "director")
    order = {"length": len(CONTENT), "hashes": {"sha256": DIGEST},
             "custom": {"ecuIdentifiers": {SERIAL: {"hardwareId": HARDWARE}}, "releaseCounter": 1}}
    repository.add_targets("targets", repository.keys["targets"], targets={image: order}, custom={"vehicle": VEHICLE})
    repository.publish()
