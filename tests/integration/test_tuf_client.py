#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lampyr-tuf: its command line, what it keeps, and the targets it downloads.

LAMPYR_BIN is the folder of the programs.
"""
import fcntl
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import unittest
import urllib.parse

import hostile_server
from tuf_lab import PROGRAM, ClientTest, digest

REPO = os.path.join(os.environ["LAMPYR_BIN"], "lampyr-repo")


class CommandLine(ClientTest):
    def test_help_and_version_go_to_standard_output(self):
        for option, text in ("--help", "Usage: lampyr-tuf"), ("--version", "lampyr-tuf "):
            with self.subTest(option):
                self.assertEqual((self.call(option), self.error), (0, ""))
                self.assertTrue(self.output.startswith(text), self.output)

    def test_wrong_usage_is_one_line_and_1(self):
        there = "--metadata-dir", self.metadata
        url = "--metadata-url", self.server.url
        cases = {
            "one of init, refresh": [there, url],
            "nothing may follow": [there, url, ["refresh", "--metadata-dir"]],
            "init takes one file": [there, ["init"]],
            "--metadata-dir is required": [url, ["refresh"]],
            "--metadata-url is required": [there, ["refresh"]],
            "--metadata-url: not": [there, ["--metadata-url", "ftp://127.0.0.1/", "refresh"]],
            "--target-name is required": [there, url, ["download"]],
            "--target-base-url is required": [there, url, ["--target-name", "a", "download"]],
            "--target-dir is required": [there, url, ["--target-name", "a", "--target-base-url", "b", "download"]],
            "was given twice": [there, there, url, ["refresh"]],
            "needs a value": [["--metadata-dir"]],
            "no such option": [["--state", "x", "refresh"]],
            "after the options": [there, url, ["update"]],
        }
        for text, arguments in cases.items():
            with self.subTest(text):
                self.assertEqual(self.call(*[word for part in arguments for word in part]), 1)
                self.assertIn(text, self.error)
                self.assertEqual(self.error.count("\n"), 1)
        self.assertEqual(self.requests(), [])

    def test_init_asks_for_nothing_and_makes_the_folder(self):
        self.assertEqual(self.requests(), [])
        self.assert_stored("root")

    def test_init_says_which_file_cannot_be_read(self):
        self.assertEqual(self.call("--metadata-dir", self.metadata, "init", self.folder / "none.json"), 1)
        self.assertIn("none.json: No such file", self.error)

    def test_a_second_process_is_refused(self):
        folder = os.open(self.metadata, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        fcntl.flock(folder, fcntl.LOCK_EX)
        self.assertEqual(self.refresh(), 1)
        self.assertIn("another process uses it", self.error)
        self.assertEqual(self.requests(), [])

    def test_without_a_root_nothing_is_asked_for(self):
        (self.metadata / "root.json").unlink()
        self.assert_refused("no_trusted_root")
        self.assertEqual(self.requests(), [])

    def test_what_cannot_be_stored_is_not_acted_on(self):
        (self.metadata / "timestamp.json" / "in-the-way").mkdir(parents=True)
        self.assertEqual(self.refresh(), 1)
        self.assertIn("timestamp.json: Is a directory", self.error)
        self.assertEqual(self.requests(), ["2.root.json", "timestamp.json"])

    def test_a_server_that_is_down(self):
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
            self.assertEqual(self.call("--metadata-dir", self.metadata, "--metadata-url", url, "refresh"), 1)
        self.assertIn(f"cannot fetch {url}2.root.json", self.error)

    def test_a_repository_in_a_folder(self):
        self.repo.add_target("targets", "a b", b"content")
        self.repo.publish("targets", "snapshot", "timestamp")
        folder = self.repo.folder
        self.assertEqual(self.call("--metadata-dir", self.metadata, "--metadata-url", folder / "metadata",
                                   "--target-name", "a b", "--target-base-url", folder / "targets",
                                   "--target-dir", self.artifacts, "download"), 0, self.error)
        self.assert_artifacts(b"content")


class Store(ClientTest):
    def test_a_refresh_asks_in_order_and_keeps_what_it_got(self):
        self.repo.serve("timestamp", self.repo.files["timestamp"] + b" \n")  # a serialisation of its own
        self.assert_refreshed()
        self.assertEqual(self.requests(), ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"])
        self.assert_trusted(root=1, timestamp=1, snapshot=1, targets=1)
        self.assert_stored("root", "timestamp", "snapshot", "targets")

    def test_without_news_only_root_and_timestamp_are_asked_for(self):
        self.assert_refreshed()
        self.requests()
        self.assert_refreshed()
        self.assertEqual(self.requests(), ["2.root.json", "timestamp.json"])

    def test_damaged_copies_are_fetched_again(self):
        self.assert_refreshed()
        for role in "timestamp", "snapshot", "targets":
            for damage in b"", b"{", self.repo.files[role].replace(b'"version": 1', b'"version": 9'):
                with self.subTest(role=role, damage=damage[:10]):
                    (self.metadata / f"{role}.json").write_bytes(damage)
                    self.assert_refreshed()
                    self.assert_stored("root", "timestamp", "snapshot", "targets")

    def test_role_names_stay_in_the_folder(self):
        for name in "?", "#", "/delegated", "../delegated", "a b%", "ünïcode", 'quo"te':
            with self.subTest(name):
                self.setUp()
                self.repo.delegate("targets", name)
                self.repo.publish(name, "targets", "snapshot", "timestamp")
                self.assertEqual(self.download("nothing"), 1)
                self.assertEqual(self.requests()[4:], [f"1.{urllib.parse.quote(name, safe='')}.json"])
                self.assertEqual(len(self.trusted()), 5)
                self.assert_stored(name)

    def test_a_delegated_role_cannot_replace_a_top_level_one(self):
        self.repo.delegate("targets", "root")
        self.repo.roles["snapshot"]["meta"]["root.json"] = {"version": 1}
        self.repo.publish("targets", "snapshot", "timestamp")
        self.assertEqual(self.download("nothing"), 1)
        self.assertEqual(len(self.requests()), 4)
        self.assert_stored("root")


class Downloads(ClientTest):
    def publish(self, **contents):
        for name, content in contents.items():
            self.repo.add_target("targets", name, content)
        self.repo.publish("targets", "snapshot", "timestamp")

    def test_a_download_refreshes_first(self):
        self.assertEqual(self.download("nothing"), 1)
        self.assertIn("no trusted role signs", self.error)
        self.assertEqual(self.requests(), ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"])
        self.assert_stored("root", "timestamp", "snapshot", "targets")
        self.assert_artifacts()

    def test_a_refresh_downloads_no_target(self):
        self.publish(one=b"1")
        self.assert_refreshed()
        self.assert_artifacts()

    def test_targets_are_found_under_their_digest(self):
        names = "file.txt", "path/to/a/file.txt", "a b?#%.txt", "ünï/code", 'quo"te'
        for number, name in enumerate(names):
            self.publish(**{name: f"content {number}".encode()})
        self.assert_downloaded(*names)
        self.assert_artifacts(*[f"content {number}".encode() for number in range(len(names))])
        self.assertIn(f"targets/path/to/a/{digest(b'content 1')}.file.txt", self.requests())
        self.assertEqual([os.path.dirname(line) for line in self.output.splitlines()],
                         [str(self.artifacts)] * len(names))

    def test_a_cached_target_is_not_fetched_again(self):
        self.publish(one=b"first")
        self.assert_downloaded("one")
        self.requests()
        self.assert_downloaded("one")
        self.assertEqual(self.requests(), ["2.root.json", "timestamp.json"])

    def test_a_changed_target_replaces_the_old_one(self):
        self.publish(one=b"first")
        self.assert_downloaded("one")
        self.publish(one=b"second")
        self.assert_downloaded("one")
        self.assert_artifacts(b"second")

    def test_a_cached_target_that_was_damaged_is_fetched_again(self):
        self.publish(one=b"first")
        self.assert_downloaded("one")
        (self.artifacts / "one").write_bytes(b"tsrif")
        self.assert_downloaded("one")
        self.assert_artifacts(b"first")

    def test_content_that_nobody_signed_is_refused_and_leaves_nothing(self):
        self.publish(one=b"genuine", two=b"genuine as well")
        self.assert_downloaded("one")
        for lie in b"GENUINE AS WELL", b"short", b"genuine as well, and longer":
            with self.subTest(lie):
                self.repo.target_files("targets", "two")[0].write_bytes(lie)
                self.assertEqual(self.download("two"), 1)
                self.assert_artifacts(b"genuine")

    def test_a_download_that_breaks_off_leaves_nothing(self):
        self.publish(one=b"x" * 4096)
        path = f"/targets/{digest(b'x' * 4096)}.one"
        self.server.tricks[path] = hostile_server.cut_after(1000)
        self.assertEqual(self.download("one"), 1)
        self.assert_artifacts()
        del self.server.tricks[path]
        self.assert_downloaded("one")

    def test_a_target_may_be_called_like_the_beginning_of_another(self):
        self.publish(**{"one": b"1" * 100, "one.part": b"2" * 200})
        self.assert_downloaded("one.part", "one")
        self.assert_artifacts(b"1" * 100, b"2" * 200)

    def test_the_first_failure_ends_the_run(self):
        self.publish(one=b"1", three=b"3")
        self.assertEqual(self.download("one", "two", "three"), 1)
        self.assert_artifacts(b"1")
        self.assertIn("two: ", self.error)

    def test_a_missing_target_file(self):
        self.publish(one=b"1")
        self.repo.target_files("targets", "one")[0].unlink()
        self.assertEqual(self.download("one"), 1)
        self.assertIn("404", self.error)

    def test_names_that_would_leave_the_folder_are_refused(self):
        for name in "/etc/passwd", "../up", "a//b", "a/./b", "", "a\nb":
            with self.subTest(name):
                self.assertEqual(self.download(name), 1)
                self.assert_artifacts()

    def test_hash_algorithms(self):
        for algorithms in ["sha256"], ["sha512"], ["sha256", "sha512"]:
            with self.subTest(algorithms):
                self.setUp()
                self.repo.add_target("targets", "one", b"content", algorithms)
                self.repo.publish("targets", "snapshot", "timestamp")
                self.assert_downloaded("one")
                self.assert_artifacts(b"content")

    def test_every_listed_hash_must_match(self):
        self.repo.add_target("targets", "one", b"content", ["sha256", "sha512"])
        self.repo.roles["targets"]["targets"]["one"]["hashes"]["sha512"] = "0" * 128
        self.repo.publish("targets", "snapshot", "timestamp")
        self.assertEqual(self.download("one"), 1)
        self.assert_artifacts()

    def test_a_hash_that_cannot_be_computed_verifies_nothing(self):
        self.repo.add_target("targets", "one", b"content", ["sha512"])
        sums = self.repo.roles["targets"]["targets"]["one"]["hashes"]
        sums["sha3-512"] = sums.pop("sha512")
        self.repo.publish("targets", "snapshot", "timestamp")
        self.assertEqual(self.download("one"), 1)
        self.assert_artifacts()


class NonConsistentSnapshots(ClientTest):
    consistent = False

    def test_names_carry_no_versions_and_no_digests(self):
        self.repo.delegate("targets", "more", ["more/*"])
        self.repo.add_target("more", "more/one", b"content")
        self.repo.publish("more", "targets", "snapshot", "timestamp")
        self.assert_downloaded("more/one")
        self.assertEqual(self.requests(), ["2.root.json", "timestamp.json", "snapshot.json", "targets.json",
                                           "more.json", "targets/more/one"])
        self.assert_stored("timestamp", "snapshot", "targets", "more")

    def test_a_missing_targets_file_is_looked_for_nowhere_else(self):
        (self.repo.folder / "metadata" / "targets.json").unlink()
        self.assert_refused("missing_file")
        self.assertEqual(self.requests(), ["2.root.json", "timestamp.json", "snapshot.json", "targets.json"])


class OwnRepository(unittest.TestCase):
    """What lampyr-repo publishes, lampyr-tuf downloads."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.work, self.web, self.client = (self.folder / name for name in ("work", "web", "client"))

    def repo(self, command, *arguments):
        subprocess.run([REPO, command, self.work, *arguments], check=True, timeout=60, stdout=subprocess.DEVNULL)

    def publish(self):
        self.repo("sign")
        self.repo("publish", str(self.web))

    def tuf(self, *arguments):
        done = subprocess.run([PROGRAM, "--metadata-dir", self.client, *arguments], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def fetch(self, *names):
        chosen = [argument for name in names for argument in ("--target-name", name)]
        paths = self.tuf("--metadata-url", self.web, *chosen, "--target-base-url", self.web / "targets",
                         "--target-dir", self.folder / "artifacts", "download").splitlines()
        return [pathlib.Path(path).read_bytes() for path in paths]

    def add(self, name, content, *arguments):
        file = self.folder / "image"
        file.write_bytes(content)
        self.repo("add-image", str(file), "--name", name, "--hardware", "hw", "--counter", "1", *arguments)

    def test_images_delegations_and_new_keys(self):
        for key_type in "ed25519", "ecdsa", "rsa":
            with self.subTest(key_type):
                self.setUp()
                self.repo("init", "--repository", "image", "--key-type", key_type)
                self.add("top.bin", b"top")
                self.publish()
                self.tuf("init", self.web / "1.root.json")
                self.assertEqual(self.fetch("top.bin"), [b"top"])
                self.repo("add-delegation", "supplier", "--paths", "supplier/*")
                self.add("supplier/radar.bin", b"radar", "--role", "supplier")
                for role in "root", "timestamp", "snapshot", "targets":
                    self.repo("rotate-key", "--role", role)
                self.publish()
                self.assertEqual(self.fetch("supplier/radar.bin", "top.bin"), [b"radar", b"top"])
                self.assertEqual(json.loads((self.client / "root.json").read_bytes())["signed"]["version"], 2)


if __name__ == "__main__":
    unittest.main()
