#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lampyr-verify against repositories of another implementation, over HTTP and from folders, honest and hostile.

LAMPYR_BIN is the folder of the programs, LAMPYR_SHARED that of the shared test data.
"""
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import hostile_server
from hostile_server import Server

PROGRAM = os.path.join(os.environ["LAMPYR_BIN"], "lampyr-verify")
REPOSITORIES = pathlib.Path(os.environ.get("LAMPYR_SHARED", "../shared")) / "data" / "uptane-repos"

ACCEPTED, REFUSED, USAGE, NOT_FETCHED, STATE = range(5)

ECUS = ["--primary", "primary-0001=gateway-hw", "--ecu", "sec-brake-0001=brake-hw",
        "--ecu", "sec-radar-0001=radar-hw", "--ecu", "sec-ivi-0001=ivi-hw"]
IMAGES = {"brake-64k-v1.bin": "sec-brake-0001", "radar-256k-v1.bin": "sec-radar-0001",
          "ivi-1m-v1.bin": "sec-ivi-0001"}


class Result:
    def __init__(self, done):
        self.exit = done.returncode
        self.out = done.stdout
        self.err = done.stderr
        self.lines = done.stdout.splitlines()


def run(*arguments, **how):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120, **how)
    return Result(done)


class VerifyTest(unittest.TestCase):
    """A scratch folder with both repositories in `web`, and a state folder."""
    stage = "stage1_update3"

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.web = self.folder / "web"
        self.state = self.folder / "state"
        self.images = self.folder / "images"
        self.publish(self.stage)

    def publish(self, stage):
        shutil.rmtree(self.web, ignore_errors=True)
        shutil.copytree(REPOSITORIES / stage, self.web, copy_function=shutil.copyfile)
        for path in [self.web, *self.web.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)

    def serve(self):
        server = Server(self.web)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def verify(self, *arguments, base=None, **how):
        base = base or self.web
        return run("--state", self.state, "--director", f"{base}/director", "--image", f"{base}/repo",
                   "--dialect", "legacy", "--trust-first-root", *ECUS, *arguments, **how)

    def verdict(self, *arguments, **how):
        """Runs with --json; the object has to be all that is printed."""
        result = self.verify("--json", *arguments, **how)
        self.assertNotIn("Sanitizer", result.err)
        answer = json.loads(result.out)
        answer["exit"] = result.exit
        return answer

    def assert_refused(self, code, *arguments, **how):
        answer = self.verdict(*arguments, **how)
        self.assertEqual((answer["exit"], answer["verdict"], answer["code"]), (REFUSED, "refused", code))
        return answer

    def assert_failed(self, exit_code, code, *arguments, **how):
        answer = self.verdict(*arguments, **how)
        self.assertEqual((answer["exit"], answer["verdict"], answer["code"]), (exit_code, "failed", code))
        self.assertTrue(answer["message"])
        return answer

    def assert_accepted(self, *arguments, **how):
        answer = self.verdict(*arguments, **how)
        self.assertEqual((answer["exit"], answer["verdict"], answer["code"]), (ACCEPTED, "accepted", "ok"))
        return answer


class LegacyRepositories(VerifyTest):
    def test_stage_0_has_nothing_to_install(self):
        self.publish("stage0_nochange")
        for roles in "full", "targets":
            with self.subTest(roles=roles):
                result = self.verify("--director-roles", roles)
                self.assertEqual((result.exit, result.lines), (ACCEPTED, ["accepted: nothing to install"]))

    def test_stage_1_brings_three_images(self):
        for base in self.serve().url, self.web:
            for roles in "full", "targets":
                with self.subTest(base=base, roles=roles):
                    shutil.rmtree(self.images, ignore_errors=True)
                    shutil.rmtree(self.state, ignore_errors=True)
                    answer = self.assert_accepted("--director-roles", roles, "--download", self.images, base=base)
                    self.assertEqual({t["name"]: t["ecus"] for t in answer["targets"]},
                                     {name: [serial] for name, serial in IMAGES.items()})
                    for target in answer["targets"]:
                        self.assertEqual(target["verdict"], "accepted")
                        saved = (self.images / target["name"]).read_bytes()
                        self.assertEqual((len(saved), hashlib.sha256(saved).hexdigest()),
                                         (target["length"], target["sha256"]))
                    self.assertEqual(sorted(p.name for p in self.images.iterdir()), sorted(IMAGES))

    def test_stage_0_then_stage_1_with_one_state(self):
        self.publish("stage0_nochange")
        self.assertEqual(self.assert_accepted()["targets"], [])
        self.publish("stage1_update3")
        self.assertEqual(len(self.assert_accepted()["targets"]), 3)
        self.publish("stage0_nochange")
        answer = self.assert_refused("rollback_version")
        self.assertEqual((answer["repository"], answer["role"], answer["file"]),
                         ("director", "timestamp", "timestamp.json"))
        self.assertIn("Uptane 2.1.0", answer["clause"])

    def test_one_connection_and_no_file_twice(self):
        server = self.serve()
        self.assert_accepted("--download", self.images, base=server.url)
        self.assertEqual(server.connections, 1)
        self.assertEqual(len(server.requests), len(set(server.requests)))

    def test_second_run_does_not_fetch_what_it_has(self):
        server = self.serve()
        self.assert_accepted("--download", self.images, base=server.url)
        server.requests.clear()
        self.assert_accepted("--download", self.images, base=server.url)
        self.assertEqual(sorted(path for path, _ in server.requests),
                         sorted(f"/{repo}/{name}" for repo in ("director", "repo")
                                for name in ("2.root.json", "timestamp.json")))

    def test_text_names_each_image(self):
        result = self.verify()
        self.assertEqual(result.exit, ACCEPTED)
        self.assertEqual(len(result.lines), 4)
        for name, serial in IMAGES.items():
            self.assertTrue(any(line.startswith(f"accepted: {name} for {serial}, ") for line in result.lines))
        self.assertIn("taken on trust", result.err)

    def test_installed_images_are_not_news(self):
        installed = []
        for name, serial in IMAGES.items():
            digest = hashlib.sha256((self.web / "repo" / "targets" / name).read_bytes()).hexdigest()
            installed += ["--installed", f"{serial}={digest}"]
        answer = self.assert_accepted(*installed, "--download", self.images)
        self.assertEqual([t["verdict"] for t in answer["targets"]], ["installed"] * 3)
        self.assertFalse(self.images.exists())
        self.assertEqual(self.verify(*installed).lines[-1], "accepted: nothing to install")

    def test_provisioned_roots(self):
        roots = ["--director-root", self.web / "director" / "1.root.json",
                 "--image-root", self.web / "repo" / "1.root.json"]
        result = run("--state", self.state, "--director", self.web / "director", "--image", self.web / "repo",
                     "--dialect", "legacy", *ECUS, *roots)
        self.assertEqual((result.exit, result.err), (ACCEPTED, ""))
        result = run("--state", self.state, "--director", self.web / "director", "--image", self.web / "repo",
                     "--dialect", "legacy", *ECUS)
        self.assertEqual((result.exit, result.err), (ACCEPTED, ""), "the roots are remembered")
        swapped = ["--director-root", roots[3], "--image-root", roots[1]]
        result = run("--state", self.folder / "other", "--director", self.web / "director", "--image",
                     self.web / "repo", "--dialect", "legacy", *ECUS, *swapped, "--json")
        self.assertEqual((result.exit, json.loads(result.out)["code"]), (REFUSED, "signature_threshold"))

    def verify_from(self, director_root, image_root, *arguments):
        """Verifies with these roots to start from."""
        return run("--state", self.state, "--director", self.web / "director", "--image", self.web / "repo",
                   "--dialect", "legacy", *ECUS, "--director-root", director_root, "--image-root", image_root,
                   *arguments)

    def test_a_wrong_root_that_was_given_is_not_kept(self):
        director, image = self.web / "director" / "1.root.json", self.web / "repo" / "1.root.json"
        self.assertEqual(self.verify_from(image, image).exit, REFUSED)
        self.assertEqual(self.verify_from(director, director).exit, REFUSED)
        result = self.verify_from(director, image)
        self.assertEqual((result.exit, result.err), (ACCEPTED, ""))

    def test_a_root_that_is_none_is_named_as_it_was_given(self):
        given = self.folder / "given.txt"
        given.write_text("{}")
        for roots in (given, self.web / "repo" / "1.root.json"), (self.web / "director" / "1.root.json", given):
            with self.subTest(roots=roots):
                self.assertIn(str(given), self.verify_from(*roots).out)
                answer = json.loads(self.verify_from(*roots, "--json").out)
                self.assertEqual((answer["code"], answer["file"]), ("field_missing", "root.json"))
                self.assertIn(str(given), answer["message"])

    def test_no_root_to_start_from(self):
        result = run("--state", self.state, "--director", self.web / "director", "--image", self.web / "repo",
                     "--dialect", "legacy", *ECUS)
        self.assertEqual((result.exit, result.out), (NOT_FETCHED, ""))
        self.assertIn("no_trusted_root", result.err)
        (self.web / "director" / "1.root.json").unlink()
        self.assert_failed(NOT_FETCHED, "no_trusted_root")

    def test_time_decides_expiry(self):
        self.assert_accepted("--time", "2032-12-31T23:59:59Z")
        answer = self.assert_refused("expired", "--time", "2033-01-01T00:00:00Z")
        self.assertEqual(answer["attack"], "freeze")

    def test_ecus_must_fit(self):
        few = run("--state", self.state, "--director", self.web / "director", "--image", self.web / "repo",
                  "--dialect", "legacy", "--trust-first-root", *ECUS[:6], "--json")
        self.assertEqual((few.exit, json.loads(few.out)["code"]), (REFUSED, "unknown_ecu"))
        other = [e.replace("radar-hw", "brake-hw") for e in ECUS]
        result = run("--state", self.state, "--director", self.web / "director", "--image", self.web / "repo",
                     "--dialect", "legacy", "--trust-first-root", *other, "--json", "--download", self.images)
        answer = json.loads(result.out)
        self.assertEqual((result.exit, answer["code"]), (REFUSED, "wrong_hardware"))
        self.assertEqual({t["name"]: t["verdict"] for t in answer["targets"]},
                         {"brake-64k-v1.bin": "accepted", "radar-256k-v1.bin": "refused",
                          "ivi-1m-v1.bin": "accepted"})
        self.assertFalse(self.images.exists(), "nothing may be installed, so nothing is fetched")

    def test_vehicle_is_checked_when_given(self):
        self.assert_refused("wrong_vehicle", "--vehicle", "VIN-1")

    def test_partial(self):
        def partial(who, *more):
            result = run("--state", self.state, "--director", self.web / "director", "--dialect", "legacy",
                         "--trust-first-root", "--partial", who, "--json", *more)
            return result.exit, json.loads(result.out)
        code, answer = partial("sec-ivi-0001=ivi-hw")
        self.assertEqual((code, [t["name"] for t in answer["targets"]]), (ACCEPTED, ["ivi-1m-v1.bin"]))
        code, answer = partial("sec-dsp-0001=dsp-hw")
        self.assertEqual((code, answer["targets"]), (ACCEPTED, []))
        code, answer = partial("sec-ivi-0001=brake-hw")
        self.assertEqual((code, answer["code"]), (REFUSED, "wrong_hardware"))
        self.publish("stage0_nochange")
        code, answer = partial("sec-ivi-0001=ivi-hw")
        self.assertEqual((code, answer["code"]), (REFUSED, "rollback_version"))


class TufRepositories(unittest.TestCase):
    """What lampyr-repo publishes: consistent snapshots, images in folders, rotated keys."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.image = bytes(range(256)) * 300
        (self.folder / "image").write_bytes(self.image)
        self.repo("init", "images", "--repository", "image")
        self.repo("add-image", "images", "image", "--name", "brake/image", "--hardware", "brake-hw", "--counter", "2",
                  "--version", "2.0")
        self.repo("init", "director", "--repository", "director")
        self.repo("add-vehicle", "director", "car")
        for serial, *more in ("gateway", "--primary"), ("brake",):
            self.repo("create-ecu-key", f"{serial}.key")
            self.repo("add-ecu", "director", "car", serial, "--hardware", f"{serial}-hw",
                      "--public-key", f"{serial}.key.pub", *more)
        self.publish("images", "web/repo")
        self.repo("assign-image", "director", "car", "brake", "brake/image", "--from", "images")
        self.publish("director", "web")

    def repo(self, *arguments):
        program = os.path.join(os.environ["LAMPYR_BIN"], "lampyr-repo")
        subprocess.run([program, *arguments], check=True, cwd=self.folder, capture_output=True)

    def publish(self, workspace, to):
        self.repo("sign", workspace)
        self.repo("publish", workspace, to)

    def verify(self, *arguments, vehicle="car"):
        return run("--state", "state", "--director", "web/car/director", "--trust-first-root", "--vehicle", vehicle,
                   *arguments, cwd=self.folder)

    def full(self, *arguments, **how):
        return self.verify("--image", "web/repo", "--primary", "gateway=gateway-hw", "--ecu", "brake=brake-hw",
                           *arguments, **how)

    def test_image_in_a_folder(self):
        self.assertEqual(self.full("--download", "saved").exit, ACCEPTED)
        self.assertEqual((self.folder / "saved" / "brake" / "image").read_bytes(), self.image)

    def test_rotated_keys(self):
        self.assertEqual(self.full().exit, ACCEPTED)
        for workspace, to in ("images", "web/repo"), ("director", "web"):
            for role in "root", "timestamp", "snapshot", "targets":
                self.repo("rotate-key", workspace, "--role", role)
                self.publish(workspace, to)
        self.assertEqual(self.full().exit, ACCEPTED)
        self.assertEqual(self.full().exit, ACCEPTED)

    def test_wrong_vehicle(self):
        result = self.full(vehicle="bus")
        self.assertEqual(result.exit, REFUSED)
        self.assertIn("wrong_vehicle", result.out)

    def test_vehicle_is_required(self):
        result = run("--state", "state", "--director", "web", "--image", "web", "--primary", "gateway=gateway-hw",
                     cwd=self.folder)
        self.assertEqual(result.exit, USAGE)

    def test_partial_finds_versioned_targets(self):
        result = self.verify("--partial", "brake=brake-hw")
        self.assertEqual((result.exit, result.lines[-1]), (ACCEPTED, "accepted: 1 image to install"))


