# SPDX-License-Identifier: Apache-2.0
"""What the tests of lampyr-tuf share: a TUF repository that can be made to lie, and the client run against it.

The repository is signed by python3-cryptography over the canonical form of python3-securesystemslib, so that a mistake
of Lampyr's own signer cannot hide one of its verifier.
"""
import collections
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from securesystemslib.formats import encode_canonical

from hostile_server import Server

PROGRAM = os.path.join(os.environ["LAMPYR_BIN"], "lampyr-tuf")

TOP_LEVEL = "root", "targets", "snapshot", "timestamp"  # in the order in which they are published
FAR = "2099-01-01T00:00:00Z"
PAST = "2020-01-01T00:00:00Z"


def digest(content, algorithm="sha256"):
    return hashlib.new(algorithm, content).hexdigest()


class Key:
    """A private key and its public half; `more` goes into the key object."""

    def __init__(self, keytype="ed25519", **more):
        scheme, generate = {
            "ed25519": ("ed25519", ed25519.Ed25519PrivateKey.generate),
            "ecdsa": ("ecdsa-sha2-nistp256", lambda: ec.generate_private_key(ec.SECP256R1())),
            "rsa": ("rsassa-pss-sha256", lambda: rsa.generate_private_key(65537, 2048)),
        }[keytype]
        self._keytype = keytype
        self._private = generate()
        self.public = {"keytype": keytype, "scheme": scheme, "keyval": {"public": self._public_text()}, **more}
        self.keyid = digest(encode_canonical(self.public).encode())

    def _public_text(self):
        public = self._private.public_key()
        if self._keytype == "ed25519":
            return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
        return public.public_bytes(serialization.Encoding.PEM,
                                   serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, message):
        how = {"ed25519": (),
               "ecdsa": (ec.ECDSA(hashes.SHA256()),),
               "rsa": (padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())}[self._keytype]
        return self._private.sign(message, *how).hex()


