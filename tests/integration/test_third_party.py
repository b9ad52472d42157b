#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""secondary/third-party/fetch where the network is of no help: what is there is used, what is wrong is refused."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["LAMPYR_SOURCE"]) / "secondary" / "third-party"


class Fetch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.script = self.folder / "fetch"
        shutil.copy(SOURCE / "fetch", self.script)
        self.kept = self.folder / "kept"
        self.kept.mkdir()
        with tarfile.open(self.kept / "thing_1.0+dfsg.orig.tar.xz", "w:xz") as tarball:
            (self.folder / "code.c").write_text("int thing;\n")
            tarball.add(self.folder / "code.c", "thing-1.0/src/code.c")
        self.tarball = self.kept / "thing_1.0+dfsg.orig.tar.xz"
        self.pin(hashlib.sha256(self.tarball.read_bytes()).hexdigest())

    def pin(self, digest):
        (self.folder / "sources.txt").write_text(f"# comment\nthing 1.0+dfsg {digest}\n")

    def fetch(self, *arguments):
        """Without a network: apt is told of a proxy where nobody listens."""
        environment = dict(os.environ, http_proxy="http://127.0.0.1:1", https_proxy="http://127.0.0.1:1")
        return subprocess.run([self.script, *arguments], env=environment, capture_output=True, text=True)

    def refused(self, done, status, *words):
        self.assertEqual(done.returncode, status)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_a_tarball_that_is_there_is_unpacked_and_kept(self):
        for _ in range(2):
            done = self.fetch("thing", self.kept)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stderr, "")
            unpacked = pathlib.Path(done.stdout.strip())
            self.assertEqual((unpacked / "src" / "code.c").read_text(), "int thing;\n")
            self.tarball.unlink(missing_ok=True)

    def test_a_changed_tarball_is_refused_and_deleted(self):
        self.tarball.write_bytes(self.tarball.read_bytes() + b"\0")
        self.refused(self.fetch("thing", self.kept), 1, self.tarball.name, "SHA-256")
        self.assertFalse(self.tarball.exists())
        self.assertFalse((self.kept / "thing-1.0+dfsg").exists())

    def test_a_tarball_that_is_none_is_refused(self):
        self.tarball.write_bytes(b"none")
        self.pin(hashlib.sha256(b"none").hexdigest())
        self.refused(self.fetch("thing", self.kept), 1, self.tarball.name, "unpacked")
        self.assertFalse((self.kept / "thing-1.0+dfsg").exists())

    def test_without_a_network_the_way_out_is_named(self):
        self.tarball.unlink()
        self.refused(self.fetch("thing", self.kept), 1, "thing", "-DLAMPYR_THING_SOURCE=")

    def test_wrong_usage(self):
        self.refused(self.fetch("other", self.kept), 2, "other")
        self.refused(self.fetch("thing"), 2, "usage")

    def test_the_real_list_is_well_formed(self):
        names = set()
        for line in (SOURCE / "sources.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                name, version, digest = line.split()
                self.assertRegex(name, "^[a-z0-9]+$")
                self.assertRegex(version, "^[0-9][0-9a-z.+]*$")
                self.assertRegex(digest, "^[0-9a-f]{64}$")
                names.add(name)
        self.assertEqual(names, {"lwip", "bearssl", "libsodium"})


if __name__ == "__main__":
    unittest.main()