class BadFiles(VerifyTest):
    """Each file of both repositories, spoilt in each way."""
    files = [f"{repo}/{name}" for repo in ("director", "repo")
             for name in ("timestamp.json", "snapshot.json", "targets.json")]

    def spoil(self, file, content):
        path = self.web / file
        honest = path.read_bytes()
        path.write_bytes(content(honest))
        return lambda: path.write_bytes(honest)

    def assert_each_refused(self, content, codes):
        for file in self.files:
            with self.subTest(file=file):
                mend = self.spoil(file, content)
                answer = self.verdict()
                self.assertEqual((answer["exit"], answer["verdict"]), (REFUSED, "refused"))
                self.assertIn(answer["code"], codes)
                self.assertEqual(answer["file"], file.split("/")[1])
                self.assertEqual(answer["repository"], "director" if file.startswith("director") else "image")
                mend()
        self.assert_accepted()

    def test_empty(self):
        self.assert_each_refused(lambda _: b"", {"json_syntax", "length_mismatch"})

    def test_truncated(self):
        self.assert_each_refused(lambda honest: honest[:-1], {"json_syntax", "length_mismatch"})

    def test_not_json(self):
        self.assert_each_refused(lambda honest: b"<html>".ljust(len(honest)), {"json_syntax", "hash_mismatch"})

    def test_deeply_nested(self):
        self.assert_each_refused(lambda honest: b"[" * len(honest), {"limit_depth", "json_syntax", "hash_mismatch"})

    def test_oversized(self):
        self.assert_each_refused(lambda honest: honest + b" " * (100 << 20), {"limit_file"})

    def test_wrong_role(self):
        root = (REPOSITORIES / self.stage / "director" / "1.root.json").read_bytes()
        self.assert_each_refused(lambda _: root, {"wrong_role", "limit_file", "length_mismatch"})

    def test_changed(self):
        self.assert_each_refused(lambda honest: honest.replace(b'"version":', b'"version":1', 1),
                                 {"signature_threshold", "limit_file"})

    def test_missing(self):
        for file in self.files:
            with self.subTest(file=file):
                kept = (self.web / file).read_bytes()
                (self.web / file).unlink()
                if file.endswith("timestamp.json"):
                    self.assert_failed(NOT_FETCHED, "unreachable")
                else:
                    self.assert_refused("missing_file")
                (self.web / file).write_bytes(kept)
        self.assert_accepted()

    def test_next_root_that_nobody_signed(self):
        self.spoil("director/1.root.json", lambda honest: honest)
        root = (self.web / "director" / "1.root.json").read_bytes()
        (self.web / "director" / "2.root.json").write_bytes(root.replace(b'"version":1', b'"version":2'))
        answer = self.assert_refused("signature_threshold")
        self.assertEqual(answer["file"], "2.root.json")

    def test_not_a_regular_file(self):
        timestamp = self.web / "director" / "timestamp.json"
        timestamp.unlink()
        os.mkfifo(timestamp)
        self.assert_failed(NOT_FETCHED, "unreachable")
        timestamp.unlink()
        timestamp.mkdir()
        self.assert_failed(NOT_FETCHED, "unreachable")


