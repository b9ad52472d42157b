#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lampyr-tuf against honest and lying repositories: the client workflow of TUF 1.0.34, section 5, step by step.

LAMPYR_BIN is the folder of the programs. Tests that need another time are skipped where faketime is not installed.
"""
import json
import shutil
import unittest

from tuf_lab import FAR, PAST, TOP_LEVEL, ClientTest, Key

IN_A_WEEK, IN_THREE_WEEKS = "2031-01-08T00:00:00Z", "2031-01-22T00:00:00Z"
TODAY, LATER = "2031-01-01 00:00:00", "2031-01-19 00:00:00"


class InitialRoot(ClientTest):
    def test_one_that_is_no_signed_root_fails_before_any_request(self):
        envelope = json.loads(self.repo.files["root"])
        no_version = {**envelope, "signed": {k: v for k, v in envelope["signed"].items() if k != "version"}}
        forged = {**envelope, "signatures": [{**envelope["signatures"][0], "sig": "00" * 64}]}
        unsigned = {**envelope, "signatures": []}
        roots = {"no version": no_version, "forged": forged, "unsigned": unsigned, "no root": {}}
        contents = {name: json.dumps(root).encode() for name, root in roots.items()}
        contents.update({"empty": b"", "a targets file": self.repo.files["targets"]})
        for name, content in contents.items():
            with self.subTest(name):
                self.init(content)
                self.assert_refused("no_trusted_root")
                self.assertEqual(self.requests(), [])


class Signatures(ClientTest):
    def test_a_role_that_is_not_signed_ends_the_run_there(self):
        kept = {"root": {"root": 1}, "timestamp": {"root": 2}, "snapshot": {"root": 2, "timestamp": 2},
                "targets": {"root": 2, "timestamp": 2, "snapshot": 2}}
        for role, versions in kept.items():
            with self.subTest(role):
                self.setUp()
                self.repo.signers[role] = [Key()]
                self.repo.publish(*TOP_LEVEL)
                self.assert_refused("signature_threshold")
                self.assert_trusted(**versions)

    def test_too_few_signatures(self):
        keys = [Key() for _ in range(3)]
        self.repo.set_keys("snapshot", keys, threshold=3)
        self.repo.publish(*TOP_LEVEL)
        self.assert_refreshed()
        self.repo.signers["snapshot"] = keys[:2]
        self.repo.publish("targets", "snapshot", "timestamp")
        self.assert_refused("signature_threshold")
        self.assert_trusted(root=2, timestamp=3, snapshot=2, targets=2)

    def test_a_threshold_beyond_the_keys_stops_that_role_only(self):
        self.repo.set_keys("snapshot", [Key() for _ in range(5)], threshold=6)
        self.repo.publish("root", "snapshot", "timestamp")
        self.assertEqual(self.refresh(), 1)
        self.assert_trusted(root=2, timestamp=2)

    def test_one_key_counts_once(self):
        key = Key()
        self.repo.set_keys("snapshot", [key], threshold=1)
        self.repo.root["roles"]["snapshot"] = {"keyids": [key.keyid] * 9, "threshold": 6}
        self.repo.publish("root", "snapshot")
        envelope = json.loads(self.repo.files["snapshot"])
        envelope["signatures"] *= 9
        self.repo.serve("snapshot", json.dumps(envelope).encode())
        self.repo.publish("timestamp")
        self.assertEqual(self.refresh(), 1)
        self.assertNotIn("snapshot", self.trusted())

    def test_one_key_under_two_keyids_counts_once(self):
        key = Key()
        alias = Key(note="the same key under another keyid")
        alias.public["keyval"] = key.public["keyval"]
        alias.sign = key.sign
        self.repo.set_keys("snapshot", [key, alias], threshold=2)
        self.repo.publish("root", "snapshot", "timestamp")
        self.assert_refused("signature_threshold")

    def test_two_signatures_of_one_keyid_are_refused(self):
        envelope = json.loads(self.repo.files["snapshot"])
        envelope["signatures"] *= 2
        self.repo.serve("snapshot", json.dumps(envelope).encode())
        self.assertEqual(self.refresh(), 1)
        self.assertNotIn("snapshot", self.trusted())

    def test_a_signature_that_does_not_count_does_no_harm(self):
        good, other = Key(), Key()
        self.repo.set_keys("timestamp", [good, other])
        self.repo.publish("root")
        for signature in "00" * 64, "":
            with self.subTest(signature):
                self.repo.publish("timestamp")
                envelope = json.loads(self.repo.files["timestamp"])
                envelope["signatures"][0]["sig"] = signature
                self.repo.serve("timestamp", json.dumps(envelope).encode())
                self.assert_refreshed()

    def test_key_types(self):
        for keytype in "ed25519", "ecdsa", "rsa":
            with self.subTest(keytype):
                self.setUp()
                keys = [*self.repo.signers["root"], Key(keytype)]
                self.repo.set_keys("root", keys, threshold=2)
                self.repo.publish("root")
                self.assert_refreshed()
                self.repo.publish("root")
                envelope = json.loads(self.repo.files["root"])
                envelope["signatures"][1]["sig"] = json.loads(self.repo.sign("timestamp"))["signatures"][0]["sig"]
                self.repo.serve("root", json.dumps(envelope).encode())
                self.assert_refused("signature_threshold")
                self.assertEqual(self.trusted()["root"], 2)

    def test_unknown_fields_are_part_of_what_is_signed(self):
        key = Key(**{"extra-field": {"b": 2, "a": 1}, "keyid_hash_algorithms": "md5"})
        self.repo.root["custom-field"] = "value"
        self.repo.set_keys("snapshot", [key])
        self.repo.root["roles"]["snapshot"]["another-field"] = "value"
        self.repo.publish("root", "snapshot", "timestamp")
        self.assert_refreshed()
        self.assert_trusted(root=2, timestamp=2, snapshot=2, targets=1)


class RootRotation(ClientTest):
    """Each case is a chain of roots: indices of the keys, threshold, indices of those that sign."""
    ACCEPTED = {
        "a new key": [([1], 1, [1]), ([2], 1, [2, 1]), ([2], 1, [2])],
        "signatures of strangers": [([1], 1, [3, 1, 4]), ([2], 1, [3, 2, 1, 4]), ([2], 1, [3, 2, 4])],
        "any three of five": [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 2, 3, 4], 3, [0, 4, 1]),
                              ([0, 1, 2, 3, 4], 3, [0, 1, 3])],
        "one of five replaced": [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 1])],
        "old and new three of five": [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 2, 4, 5]),
                                      ([0, 1, 3, 4, 5], 3, [0, 4, 5])],
        "all five replaced": [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]),
                              ([5, 6, 7, 8, 9], 3, [5, 6, 7])],
        "a higher threshold": [([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [1, 2])],
        "a lower threshold": [([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1, 2]), ([1, 2, 3], 1, [1])],
        "one more key and a higher threshold": [([1], 1, [1]), ([1, 2], 2, [1, 2])],
    }
    REFUSED = {
        "not signed by the old key": [([1], 1, [1]), ([2], 1, [2, 3, 4])],
        "not signed by the new key": [([1], 1, [1]), ([2], 1, [1, 3, 4])],
        "too few new signatures": [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 2, 4])],
        "too few old signatures": [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 5])],
        "the new threshold is not reached": [([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [2])],
        "the old threshold is not reached": [([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1])],
    }

    def publish_chain(self, chain):
        """Replaces the roots by those of the chain; returns them."""
        keys = [Key() for _ in range(10)]
        self.repo.root["version"] = 0
        roots = []
        for names, threshold, signers in chain:
            self.repo.set_keys("root", [keys[i] for i in names], threshold, [keys[i] for i in signers])
            self.repo.publish("root")
            roots.append(self.repo.files["root"])
        self.init(roots[0])
        return roots

    def stored_root(self):
        return (self.metadata / "root.json").read_bytes()

    def test_chains_that_hold(self):
        for name, chain in self.ACCEPTED.items():
            with self.subTest(name):
                self.setUp()
                roots = self.publish_chain(chain)
                self.assert_refreshed()
                self.assertEqual(self.stored_root(), roots[-1])

    def test_chains_that_break(self):
        for name, chain in self.REFUSED.items():
            with self.subTest(name):
                self.setUp()
                roots = self.publish_chain(chain)
                self.assert_refused("signature_threshold")
                self.assertEqual(self.stored_root(), roots[-2])

    def test_the_other_roles_follow_their_keys(self):
        keys = [Key() for _ in range(6)]
        cases = {"new key": ([2], 1, [2], True), "strangers sign too": ([1], 1, [3, 1, 4], True),
                 "three of five": ([0, 1, 2, 3, 4], 3, [1, 2, 3], True), "old key": ([2], 1, [1, 3, 4], False),
                 "one is a stranger": ([0, 1, 3, 4, 5], 3, [0, 2, 4], False),
                 "two of three": ([0, 1, 3, 4, 5], 3, [0, 4], False)}
        for role in "timestamp", "snapshot", "targets":
            for name, (named, threshold, signers, good) in cases.items():
                with self.subTest(role=role, case=name):
                    self.setUp()
                    self.repo.set_keys(role, [keys[i] for i in named], threshold, [keys[i] for i in signers])
                    self.repo.publish(*TOP_LEVEL)
                    if good:
                        self.assert_refreshed()
                        self.assert_stored(role)
                    else:
                        self.assert_refused("signature_threshold")
                        self.assertNotIn(role, self.trusted())


class References(ClientTest):
    """What one role says of another has to be true."""

    def test_the_version_in_the_name(self):
        cases = {"root": ("root_version", {"root": 1}),
                 "snapshot": ("version_mismatch", {"root": 2, "timestamp": 2}),
                 "targets": ("version_mismatch", {"root": 2, "timestamp": 2, "snapshot": 2})}
        for role, (code, versions) in cases.items():
            with self.subTest(role):
                self.setUp()
                self.repo.roles[role]["version"] = 2
                for name in TOP_LEVEL:
                    self.repo.publish(name)
                    if name == role:  # is version 3, and is said to be 2
                        self.repo.serve(role, self.repo.files[role], version=2)
                        if role != "root":
                            self.repo.expect(role, version=2)
                self.assert_refused(code)
                self.assert_trusted(**versions)

    def test_lengths_and_hashes(self):
        self.repo.lists_hashes = True
        self.repo.publish("targets", "snapshot", "timestamp")
        self.assert_refreshed()
        self.assert_trusted(root=1, timestamp=2, snapshot=2, targets=2)
        lies = {"hash_mismatch": {"hashes": {"sha256": "0" * 64}}, "length_mismatch": {"length": 100000},
                "limit_file": {"length": 10}}
        for code, lie in lies.items():
            with self.subTest(code):
                self.setUp()
                self.repo.lists_hashes = True
                self.repo.publish("targets")
                self.repo.expect("targets", **lie)
                self.repo.publish("snapshot", "timestamp")
                self.assert_refused(code)
                self.assert_trusted(root=1, timestamp=2, snapshot=2)
                self.repo.publish("targets", "snapshot")
                self.repo.expect("snapshot", **lie)
                self.repo.publish("timestamp")
                self.assert_refused(code)
                self.assert_trusted(root=1, timestamp=3, snapshot=2)

    def test_a_timestamp_of_the_same_version_changes_nothing(self):
        self.assert_refreshed()
        self.repo.expect("snapshot", version=100)
        self.repo.roles["timestamp"]["version"] = 0
        before = self.repo.files["timestamp"]
        self.repo.publish("timestamp")
        self.requests()
        self.assert_refreshed()
        self.assertEqual(self.requests(), ["2.root.json", "timestamp.json"])
        self.assertEqual((self.metadata / "timestamp.json").read_bytes(), before)

    def test_files_that_are_missing(self):
        self.assert_refreshed()
        self.requests()
        self.repo.expect("targets", version=2)
        self.repo.publish("snapshot", "timestamp")
        self.assert_refused("missing_file")
        self.assertEqual(self.requests()[-1], "2.targets.json")
        self.assert_trusted(root=1, timestamp=2, snapshot=2, targets=1)
        self.repo.expect("snapshot", version=3)
        self.repo.publish("timestamp")
        self.assert_refused("missing_file")
        self.assertEqual(self.requests()[-1], "3.snapshot.json")
        self.assert_trusted(root=1, timestamp=3, snapshot=2, targets=1)
        (self.repo.folder / "metadata" / "timestamp.json").unlink()
        self.assert_refused("unreachable")
        self.assertEqual(self.requests()[-1], "timestamp.json")

    def test_a_role_cannot_pass_for_another(self):
        both = self.repo.signers["snapshot"] + self.repo.signers["timestamp"]
        self.repo.set_keys("snapshot", both)
        self.repo.roles["snapshot"]["meta"] = {"snapshot.json": {"version": 1}}
        self.repo.publish("root", "snapshot")
        self.repo.serve("timestamp", self.repo.files["snapshot"])
        self.assert_refused("wrong_role")
        self.assert_trusted(root=2)


class Rollback(ClientTest):
    def again_from_one(self, role):
        """The role starts again at version 1."""
        self.repo.roles[role]["version"] = 0

    def assert_rolled_back(self, code, **versions):
        self.assert_refused(code)
        self.assert_trusted(**versions)

    def test_of_the_timestamp(self):
        self.repo.publish("timestamp")
        self.assert_refreshed()
        self.again_from_one("timestamp")
        self.repo.publish("timestamp")
        self.assert_rolled_back("rollback_version", root=1, timestamp=2, snapshot=1, targets=1)

    def test_of_the_snapshot(self):
        for hashes in False, True:
            with self.subTest(hashes=hashes):
                self.setUp()
                self.repo.lists_hashes = hashes
                self.repo.publish("snapshot", "timestamp")
                self.assert_refreshed()
                self.requests()
                self.again_from_one("snapshot")
                self.repo.publish("snapshot", "timestamp")
                self.assert_rolled_back("rollback_snapshot_entry", root=1, timestamp=2, snapshot=2, targets=1)
                self.assertEqual(self.requests()[-1], "timestamp.json")

    def test_of_targets(self):
        for hashes in False, True:
            with self.subTest(hashes=hashes):
                self.setUp()
                self.repo.lists_hashes = hashes
                self.repo.publish("targets", "snapshot", "timestamp")
                self.assert_refreshed()
                self.again_from_one("targets")
                self.repo.publish("targets", "snapshot", "timestamp")
                self.assertEqual(self.refresh(), 1)
                self.assert_trusted(root=1, timestamp=3, snapshot=2, targets=2)

    def test_a_role_cannot_vanish_from_the_snapshot(self):
        self.repo.delegate("targets", "delegated")
        self.repo.publish("delegated", "targets", "snapshot", "timestamp")
        self.assert_refreshed()
        del self.repo.roles["snapshot"]["meta"]["delegated.json"]
        self.repo.publish("snapshot", "timestamp")
        self.assert_rolled_back("snapshot_entry_missing", root=1, timestamp=3, snapshot=2, targets=2)

    def fast_forward(self, *roles):
        for role in roles:
            self.repo.roles[role]["version"] = 99
        self.repo.publish(*[role for role in TOP_LEVEL if role in roles or role in ("snapshot", "timestamp")])
        self.assert_refreshed()

    def test_new_timestamp_keys_forget_its_version(self):
        self.fast_forward("timestamp")
        self.assertEqual(self.trusted()["timestamp"], 100)
        self.repo.set_keys("timestamp", [Key()])
        self.again_from_one("timestamp")
        self.repo.publish("root", "timestamp")
        self.assert_refreshed()
        self.assertEqual(self.trusted()["timestamp"], 1)

    def test_new_snapshot_keys_forget_its_version(self):
        self.fast_forward("snapshot")
        self.assertEqual(self.trusted()["snapshot"], 100)
        self.repo.set_keys("snapshot", [Key()])
        self.repo.set_keys("timestamp", [Key()])
        self.again_from_one("snapshot")
        self.repo.publish(*TOP_LEVEL)
        self.assert_refreshed()
        self.assertEqual(self.trusted()["snapshot"], 1)

    def test_new_snapshot_keys_forget_all_that_it_listed(self):
        self.repo.delegate("targets", "delegated")
        self.repo.publish("delegated")
        self.fast_forward("targets")
        self.assertEqual(self.trusted()["targets"], 100)
        self.repo.set_keys("snapshot", [Key()])
        self.again_from_one("targets")
        del self.repo.roles["snapshot"]["meta"]["delegated.json"]
        self.repo.publish(*TOP_LEVEL)
        self.assert_refreshed()
        self.assertEqual(self.trusted()["targets"], 1)


class Expiry(ClientTest):
    def test_an_expired_role_ends_the_run_there(self):
        kept = {"root": (2, 1, 1, 1), "timestamp": (2, 1, 1, 1), "snapshot": (2, 2, 1, 1), "targets": (2, 2, 2, 1)}
        for role, versions in kept.items():
            with self.subTest(role):
                self.setUp()
                self.assert_refreshed()
                self.repo.roles[role]["expires"] = PAST
                self.repo.publish(*TOP_LEVEL)
                self.assert_refused("expired")
                self.assert_trusted(**dict(zip(("root", "timestamp", "snapshot", "targets"), versions)))

    def test_only_the_last_root_must_not_be_expired(self):
        self.repo.root["expires"] = PAST
        self.repo.publish("root", "root")
        self.assert_refused("expired")
        self.repo.root["expires"] = FAR
        self.repo.publish("root")
        self.assert_refreshed()
        self.assertEqual(self.trusted()["root"], 4)

    @unittest.skipUnless(shutil.which("faketime"), "faketime is not installed")
    def test_what_expired_here_is_replaced(self):
        for role in "root", "timestamp", "snapshot", "targets":
            with self.subTest(role):
                self.setUp()
                self.repo.roles[role]["expires"] = IN_A_WEEK
                self.repo.publish(*TOP_LEVEL)
                self.assert_refreshed(at=TODAY)
                self.assert_refused("expired", lambda: self.refresh(at=LATER))
                self.repo.roles[role]["expires"] = IN_THREE_WEEKS
                self.repo.publish(*TOP_LEVEL)
                self.assert_refreshed(at=LATER)
                self.assert_trusted(root=3, timestamp=3, snapshot=3, targets=3)


class Delegations(ClientTest):
    def visit(self, target, *delegations):
        """Publishes (delegator, name, more) and looks for the target; returns the roles in the order of requests."""
        keys = {name: [Key()] for _, name, *_ in delegations}
        for delegator, name, *more in delegations:
            self.repo.delegate(delegator, name, keys=keys[name], **(more[0] if more else {}))
        self.repo.publish(*keys, "targets", "snapshot", "timestamp")
        self.assertEqual(self.download(target), 1)
        return [name.split(".")[1] for name in self.requests()[4:]]

    def test_order_of_the_search(self):
        last, python = {"terminating": True}, {"paths": ["*.py"]}
        top = ("targets", "A"), ("targets", "B")
        cases = {
            "one": ([top[0]], "A"),
            "two": ([*top], "AB"),
            "second level": ([*top, ("B", "C")], "ABC"),
            "depth first": ([*top, ("A", "C"), ("A", "D")], "ACDB"),
            "third level": ([*top, ("A", "C"), ("C", "D")], "ACDB"),
            "terminating": ([*top, ("A", "C", last), ("A", "D")], "AC"),
            "terminating, with descendants": ([*top, ("A", "C", last), ("C", "D")], "ACD"),
            "other paths": ([("targets", "A", python), top[1], ("A", "C")], "B"),
            "other paths below": ([*top, ("A", "C", python), ("C", "D")], "AB"),
            "cycle": ([*top, ("B", "C"), ("C", "D"), ("D", "B")], "ABCD"),
            "shared": ([*top, ("B", "C"), ("A", "C")], "ACB"),
            "shared by one for other paths": ([*top, ("B", "C"), ("A", "C", python)], "ABC"),
        }
        for name, (delegations, order) in cases.items():
            with self.subTest(name):
                self.setUp()
                self.assertEqual("".join(self.visit("missing", *delegations)), order)

    def test_paths(self):
        self.repo.delegate("targets", "A", ["*.doc", "*.md", "foo-?.tgz"])
        self.repo.delegate("targets", "B", ["releases/*/*"])
        self.repo.delegate("B", "C", ["releases/x/*"])
        self.repo.delegate("B", "D", ["releases/y/*.zip"])
        signed = {"top": "targets", "README.md": "A", "releases/README.md": "A", "foo-1.tgz": "A",
                  "foo-alpha.tgz": "A", "releases/x/x_v1": "C", "releases/y/y_v1.zip": "D",
                  "releases/z/z_v1.zip": "D"}
        for name, role in signed.items():
            self.repo.add_target(role, name, name.encode())
        self.repo.publish(*"ABCD", "targets", "snapshot", "timestamp")
        asked = {"top": "", "README.md": "A", "releases/x/x_v1": "BC", "releases/y/y_v1.zip": "BD",
                 "foo-1.tgz": "A"}
        refused = {"releases/z/z_v1.zip": "B", "releases/README.md": "", "foo-alpha.tgz": "", "README.MD": ""}
        for name, roles in {**asked, **refused}.items():
            with self.subTest(name):
                shutil.rmtree(self.metadata)
                shutil.rmtree(self.artifacts, ignore_errors=True)
                self.init((self.repo.folder / "metadata" / "1.root.json").read_bytes())
                self.assertEqual(self.download(name), int(name in refused), self.error)
                files = [file for file in self.requests()[4:] if not file.startswith("targets/")]
                self.assertEqual(files, [f"1.{role}.json" for role in roles])
                self.assert_artifacts(*[name.encode()] * (name in asked))

    def test_a_role_that_the_snapshot_does_not_list_is_not_asked_for(self):
        self.repo.delegate("targets", "delegated", ["delegated/*"])
        self.repo.publish("delegated", "targets")
        del self.repo.roles["snapshot"]["meta"]["delegated.json"]
        self.repo.publish("snapshot", "timestamp")
        self.assert_refreshed()
        self.requests()
        self.assertEqual(self.download("delegated/one"), 1)
        self.assertEqual(self.requests(), ["2.root.json", "timestamp.json"])
        self.assertNotIn("delegated", self.trusted())

    def share(self, signers):
        """`release` is delegated by A and by B, each with a key of its own; it is signed by the keys of `signers`."""
        keys = {"A": Key(), "B": Key()}
        for parent in "AB":
            self.repo.delegate("targets", parent, [f"{parent}/*"])
            self.repo.delegate(parent, "release", [f"{parent}/*"], keys=[keys[parent]])
            self.repo.add_target("release", f"{parent}/one", parent.encode())
        self.repo.signers["release"] = [keys[parent] for parent in signers]
        self.repo.publish("release", "A", "B", "targets", "snapshot", "timestamp")

    def test_a_cached_role_is_verified_under_each_delegator(self):
        self.share("A")
        self.assertEqual(self.download("A/one", "B/one"), 1)
        self.assertIn("refused: signature_threshold", self.error)
        self.assert_artifacts(b"A")

    def test_a_role_that_both_delegators_vouch_for_is_fetched_once(self):
        self.share("AB")
        self.assert_downloaded("A/one", "B/one")
        self.assertEqual(self.requests().count("1.release.json"), 1)
        self.assert_artifacts(b"A", b"B")

    def test_an_expired_delegated_role(self):
        self.repo.delegate("targets", "delegated")
        self.repo.add_target("delegated", "one", b"1")
        self.repo.roles["delegated"]["expires"] = PAST
        self.repo.publish("delegated", "targets", "snapshot", "timestamp")
        self.assert_refused("expired", lambda: self.download("one"))
        self.assertNotIn("delegated", self.trusted())


if __name__ == "__main__":
    unittest.main()
