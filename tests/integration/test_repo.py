#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lampyr-repo: what it signs is checked with python3-securesystemslib and hashlib, not with our own verifier.

LAMPYR_BIN is the folder of the programs.
"""
import base64
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import unittest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from securesystemslib import keys as sslib_keys
from securesystemslib.formats import encode_canonical

PROGRAM = os.path.join(os.environ["LAMPYR_BIN"], "lampyr-repo")

REFUSED, USAGE, STATE = 1, 2, 4
IMAGE = bytes(range(256)) * 16


def canonical(value, dialect):
    if dialect == "tuf":
        return encode_canonical(value).encode()
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def verify_tuf(key, signature, message):
    described = dict(key, keyid=signature["keyid"])
    return sslib_keys.verify_signature(described, signature, message)


def verify_legacy_rsa(key, signature, message):
    public = serialization.load_pem_public_key(key["keyval"]["public"].encode())
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
    try:
        public.verify(base64.b64decode(signature["sig"], validate=True), message, pss, hashes.SHA256())
    except InvalidSignature:
        return False
    return signature["method"] == "rsassa-pss"


def verify_legacy(key, signature, message):
    """Legacy differs in spelling only: the same signatures as tuf, once respelled."""
    if key["keytype"] == "RSA":
        return verify_legacy_rsa(key, signature, message)
    keytype, scheme = {"ED25519": ("ed25519", "ed25519"),
                       "ECPRIME256V1": ("ecdsa", "ecdsa-sha2-nistp256")}[key["keytype"]]
    respelled = {"keytype": keytype, "scheme": scheme, "keyval": key["keyval"]}
    sig = base64.b64decode(signature["sig"], validate=True).hex()
    return signature["method"] == scheme and verify_tuf(respelled, {"keyid": signature["keyid"], "sig": sig}, message)


class RepoTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lampyr-repo-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "fw.bin").write_bytes(IMAGE)

    def call(self, *arguments):
        return subprocess.run([PROGRAM, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
                              timeout=60)

    def repo(self, *arguments):
        done = self.call(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def refuse(self, code, text, *arguments):
        done = self.call(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(text, done.stderr)

    def load(self, *path):
        return json.loads(self.folder.joinpath(*path).read_text())

    def assert_signed(self, envelope, keys, role, dialect="tuf"):
        """Every signature is valid, by distinct keys of the role, and there are enough."""
        message = canonical(envelope["signed"], dialect)
        verify = verify_tuf if dialect == "tuf" else verify_legacy
        keyids = [signature["keyid"] for signature in envelope["signatures"]]
        self.assertEqual(len(keyids), len(set(keyids)))
        good = [s["keyid"] for s in envelope["signatures"]
                if s["keyid"] in role["keyids"] and verify(keys[s["keyid"]], s, message)]
        self.assertGreaterEqual(len(good), role["threshold"])

    def assert_listed(self, info, path):
        served = self.folder.joinpath(path).read_bytes()
        self.assertEqual(info["length"], len(served))
        self.assertEqual(info["hashes"]["sha256"], hashlib.sha256(served).hexdigest())
        self.assertEqual(info["version"], json.loads(served)["signed"]["version"])

    def make_images(self, *options):
        self.repo("init", "img", "--repository", "image", *options)
        self.repo("add-image", "img", "fw.bin", "--name", "brake/fw.bin", "--hardware", "brake-hw", "--counter", 3,
                  "--version", "1.0")

    def make_director(self, *options):
        self.repo("init", "dir", "--repository", "director", *options)
        self.repo("add-vehicle", "dir", "car-1")
        for serial, hardware, extra in (("gate", "gate-hw", ["--primary"]), ("brake", "brake-hw", [])):
            self.repo("create-ecu-key", f"{serial}.key")
            self.repo("add-ecu", "dir", "car-1", serial, "--hardware", hardware, "--public-key", f"{serial}.key.pub",
                      *extra)


class ImageRepositoryTest(RepoTest):
    def check_published(self, dialect):
        versioned = (lambda role: f"1.{role}") if dialect == "tuf" else (lambda role: role)
        delegated = "out/1.radar.json" if dialect == "tuf" else "out/delegations/radar.json"
        root = self.load("out/1.root.json")
        keys, roles = root["signed"]["keys"], root["signed"]["roles"]
        snapshot_path, targets_path = f"out/{versioned('snapshot')}.json", f"out/{versioned('targets')}.json"
        targets = self.load(targets_path)
        for role, path in (("root", "out/1.root.json"), ("timestamp", "out/timestamp.json"),
                           ("snapshot", snapshot_path), ("targets", targets_path)):
            self.assert_signed(self.load(path), keys, roles[role], dialect)
        delegations = targets["signed"]["delegations"]
        self.assert_signed(self.load(delegated), delegations["keys"], delegations["roles"][0], dialect)
        self.assert_listed(self.load("out/timestamp.json")["signed"]["meta"]["snapshot.json"], snapshot_path)
        meta = self.load(snapshot_path)["signed"]["meta"]
        self.assert_listed(meta["targets.json"], targets_path)
        self.assert_listed(meta["radar.json"], delegated)
        return root["signed"], targets["signed"]

    def make_and_publish(self, *options):
        self.make_images(*options)
        self.repo("add-delegation", "img", "radar", "--paths", "radar/*", "--hardware", "radar-hw")
        self.repo("add-image", "img", "fw.bin", "--name", "radar/a b.bin", "--role", "radar", "--hardware",
                  "radar-hw", "--counter", 1)
        self.repo("sign", "img")
        self.repo("publish", "img", "out")

    def test_tuf_with_every_key_type(self):
        for key_type in ("ed25519", "ecdsa", "rsa"):
            with self.subTest(key_type):
                self.make_and_publish("--key-type", key_type)
                root, targets = self.check_published("tuf")
                self.assertEqual(root["_type"], "root")
                self.assertEqual(root["spec_version"], "1.0.34")
                self.assertTrue(root["consistent_snapshot"])
                sha256 = hashlib.sha256(IMAGE).hexdigest()
                self.assertEqual(targets["targets"]["brake/fw.bin"], {
                    "custom": {"hardwareIds": ["brake-hw"], "releaseCounter": 3, "version": "1.0"},
                    "hashes": {"sha256": sha256}, "length": len(IMAGE)})
                self.assertEqual((self.folder / f"out/targets/brake/{sha256}.fw.bin").read_bytes(), IMAGE)
                self.assertEqual((self.folder / f"out/targets/radar/{sha256}.a b.bin").read_bytes(), IMAGE)
            shutil.rmtree(self.folder / "img")
            shutil.rmtree(self.folder / "out")

    def test_legacy_with_every_key_type(self):
        for key_type in ("ed25519", "ecdsa", "rsa"):
            with self.subTest(key_type):
                self.make_and_publish("--dialect", "legacy", "--key-type", key_type)
                root, targets = self.check_published("legacy")
                self.assertEqual(root["_type"], "Root")
                self.assertEqual(targets["_type"], "Targets")
                self.assertNotIn("spec_version", root)
                self.assertEqual(self.load("out/root.json"), self.load("out/1.root.json"))
                self.assertEqual((self.folder / "out/targets/brake/fw.bin").read_bytes(), IMAGE)
                for keyid, key in root["keys"].items():
                    text = json.dumps(key["keyval"]["public"]).encode()
                    self.assertEqual(keyid, hashlib.sha256(text).hexdigest())
            shutil.rmtree(self.folder / "img")
            shutil.rmtree(self.folder / "out")

    def test_keyids_of_tuf_are_digests_of_the_key(self):
        self.make_images("--key-type", "ecdsa")
        self.repo("sign", "img")
        for keyid, key in self.load("img/metadata/root.json")["signed"]["keys"].items():
            self.assertEqual(keyid, hashlib.sha256(canonical(key, "tuf")).hexdigest())

    def test_threshold_of_distinct_keys(self):
        self.make_images("--keys", 3, "--threshold", 2)
        self.repo("sign", "img")
        root = self.load("img/metadata/root.json")
        self.assertEqual(root["signed"]["roles"]["targets"]["threshold"], 2)
        self.assertEqual(len(root["signatures"]), 3)
        self.assert_signed(root, root["signed"]["keys"], root["signed"]["roles"]["root"])

    def test_keys_that_are_kept_elsewhere_do_not_sign(self):
        self.make_images("--keys", 3, "--threshold", 2)
        (self.folder / "img/keys/targets-1.pem").unlink()
        self.repo("sign", "img")
        self.assertEqual(len(self.load("img/metadata/targets.json")["signatures"]), 2)
        (self.folder / "img/keys/targets-2.pem").unlink()
        self.refuse(USAGE, "role `targets` needs 2 private keys", "sign", "img", "--role", "targets")

    def test_private_keys_are_secret(self):
        printed = self.repo("init", "img", "--repository", "image") + self.repo("list-keys", "img")
        for path in (self.folder / "img/keys").iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            self.assertNotIn(path.read_text().splitlines()[1], printed)

    def test_only_what_changed_is_signed(self):
        self.make_images()
        self.repo("sign", "img")
        self.assertEqual(self.repo("sign", "img"), "")
        self.repo("remove-image", "img", "brake/fw.bin")
        signed = [line.split()[1] for line in self.repo("sign", "img").splitlines()]
        self.assertEqual(signed, ["targets", "snapshot", "timestamp"])
        self.assertEqual(self.load("img/metadata/targets.json")["signed"]["version"], 2)

    def test_a_role_can_be_signed_again_and_until_when(self):
        self.make_images()
        self.repo("sign", "img")
        self.repo("sign", "img", "--role", "timestamp", "--expires", "2020-01-01T00:00:00Z")
        timestamp = self.load("img/metadata/timestamp.json")["signed"]
        self.assertEqual((timestamp["version"], timestamp["expires"]), (2, "2020-01-01T00:00:00Z"))
        self.assertEqual(self.repo("sign", "img").split()[:4], ["signed", "timestamp", "version", "3,"])
        self.repo("sign", "img", "--role", "root", "--time", "2030-01-01T00:00:00Z", "--expires-in", "12h")
        self.assertEqual(self.load("img/metadata/root.json")["signed"]["expires"], "2030-01-01T12:00:00Z")

    def test_new_root_is_signed_by_old_and_new_keys(self):
        self.make_images("--keys", 2, "--threshold", 2)
        self.repo("sign", "img")
        self.repo("rotate-key", "img", "--role", "root", "--key-type", "ecdsa")
        self.repo("rotate-key", "img", "--role", "root")
        self.repo("sign", "img")
        old, new = self.load("img/metadata/1.root.json"), self.load("img/metadata/2.root.json")
        for root in (old, new):
            self.assert_signed(new, root["signed"]["keys"], root["signed"]["roles"]["root"])
        self.assertEqual(len(new["signatures"]), 4)
        self.repo("publish", "img", "out")
        self.assertEqual(self.load("out/1.root.json"), old)
        self.assertEqual(self.load("out/2.root.json"), new)

    def test_rotated_targets_key_signs_anew(self):
        self.make_images()
        self.repo("sign", "img")
        self.repo("rotate-key", "img", "--role", "targets")
        self.repo("sign", "img")
        root = self.load("img/metadata/root.json")["signed"]
        targets = self.load("img/metadata/targets.json")
        self.assertEqual(targets["signed"]["version"], 2)
        self.assert_signed(targets, root["keys"], root["roles"]["targets"])

    def test_publishing_repairs_and_removes_nothing(self):
        self.make_images()
        self.repo("sign", "img")
        self.repo("publish", "img", "out")
        self.assertIn("0 new files", self.repo("publish", "img", "out"))
        flipped = self.folder / "out/1.targets.json"
        content = flipped.read_bytes()
        flipped.write_bytes(content[:-1] + b"x")
        self.repo("remove-image", "img", "brake/fw.bin")
        self.repo("sign", "img")
        self.repo("publish", "img", "out")
        self.assertTrue((self.folder / "out/2.targets.json").exists())
        self.assertEqual(len(list((self.folder / "out/targets/brake").iterdir())), 1)

    def test_unsafe_and_unnormalised_names_are_refused(self):
        self.make_images()
        add = ["add-image", "img", "fw.bin", "--hardware", "h", "--counter", 1, "--name"]
        for name in ("../x", "/x", "a//b", "a/./b", "a\\b", "a\nb", "", "x" * 600):
            self.refuse(USAGE, "image name", *add, name)
        self.refuse(USAGE, "NFC", *add, "u\u0308.bin")
        self.refuse(USAGE, "role name", "add-delegation", "img", "a/b", "--paths", "*")
        self.repo(*add, "\u00fc.bin")

    def test_what_no_client_would_find_is_refused(self):
        self.make_images()
        self.repo("add-delegation", "img", "radar", "--paths", "radar/*", "--hardware", "radar-hw")
        add = ["add-image", "img", "fw.bin", "--role", "radar", "--counter", 1]
        self.refuse(USAGE, "outside the paths", *add, "--name", "brake/x", "--hardware", "radar-hw")
        self.refuse(USAGE, "outside the paths", *add, "--name", "radar/sub/x", "--hardware", "radar-hw")
        self.refuse(USAGE, "is not delegated", *add, "--name", "radar/x", "--hardware", "brake-hw")
        self.refuse(USAGE, "no role", "add-image", "img", "fw.bin", "--role", "none", "--counter", 1, "--name", "x",
                    "--hardware", "h")


class DirectorTest(RepoTest):
    def assign(self, *extra):
        self.repo("assign-image", "dir", "car-1", "brake", "brake/fw.bin", "--from", "img", *extra)

    def test_published_vehicle(self):
        self.make_images()
        self.make_director()
        self.assign()
        self.repo("sign", "dir")
        self.repo("publish", "dir", "out")
        root = self.load("out/car-1/director/1.root.json")["signed"]
        for role, name in (("timestamp", "timestamp"), ("snapshot", "1.snapshot"), ("targets", "1.targets")):
            self.assert_signed(self.load(f"out/car-1/director/{name}.json"), root["keys"], root["roles"][role])
        targets = self.load("out/car-1/director/1.targets.json")["signed"]
        self.assertEqual(targets["custom"], {"vehicle": "car-1"})
        self.assertEqual(targets["targets"], {"brake/fw.bin": {
            "custom": {"ecuIdentifiers": {"brake": {"hardwareId": "brake-hw"}}, "releaseCounter": 3},
            "hashes": {"sha256": hashlib.sha256(IMAGE).hexdigest()}, "length": len(IMAGE)}})

    def test_root_names_the_time_key(self):
        self.make_director("--key-type", "ecdsa")
        self.repo("sign", "dir")
        root = self.load("dir/metadata/root.json")["signed"]
        self.assertEqual(root["custom"]["time"]["threshold"], 1)
        [keyid] = root["custom"]["time"]["keyids"]
        private = serialization.load_pem_private_key((self.folder / "dir/keys/time-1.pem").read_bytes(), None)
        public = private.public_key().public_bytes(serialization.Encoding.PEM,
                                                   serialization.PublicFormat.SubjectPublicKeyInfo)
        self.assertEqual(root["keys"][keyid]["keyval"]["public"].strip(), public.decode().strip())

    def test_vehicles_share_the_root_and_are_signed_apart(self):
        self.make_images()
        self.make_director()
        self.repo("add-vehicle", "dir", "car-2")
        self.repo("sign", "dir")
        self.assign()
        signed = [line.split()[1:3] for line in self.repo("sign", "dir").splitlines()]
        self.assertEqual(signed, [["car-1", "targets"], ["car-1", "snapshot"], ["car-1", "timestamp"]])
        self.repo("sign", "dir", "--vehicle", "car-2", "--role", "targets")
        self.assertEqual(self.load("dir/vehicles/car-2/metadata/targets.json")["signed"]["version"], 2)
        self.repo("unassign-image", "dir", "car-1", "brake")
        self.repo("sign", "dir")
        self.assertEqual(self.load("dir/vehicles/car-1/metadata/targets.json")["signed"]["targets"], {})

    def test_wrong_hardware_and_unknown_images_need_force(self):
        self.make_images()
        self.make_director()
        order = ["assign-image", "dir", "car-1", "gate"]
        self.refuse(REFUSED, "not for hardware `gate-hw`", *order, "brake/fw.bin", "--from", "img")
        self.refuse(REFUSED, "no image `evil.bin`", *order, "evil.bin", "--from", "img")
        self.refuse(REFUSED, "no image `evil.bin`", *order, "evil.bin", "--from", "img", "--force")
        self.repo(*order, "brake/fw.bin", "--from", "img", "--force")
        self.repo(*order, "evil.bin", "--from", "img", "--force", "--file", "fw.bin")
        self.repo("sign", "dir")
        targets = self.load("dir/vehicles/car-1/metadata/targets.json")["signed"]["targets"]
        self.assertEqual(list(targets), ["evil.bin"])
        self.assertEqual(targets["evil.bin"]["length"], len(IMAGE))

    def test_inventory_is_checked(self):
        self.make_director()
        add = ["add-ecu", "dir", "car-1"]
        self.refuse(USAGE, "already", *add, "gate", "--hardware", "h", "--public-key", "gate.key.pub")
        self.refuse(USAGE, "primary already", *add, "new", "--hardware", "h", "--public-key", "gate.key.pub",
                    "--primary")
        self.refuse(USAGE, "not a public key", *add, "new", "--hardware", "h", "--public-key", "fw.bin")
        self.refuse(USAGE, "No such file", *add, "new", "--hardware", "h", "--public-key", "none.pub")
        self.refuse(USAGE, "no vehicle", "add-ecu", "dir", "car-9", "new", "--hardware", "h", "--public-key", "x")
        self.refuse(USAGE, "ECU serial", *add, "../x", "--hardware", "h", "--public-key", "gate.key.pub")

    def test_provisioned_folders(self):
        self.make_images()
        self.make_director("--key-type", "ecdsa")
        self.assign()
        self.repo("sign", "img")
        self.repo("sign", "dir")
        self.repo("provision-primary", "dir", "car-1", "p", "--key", "gate.key", "--image-root",
                  "img/metadata/root.json", "--director-url", "http://localhost/car-1/director", "--time",
                  "2030-01-01T00:00:00Z")
        self.repo("provision-secondary", "dir", "car-1", "brake", "s", "--key", "brake.key", "--primary",
                  "coap://[::1]:5683", "--image-root", "img/metadata/root.json", "--vendor", "acme")
        self.assertEqual((self.folder / "p/primary.conf").read_text(), """\