class BadServers(VerifyTest):
    def assert_trick(self, path, trick, exit_code, code):
        server = self.serve()
        server.tricks[path] = trick
        answer = self.verdict("--stall-timeout", "1", "--download", self.images, base=server.url)
        self.assertEqual((answer["exit"], answer["code"]), (exit_code, code))
        server.tricks.clear()
        self.assertEqual(len(self.assert_accepted("--download", self.images, base=server.url)["targets"]), 3)
        return answer

    def test_down(self):
        with Server(self.web) as server:
            url = server.url
        answer = self.assert_failed(NOT_FETCHED, "unreachable", base=url)
        self.assertIn(f"{url}/director/1.root.json", answer["message"])
        self.assert_accepted()
        answer = self.assert_failed(NOT_FETCHED, "unreachable", base=url)
        self.assertIn(f"{url}/director/2.root.json", answer["message"])

    def test_hangs(self):
        self.assert_trick("/director/targets.json", hostile_server.hang, NOT_FETCHED, "slow_retrieval")

    def test_hangs_on_an_image(self):
        self.assert_trick("/repo/targets/ivi-1m-v1.bin", hostile_server.hang, NOT_FETCHED, "slow_retrieval")

    def test_one_byte_a_second(self):
        self.assert_trick("/repo/timestamp.json", hostile_server.drip, NOT_FETCHED, "slow_retrieval")

    def test_sends_for_ever(self):
        self.assert_trick("/repo/timestamp.json", hostile_server.endless, REFUSED, "limit_file")

    def test_sends_headers_for_ever(self):
        self.assert_trick("/repo/targets.json", hostile_server.endless_headers, REFUSED, "limit_file")

    def test_endless_image(self):
        answer = self.assert_trick("/repo/targets/brake-64k-v1.bin", hostile_server.endless, REFUSED, "image_length")
        self.assertEqual(answer["file"], "targets/brake-64k-v1.bin")

    def test_server_error(self):
        trick = hostile_server.status(503, b"out of order\nsecond line")
        answer = self.assert_trick("/director/snapshot.json", trick, NOT_FETCHED, "unreachable")
        self.assertIn("503: out of order", answer["message"])
        self.assertNotIn("second", answer["message"])

    def test_redirects_are_followed_but_not_in_circles(self):
        server = self.serve()
        server.tricks["/director/timestamp.json"] = hostile_server.redirect("/director/moved.json")
        shutil.copy(self.web / "director" / "timestamp.json", self.web / "director" / "moved.json")
        self.assert_accepted(base=server.url)
        server.tricks["/director/moved.json"] = hostile_server.redirect("/director/timestamp.json")
        self.assert_failed(NOT_FETCHED, "unreachable", base=server.url)
        server.tricks["/director/timestamp.json"] = hostile_server.redirect(f"file://{self.web}/director/moved.json")
        self.assert_failed(NOT_FETCHED, "unreachable", base=server.url)

    def test_cut_off_metadata(self):
        self.assert_trick("/repo/targets.json", hostile_server.cut_after(100), NOT_FETCHED, "unreachable")


