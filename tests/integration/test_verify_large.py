#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lampyr-verify and an image repository whose targets are megabytes: how they are stored.

LAMPYR_BIN is the folder of the programs, LAMPYR_SOURCE that of the source.
"""
import contextlib
import os
import pathlib
import resource
import sqlite3
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.environ["LAMPYR_SOURCE"], "tests", "bench"))

import big_repository as big  # pylint: disable=wrong-import-position

PROGRAM = os.path.join(os.environ["LAMPYR_BIN"], "lampyr-verify")
ACCEPTED, STATE = 0, 4
IMAGES = 16_000
LARGE_BYTES = 2 * 1024 * 1024  # as in primary/store.c


class LargeTargets(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        big.make_flat(self.folder / "image", IMAGES)
        big.make_director(self.folder / "director", big.image_name(7))
        self.targets = self.folder / "image" / "1.targets.json"
        self.assertGreater(self.targets.stat().st_size, LARGE_BYTES)

    def verify(self, **how):
        roots = [word for repository in ("director", "image")
                 for word in (f"--{repository}-root", f"{repository}/1.root.json", f"--{repository}", repository)]
        return subprocess.run([PROGRAM, "--state", "state", *roots, "--primary", f"{big.SERIAL}={big.HARDWARE}",
                               "--vehicle", big.VEHICLE], cwd=self.folder, capture_output=True, text=True, check=False,
                              timeout=120, **how)

    def test_they_are_kept_as_they_came_and_not_fetched_again(self):
        self.assertEqual(self.verify().returncode, ACCEPTED)
        content = self.targets.read_bytes()
        with contextlib.closing(sqlite3.connect(self.folder / "state" / "state.db")) as database:
            stored = database.execute("SELECT bytes FROM metadata WHERE length(bytes) > 1000000").fetchall()
            self.assertEqual(stored, [(content,)])
            self.assertEqual(database.execute("PRAGMA journal_mode").fetchone(), ("wal",))
        self.targets.unlink()
        self.assertEqual(self.verify().returncode, ACCEPTED)

    def test_a_disk_that_gets_full_while_they_are_stored(self):
        def full():
            resource.setrlimit(resource.RLIMIT_FSIZE, (LARGE_BYTES, LARGE_BYTES))
        failed = self.verify(preexec_fn=full, restore_signals=False)
        self.assertEqual(failed.returncode, STATE, failed.stdout)
        self.assertIn("state.db", failed.stdout + failed.stderr)
        again = self.verify()
        self.assertEqual(again.returncode, ACCEPTED, again.stdout)


if __name__ == "__main__":
    unittest.main()