class Repository:
    """Publishes into `folder`/metadata and `folder`/targets.

    `roles` holds the `signed` object of each role; tests change it as they like and publish what they changed.
    """

    def __init__(self, folder, consistent=True):
        self.folder = pathlib.Path(folder)
        self.consistent = consistent
        self.lists_hashes = False  # snapshot and timestamp list length and hashes
        self.signers = {}          # role: its keys, which need not be those that its delegator names
        self.files = {}            # role: bytes published last
        self.roles = {name: self._new(name) for name in TOP_LEVEL}
        self.root.update(consistent_snapshot=consistent, keys={}, roles={})
        self.roles["targets"]["targets"] = {}
        for name in TOP_LEVEL:
            self.set_keys(name, [Key()])
        self.publish(*TOP_LEVEL)

    @staticmethod
    def _new(kind):
        more = {"meta": {}} if kind in ("snapshot", "timestamp") else {}
        return {"_type": kind, "spec_version": "1.0.34", "version": 0, "expires": FAR, **more}

    @property
    def root(self):
        return self.roles["root"]

    def set_keys(self, role, keys, threshold=1, signers=None):
        """Makes root name `keys` for the role; it will be signed by `signers`."""
        self.root["keys"].update({key.keyid: key.public for key in keys})
        self.root["roles"][role] = {"keyids": [key.keyid for key in keys], "threshold": threshold}
        self.signers[role] = list(keys if signers is None else signers)

    def delegate(self, delegator, name, paths=("*",), keys=None, **more):
        """Adds a delegation, and the role if it is new, with a key of its own."""
        keys = keys or [Key()]
        delegations = self.roles[delegator].setdefault("delegations", {"keys": {}, "roles": []})
        delegations["keys"].update({key.keyid: key.public for key in keys})
        delegations["roles"].append({"name": name, "keyids": [key.keyid for key in keys], "threshold": 1,
                                     "terminating": False, "paths": list(paths), **more})
        if name not in self.roles:
            self.roles[name] = {**self._new("targets"), "targets": {}}
        signers = self.signers.setdefault(name, [])
        signers.extend(key for key in keys if key not in signers)

    def add_target(self, role, name, content, algorithms=("sha256",)):
        sums = {algorithm: digest(content, algorithm) for algorithm in algorithms}
        self.roles[role]["targets"][name] = {"length": len(content), "hashes": sums}
        for file in self.target_files(role, name):
            self._write(file, content)

    def target_files(self, role, name):
        """Where the target is served, under each of its digests."""
        folder, _, last = name.rpartition("/")
        sums = self.roles[role]["targets"][name]["hashes"].values()
        names = [f"{value}.{last}" for value in sums] if self.consistent else [last]
        return [self.folder / "targets" / folder / file for file in names]

    def sign(self, role):
        """The next file of the role, as it is to be served."""
        signed = self.roles[role]
        message = encode_canonical(signed).encode()
        signatures = [{"keyid": key.keyid, "sig": key.sign(message)} for key in self.signers[role]]
        return json.dumps({"signatures": signatures, "signed": signed}, indent=1).encode()

    def publish(self, *roles):
        """Signs and serves a next version of each role, in that order, and lists it where it belongs."""
        for role in roles:
            self.roles[role]["version"] += 1
            self.serve(role, self.sign(role))
            self._list(role)

    def serve(self, role, content, version=None):
        """Serves `content` as the role's file, under the version in its metadata or another."""
        self.files[role] = content
        self._write(self.path(role, version or self.roles[role]["version"]), content)

    def path(self, role, version):
        """Where the web server finds the file, which takes percent-encoding away."""
        versioned = role == "root" or (self.consistent and role != "timestamp")
        return self.folder / "metadata" / (f"{version}.{role}.json" if versioned else f"{role}.json")

    def _list(self, role):
        delegator = {"root": None, "timestamp": None, "snapshot": "timestamp"}.get(role, "snapshot")
        if delegator:
            info = {"version": self.roles[role]["version"]}
            if self.lists_hashes:
                info.update(length=len(self.files[role]), hashes={"sha256": digest(self.files[role])})
            self.roles[delegator]["meta"][f"{role}.json"] = info

    def expect(self, role, **info):
        """Makes snapshot or timestamp say something else of the role."""
        self.roles["timestamp" if role == "snapshot" else "snapshot"]["meta"][f"{role}.json"].update(info)

    @staticmethod
    def _write(path, content):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class ClientTest(unittest.TestCase):
    """A repository, a server for it, and a client that trusts its first root."""
    consistent = True

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.metadata = self.folder / "client" / "metadata"
        self.artifacts = self.folder / "client" / "artifacts"
        self.repo = Repository(self.folder / "web", self.consistent)
        self.server = Server(self.repo.folder)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.error = ""
        self.init(self.repo.files["root"])

    def call(self, *arguments, at=None):
        """Runs the client, at another time if `at` says so; returns the exit code."""
        command = [PROGRAM, *map(str, arguments)]
        environment = dict(os.environ)
        if at is not None:
            command = ["faketime", at, *command]
            environment["ASAN_OPTIONS"] = "verify_asan_link_order=0"  # faketime is preloaded, too
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
        self.error = done.stderr
        self.output = done.stdout
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.assertNotIn("Sanitizer", done.stderr)
        return done.returncode

    def init(self, root):
        path = self.folder / "trusted-root.json"
        path.write_bytes(root)
        self.assertEqual(self.call("--metadata-dir", self.metadata, "init", path), 0, self.error)

    def refresh(self, at=None):
        return self.call("--metadata-dir", self.metadata, "--metadata-url", f"{self.server.url}/metadata/", "refresh",
                         at=at)

    def download(self, *names):
        chosen = [argument for name in names for argument in ("--target-name", name)]
        return self.call("--metadata-url", f"{self.server.url}/metadata", "--metadata-dir", self.metadata, *chosen,
                         "--target-dir", self.artifacts, "--target-base-url", f"{self.server.url}/targets/",
                         "download")

    def assert_refreshed(self, **how):
        self.assertEqual(self.refresh(**how), 0, self.error)

    def assert_downloaded(self, *names):
        self.assertEqual(self.download(*names), 0, self.error)

    def assert_refused(self, code, run=None):
        """The run ends with 1 and one line that names the code."""
        self.assertEqual((run or self.refresh)(), 1)
        self.assertEqual(self.error.count("refused: "), 1, self.error)
        self.assertIn(f"refused: {code}", self.error)

    def requests(self):
        """What was asked for since the last call, in order: names of metadata, and of targets after "targets/"."""
        names = [path.removeprefix("/metadata/").removeprefix("/") for path, _ in self.server.requests]
        self.server.requests.clear()
        return names

    def trusted(self):
        """The versions of all stored metadata; there is nothing else in the folder."""
        versions = {}
        for path in self.metadata.iterdir():
            self.assertTrue(path.name.endswith(".json"), path)
            role = urllib.parse.unquote(path.name.removesuffix(".json"))
            versions[role] = json.loads(path.read_bytes())["signed"]["version"]
        return versions

    def assert_trusted(self, **versions):
        self.assertEqual(self.trusted(), versions)

    def assert_stored(self, *roles):
        """Each was kept byte for byte as it was served last."""
        for role in roles:
            name = urllib.parse.quote(role, safe="")
            self.assertEqual((self.metadata / f"{name}.json").read_bytes(), self.repo.files[role], role)

    def assert_artifacts(self, *contents):
        """There are files with these contents and nothing else."""
        files = list(self.artifacts.rglob("*")) if self.artifacts.exists() else []
        found = collections.Counter(path.read_bytes() for path in files)
        self.assertEqual(found, collections.Counter(contents))