class BadImages(VerifyTest):
    image = "ivi-1m-v1.bin"

    def path(self):
        return self.web / "repo" / "targets" / self.image

    def saved(self):
        return self.images / self.image

    def spoil(self, content):
        self.path().write_bytes(content)
        return self.verdict("--download", self.images)

    def assert_image_refused(self, answer, code):
        self.assertEqual((answer["exit"], answer["code"], answer["repository"], answer["file"]),
                         (REFUSED, code, "image", f"targets/{self.image}"))
        self.assertEqual({t["name"]: t["code"] for t in answer["targets"]},
                         {name: code if name == self.image else "ok" for name in IMAGES})
        self.assertFalse(self.saved().exists())
        self.assertFalse(self.saved().with_name(self.image + ".part").exists())

    def test_changed(self):
        honest = bytearray(self.path().read_bytes())
        honest[0] ^= 1
        self.assert_image_refused(self.spoil(honest), "image_hash")

    def test_short(self):
        self.assert_image_refused(self.spoil(self.path().read_bytes()[:-1]), "image_length")

    def test_long(self):
        self.assert_image_refused(self.spoil(self.path().read_bytes() + b"x"), "image_length")

    def test_missing(self):
        self.path().unlink()
        answer = self.verdict("--download", self.images)
        self.assert_image_refused(answer, "missing_file")

    def test_refusal_in_words(self):
        self.path().unlink()
        result = self.verify("--download", self.images)
        self.assertEqual(result.exit, REFUSED)
        self.assertEqual(result.lines[-1], "refused: 1 of 3 images, nothing may be installed")
        self.assertTrue(any("missing_file" in line and self.image in line for line in result.lines))

    def interrupt(self, server, count):
        """A download that breaks off after `count` bytes."""
        server.tricks[f"/repo/targets/{self.image}"] = hostile_server.cut_after(count)
        self.assert_failed(NOT_FETCHED, "unreachable", "--download", self.images, base=server.url)
        server.tricks.clear()
        self.assertEqual(self.saved().with_name(self.image + ".part").stat().st_size, count)
        server.requests.clear()

    def finish(self, server):
        self.assert_accepted("--download", self.images, base=server.url)
        self.assertEqual(self.saved().read_bytes(), self.path().read_bytes())
        return [wanted for path, wanted in server.requests if path.endswith(self.image)]

    def test_resumes(self):
        server = self.serve()
        self.interrupt(server, 700000)
        self.assertEqual(self.finish(server), ["bytes=700000-"])

    def test_resumes_from_a_server_without_ranges(self):
        server = self.serve()
        self.interrupt(server, 700000)
        server.honours_ranges = False
        self.assertEqual(self.finish(server), ["bytes=700000-"])

    def test_damaged_beginning_is_fetched_again(self):
        server = self.serve()
        self.interrupt(server, 700000)
        part = self.saved().with_name(self.image + ".part")
        part.write_bytes(bytes(700000))
        self.assertEqual(self.finish(server), ["bytes=700000-", None])

    def test_damaged_complete_file_is_replaced(self):
        server = self.serve()
        self.finish(server)
        self.saved().write_bytes(b"damaged")
        self.finish(server)

    def test_beginning_of_another_image_that_is_longer(self):
        server = self.serve()
        self.images.mkdir()
        self.saved().with_name(self.image + ".part").write_bytes(bytes(2 << 20))
        self.assertEqual(self.finish(server), [None])