serial = gate
hardware = gate-hw
vehicle = car-1
director_dialect = tuf
image_dialect = tuf
director_roles = full
director_url = http://localhost/car-1/director
key = ecu.key
ecus = ecus.json
director_root = director-root.json
image_root = image-root.json
time = time
state = state
coap_listen = [::1]:0
""")
        self.assertEqual((self.folder / "s/secondary.conf").read_text(), """\
serial = brake
hardware = brake-hw
vehicle = car-1
vendor = acme
dialect = tuf
primary = [::1]:5683
key = ecu.key
root = root.json
targets = targets.json
image_dialect = tuf
director_roles = full
image_root = image-root.json
time = time
state = state
listen = [::1]:0
""")
        self.assertEqual((self.folder / "p/time").read_text(), "2030-01-01T00:00:00Z\n")
        self.assertEqual(self.load("p/ecus.json"), self.load("dir/vehicles/car-1/ecus.json"))
        for copy, served in (("p/director-root.json", "dir/metadata/root.json"),
                             ("s/root.json", "dir/metadata/root.json"),
                             ("s/targets.json", "dir/vehicles/car-1/metadata/targets.json")):
            self.assertEqual((self.folder / copy).read_bytes(), (self.folder / served).read_bytes())
        for folder in "ps":
            self.assertEqual(stat.S_IMODE((self.folder / folder / "ecu.key").stat().st_mode), 0o600)
        self.refuse(USAGE, "not the key of ECU", "provision-secondary", "dir", "car-1", "brake", "t", "--key",
                    "gate.key", "--primary", "[::1]:5683")
        self.refuse(USAGE, "there already", "provision-secondary", "dir", "car-1", "brake", "s", "--key", "brake.key",
                    "--primary", "[::1]:5683")


class WorkspaceTest(RepoTest):
    def test_every_command_has_help(self):
        overview = self.repo("--help")
        commands = [line.split()[0] for line in overview.split("Commands:")[1].split("\n\n")[0].splitlines() if line]
        self.assertGreater(len(commands), 15)
        for command in commands:
            self.assertTrue(self.repo(command, "--help").startswith(f"Usage: lampyr-repo {command} "))
        self.assertRegex(self.repo("--version"), r"^lampyr-repo \d+\.\d+\.\d+\n$")

    def test_wrong_usage(self):
        self.refuse(USAGE, "expected a command")
        self.refuse(USAGE, "unknown command `frob`", "frob")
        self.refuse(USAGE, "expected DIR", "sign")
        self.refuse(USAGE, "unexpected argument `more`", "show", "dir", "more")
        self.refuse(USAGE, "unknown option `--frob`", "show", "dir", "--frob")
        self.refuse(USAGE, "--repository is missing", "init", "dir")
        self.refuse(USAGE, "--repository needs a value", "init", "dir", "--repository", "--keys", "1")
        self.refuse(USAGE, "`x` is none of: image, director", "init", "dir", "--repository", "x")
        self.refuse(USAGE, "is not a number from 1 to 2", "init", "dir", "--repository", "image", "--keys", "2",
                    "--threshold", "3")
        self.refuse(USAGE, "not a duration", "init", "dir", "--repository", "image", "--expires-in", "1y")
        self.refuse(USAGE, "no workspace", "show", "none")

    def test_second_workspace_in_one_folder_is_refused(self):
        self.repo("init", "img", "--repository", "image")
        self.refuse(USAGE, "already", "init", "img", "--repository", "director")

    def test_second_instance_is_refused(self):
        self.repo("init", "img", "--repository", "image")
        with open(self.folder / "img/lock", "r+", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refuse(STATE, "another process", "sign", "img")

    def test_damaged_workspace(self):
        self.make_images()
        self.repo("sign", "img")
        state = self.folder / "img/workspace.json"
        good = state.read_text()
        for damage in ("", "{", "[]", "{}", good[:-40], good.replace('"format": 1', '"format": 2'),
                       good.replace('"threshold": 1', '"threshold": 9'), good.replace('"root-1"\n', '"gone-1"\n'),
                       good.replace('"tuf"', '"xml"'), good.replace('"length"', '"lenght"')):
            self.assertNotEqual(damage, good)
            state.write_text(damage)
            self.refuse(STATE, "workspace.json", "sign", "img")
        state.write_text(good)
        (self.folder / "img/metadata/targets.json").write_text("{}")
        self.refuse(STATE, "targets.json: damaged", "sign", "img")
        (self.folder / "img/keys/root-1.pem").write_text("x")
        self.refuse(STATE, "root-1.pem: damaged", "sign", "img", "--role", "root")

    def test_full_disk_changes_nothing(self):
        self.make_images()
        before = (self.folder / "img/workspace.json").read_bytes()
        command = f"ulimit -f 0; trap '' XFSZ; exec {PROGRAM} create-key img --role root"
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, STATE, done.stderr)
        self.assertIn("File too large", done.stderr)
        self.assertEqual((self.folder / "img/workspace.json").read_bytes(), before)
        self.assertEqual([p for p in (self.folder / "img").rglob(".*.tmp")], [])

    def test_publishing_and_provisioning_need_signatures(self):
        self.make_images()
        self.make_director()
        self.refuse(USAGE, "not signed yet", "publish", "img", "out")
        self.refuse(USAGE, "not signed yet", "provision-secondary", "dir", "car-1", "brake", "s", "--key",
                    "brake.key", "--primary", "[::1]:5683")

    def test_show(self):
        self.make_images()
        self.make_director()
        self.repo("sign", "img")
        shown = json.loads(self.repo("show", "img", "--json"))
        self.assertEqual((shown["repository"], shown["dialect"]), ("image", "tuf"))
        self.assertEqual(shown["roles"]["targets"]["version"], 1)
        self.assertIn("brake/fw.bin", shown["images"]["targets"])
        self.assertIn("image brake/fw.bin", self.repo("show", "img"))
        shown = json.loads(self.repo("show", "dir", "--json"))
        self.assertEqual(shown["roles"]["root"]["version"], 0)
        self.assertEqual(shown["vehicles"]["car-1"]["primary"], "gate")
        self.assertIn("ECU brake: hardware brake-hw, no image assigned", self.repo("show", "dir"))


if __name__ == "__main__":
    unittest.main()