class LocalState(VerifyTest):
    def test_damaged_database(self):
        self.assert_accepted()
        (self.state / "state.db").write_bytes(b"no database" * 1000)
        answer = self.assert_failed(STATE, "state")
        self.assertIn("damaged", answer["message"])
        self.assertIn(str(self.state), answer["message"])

    def test_damaged_metadata_is_as_good_as_absent(self):
        self.assert_accepted()
        database = self.state / "state.db"
        content = database.read_bytes()
        self.assertIn(b'"_type":"Timestamp"', content)
        database.write_bytes(content.replace(b'"_type":"Timestamp"', b'"_type":"Xxxxxxxxx"'))
        result = self.verify()
        self.assertEqual(result.exit, ACCEPTED)
        warnings = [line for line in result.err.splitlines() if "damaged" in line]
        self.assertEqual(len(warnings), 2, result.err)
        for repository, line in zip(("director", "image"), warnings):
            self.assertIn(f"{repository} timestamp.json", line)
        self.assertNotIn("damaged", self.verify().err)

    def replace_stored(self, old, new):
        """Changes stored metadata in place."""
        with contextlib.closing(sqlite3.connect(self.state / "state.db")) as database:
            database.execute("UPDATE metadata SET bytes = CAST(replace(CAST(bytes AS TEXT), ?, ?) AS BLOB)", (old, new))
            database.commit()

    def test_metadata_whose_signature_is_damaged_is_named(self):
        self.assert_accepted()
        self.replace_stored('"sig":"', '"sig": "')
        self.assertNotIn("damaged", self.verify().err, "spaces change nothing that is signed")
        self.replace_stored('"length":65536', '"length":65537')
        self.assertRegex(self.verify().err, "director targets.json.*damaged")

    def test_a_stored_root_that_is_damaged_is_named(self):
        self.assert_accepted()
        self.replace_stored('"_type":"Root"', '"_type":"Xxxx"')
        result = self.verify()
        self.assertEqual(result.exit, ACCEPTED)
        self.assertIn("director root.json", result.err)
        self.assertEqual(result.err.count("damaged"), 2)

    def test_later_version(self):
        self.assert_accepted()
        with contextlib.closing(sqlite3.connect(self.state / "state.db")) as database:
            database.execute("PRAGMA user_version = 99")
        self.assertIn("later version", self.assert_failed(STATE, "state")["message"])

    def test_second_instance(self):
        self.assert_accepted()
        with open(self.state / "lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("another process", self.assert_failed(STATE, "state")["message"])

    def test_not_a_folder(self):
        self.state.write_text("")
        self.assert_failed(STATE, "state")

    def limited(self, size):
        """Files cannot grow beyond `size` bytes, as on a full disk."""
        return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
                "restore_signals": False}

    def test_full_disk(self):
        self.publish("stage0_nochange")
        self.assert_accepted()
        self.publish("stage1_update3")
        self.assertIn("File too large", self.assert_failed(STATE, "state", **self.limited(2000))["message"])
        self.assertEqual(len(self.assert_accepted()["targets"]), 3)

    def test_full_disk_under_images(self):
        answer = self.assert_failed(STATE, "state", "--download", self.images, **self.limited(800000))
        self.assertIn("ivi-1m-v1.bin", answer["message"])
        self.assertFalse((self.images / "ivi-1m-v1.bin").exists())
        self.assert_accepted("--download", self.images)


class CommandLine(VerifyTest):
    def assert_usage(self, *arguments):
        result = run(*arguments)
        self.assertEqual((result.exit, result.out), (USAGE, ""))
        self.assertEqual(len(result.err.splitlines()), 1)
        self.assertTrue(result.err.startswith("lampyr-verify: "))

    def test_wrong_usage(self):
        whole = ["--state", self.state, "--director", self.web, "--image", self.web, "--dialect", "legacy", *ECUS]
        for at in 0, 2, 4:
            self.assert_usage(*whole[:at], *whole[at + 2:])
        self.assert_usage(*whole[:-8])
        for wrong in (["--no-such-option"], ["--state"], ["extra"], ["--dialect", "other"], ["--director-roles", "x"],
                      ["--time", "yesterday"], ["--ecu", "serial"], ["--ecu", "=hw"], ["--ecu", "serial="],
                      ["--ecu", "primary-0001=x"], ["--installed", "nobody=" + "0" * 64],
                      ["--installed", "sec-ivi-0001=00"], ["--partial", "x"], ["--stall-timeout", "0"],
                      ["--director-dialect", "tuf"], ["--director-root", self.folder / "absent"],
                      ["--client-key", "key"], ["--ca", self.folder / "absent"], ["--ca", self.folder],
                      ["--director-root", self.folder], ["--client-cert", self.folder],
                      ["--partial", "a=b", "--download", self.images]):
            with self.subTest(wrong=wrong):
                self.assert_usage(*whole, *wrong)
        self.assert_usage(*["ftp://host/" if argument is self.web else argument for argument in whole])
        self.assertFalse(self.state.exists())

    def test_wrong_usage_in_json(self):
        result = run("--json")
        answer = json.loads(result.out)
        self.assertEqual((result.exit, answer["verdict"], answer["code"]), (USAGE, "failed", "usage"))

    def test_help_and_version(self):
        for option in "--help", "--version":
            result = run(option)
            self.assertEqual((result.exit, result.err), (ACCEPTED, ""))
            self.assertIn("lampyr-verify", result.out)


if __name__ == "__main__":
    if not REPOSITORIES.is_dir():
        print(f"skipped: {REPOSITORIES} is not there (set LAMPYR_SHARED)")
        sys.exit(77)
    unittest.main()
