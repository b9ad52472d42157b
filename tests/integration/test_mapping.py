# SPDX-License-Identifier: Apache-2.0
"""lampyr-verify and lampyr-primary with a repository map: several image repositories, honest, hostile and absent.

LAMPYR_BIN is the folder of the programs.
"""
import json
import os
import shutil
import subprocess
import sys
import unittest

from hostile_server import Server
from lampyr_fleet import PRIMARY, Director, Repositories, Vehicle, image
from lampyr_lab import Lab

PROGRAMS = os.environ["LAMPYR_BIN"]
ACCEPTED, REFUSED, USAGE, NOT_FETCHED = range(4)
NAMES = ("image", "supplier", "authority")
IMAGE = "gateway/fw.bin"
CONTENT = image("1.0", 64 * 1024)
NOBODY = "http://127.0.0.1:1"  # refuses connections


def entry(repositories, threshold, paths=("*",), terminating=True):
    return {"paths": list(paths), "repositories": list(repositories), "threshold": threshold,
            "terminating": terminating}


class MapTest(unittest.TestCase):
    """A vehicle that is nothing but a primary, and three image repositories that sign the image it is ordered."""

    def setUp(self):
        self.lab = Lab(PROGRAMS, "lampyr-mapping-")
        self.addCleanup(self.lab.close)
        self.repositories = Repositories(self.lab)
        for name in NAMES[1:]:
            self.repositories.repo("init", name, "--repository", "image")
        self.car = Vehicle(self.repositories, "car", {})
        for name in NAMES:
            self.release(name)
            self.lab.write(f"roots/{name}.root.json", self.file("workspaces", name, "metadata", "root.json"))
        self.order()
        server = Server(self.lab.path("published"))
        server.__enter__()
        self.addCleanup(server.__exit__)
        self.server = server
        self.urls = {name: [f"{server.url}/{name}"] for name in NAMES}

    def file(self, *names):
        with open(self.lab.path(*names), "rb") as file:
            return file.read()

    def release(self, name, content=CONTENT, counter=1):
        if os.path.exists(self.lab.path("published", name)):
            self.repositories.repo("remove-image", name, IMAGE)
        self.repositories.add_image(IMAGE, content, "gateway-hw", counter, str(counter), kind=name)
        self.repositories.publish(name)

    def next_version(self, name):
        self.repositories.add_image("other.bin", b"other", "other-hw", 1, "1", kind=name)
        self.repositories.publish(name)

    def order(self, kind="image", *force):
        self.repositories.order("car", PRIMARY, IMAGE, *force, kind=kind)
        self.repositories.publish("director")

    def map(self, *entries, director=None):
        urls = {**self.urls, **({"director": [director]} if director else {})}
        return self.lab.write("map.json", json.dumps({"repositories": urls, "mapping": entries or
                                                      [entry(NAMES, 2)]}))

    def requests(self, name):
        return [path for path, _ in self.server.requests if path.startswith(f"/{name}/")]


class VerifyTest(MapTest):
    def verify(self, *arguments, director=True, roots=True):
        """Runs lampyr-verify with --json; returns its exit code, and the object with its standard error."""
        known = ["--director", self.lab.path("published", "director", "car", "director")] if director else []
        if roots:
            known += ["--map-roots", self.lab.path("roots")]
        root = self.lab.path("workspaces", "director", "metadata", "root.json")
        done = subprocess.run([os.path.join(PROGRAMS, "lampyr-verify"), "--json", "--state", self.lab.path("state"),
                               "--vehicle", "car", "--director-root", root, "--primary", f"{PRIMARY}=gateway-hw",
                               *known, *arguments], capture_output=True, text=True, timeout=60, check=False)
        self.assertNotIn("Sanitizer", done.stderr)
        return done.returncode, {**json.loads(done.stdout), "stderr": done.stderr}

    def accepted(self, *arguments, **how):
        code, answer = self.verify("--map", self.map(), "--download", self.lab.path("saved"), *arguments, **how)
        self.assertEqual((code, answer["code"]), (ACCEPTED, "ok"), answer)
        self.assertEqual(self.file("saved", IMAGE), CONTENT)
        return answer

    def refused(self, code, name, *entries, exit_code=REFUSED):
        got, answer = self.verify("--map", self.map(*entries))
        self.assertEqual((got, answer["code"], answer["repository_name"]), (exit_code, code, name), answer)
        return answer

    def test_enough_agree_and_the_others_are_not_asked(self):
        answer = self.accepted()
        self.assertEqual(answer["refused_repositories"], [])
        self.assertEqual(self.requests("authority"), [])

    def test_one_compromised_repository_is_outvoted(self):
        self.release("image", image("evil", 64 * 1024))
        self.accepted()

    def test_one_compromised_repository_and_the_director_are_outvoted(self):
        self.release("image", image("evil", 64 * 1024))
        self.order("image", "--force")
        self.refused("target_mismatch", "")

    def test_all_three_must_agree(self):
        self.release("authority", image("other", 64 * 1024))
        self.refused("target_mismatch", "authority", entry(NAMES, 3))

    def test_an_image_that_too_few_sign_is_not_found(self):
        self.repositories.repo("remove-image", "supplier", IMAGE)
        self.repositories.publish("supplier")
        self.refused("target_not_found", "supplier", entry(["image", "supplier"], 2))
        self.refused("target_not_found", "", entry(["image"], 1, ["other/*"]))

    def test_one_unreachable_repository_is_done_without_and_told(self):
        self.urls["image"] = [NOBODY]
        answer = self.accepted()
        self.assertEqual([(r["repository_name"], r["code"]) for r in answer["refused_repositories"]],
                         [("image", "unreachable")])
        self.assertIn("warning: refused: unreachable: image image 2.root.json", answer["stderr"])

    def test_one_unreachable_repository_too_many(self):
        self.urls["supplier"] = [NOBODY]
        answer = self.refused("unreachable", "supplier", entry(["image", "supplier"], 2), exit_code=NOT_FETCHED)
        self.assertEqual(answer["verdict"], "failed")
        self.assertIn(NOBODY, answer["message"])

    def test_the_second_url_serves_when_the_first_fails(self):
        self.urls["image"].insert(0, NOBODY)
        self.assertEqual(self.accepted()["refused_repositories"], [])

    def test_an_image_that_one_repository_withholds_comes_from_the_next(self):
        shutil.rmtree(self.lab.path("published", "image", "targets"))
        self.accepted()
        self.assertTrue([path for path in self.requests("supplier") if path.endswith("fw.bin")])

    def test_an_image_that_all_withhold_is_missing(self):
        for name in NAMES[:2]:
            shutil.rmtree(self.lab.path("published", name, "targets"))
        code, answer = self.verify("--map", self.map(), "--download", self.lab.path("saved"))
        self.assertEqual((code, answer["code"]), (REFUSED, "missing_file"))

    def test_each_repository_has_its_own_rollback_protection(self):
        old = self.lab.path("old")
        shutil.copytree(self.lab.path("published", "supplier"), old)
        self.next_version("supplier")
        self.accepted()
        shutil.rmtree(self.lab.path("published", "supplier"))
        shutil.copytree(old, self.lab.path("published", "supplier"))
        answer = self.accepted()
        self.assertEqual([(r["repository_name"], r["code"], r["attack"]) for r in answer["refused_repositories"]],
                         [("supplier", "rollback_version", "rollback")])

    def test_a_vehicle_that_gets_a_map_keeps_what_it_trusts_of_the_image_repository(self):
        old = self.lab.path("old")
        shutil.copytree(self.lab.path("published", "image"), old)
        self.next_version("image")
        code, answer = self.verify("--image", self.lab.path("published", "image"), "--image-root",
                                   self.lab.path("roots", "image.root.json"), roots=False)
        self.assertEqual(code, ACCEPTED, answer)
        self.urls["image"] = [old]
        self.refused("rollback_version", "image", entry(["image"], 1))

    def test_a_repository_without_a_root_is_said_so(self):
        os.remove(self.lab.path("roots", "image.root.json"))
        answer = self.refused("no_trusted_root", "image", entry(["image"], 1), exit_code=NOT_FETCHED)
        self.assertIn("image.root.json", answer["message"])

    def test_the_map_may_list_the_director(self):
        path = self.map(director=self.lab.path("published", "director", "car", "director"))
        self.assertEqual(self.verify("--map", path, director=False)[0], ACCEPTED)
        code, answer = self.verify("--map", path)
        self.assertEqual(code, USAGE)
        self.assertIn("--director", answer["message"])

    def test_usage(self):
        path = self.map()
        for arguments, about in ((["--map", path, "--image", "x"], "--image"),
                                 (["--map", path, "--partial", "a=b"], "partial procedure"),
                                 (["--map", self.lab.path("none.json")], "none.json"),
                                 (["--image", "x"], "--map-roots")):
            with self.subTest(about):
                code, answer = self.verify(*arguments)
                self.assertEqual((code, answer["code"]), (USAGE, "usage"))
                self.assertIn(about, answer["message"])
        self.assertIn("--director", self.verify("--map", path, director=False)[1]["message"])

    def test_a_map_that_is_wrong_is_named_with_the_place(self):
        code, answer = self.verify("--map", self.map(entry(["image"], 1), entry(["image", "stranger"], 1)))
        self.assertEqual(code, USAGE)
        self.assertRegex(answer["message"], r"map\.json: entry 2: stranger: .* \(name_unknown\)$")
        self.urls["supplier"] = ["ftp://x"]
        self.assertIn('"ftp://x"', self.verify("--map", self.map())[1]["message"])


class PrimaryTest(MapTest):
    def setUp(self):
        super().setUp()
        self.director = Director.of(self.repositories)
        self.car.provision_primary(self.director)
        self.forget("image_url", "image_root")
        self.configure(wait_seconds=0, map_roots=self.lab.path("roots"), install_path=self.lab.path("installed.bin"))

    def forget(self, *settings):
        """Removes what the vehicle was provisioned with."""
        path = self.car.path(PRIMARY, "primary.conf")
        with open(path, encoding="utf-8") as file:
            kept = [line for line in file if line.split(" ")[0] not in settings]
        self.lab.write(path, "".join(kept))

    def configure(self, **settings):
        for name, value in settings.items():
            self.car.configure(PRIMARY, name, value)

    def once(self, *entries, **how):
        """One cycle with this map; returns its exit status and the process."""
        self.configure(map=self.map(*entries, **how))
        process = self.lab.start("primary", "lampyr-primary", "--config", self.car.path(PRIMARY, "primary.conf"),
                                 "--progress", "-", "once")
        return process.wait(), process

    def assert_updated(self, *entries, **how):
        status, process = self.once(*entries, **how)
        self.assertEqual(status, ACCEPTED, process.lines)
        self.assertEqual(self.file("installed.bin"), CONTENT)

    def attacks(self):
        return self.director.status("car")["ecus"][PRIMARY]["attacks_detected"]

    def test_an_image_that_enough_sign_is_installed(self):
        self.assert_updated()
        self.assertEqual(self.requests("authority"), [])
        self.assertEqual(self.once()[0], ACCEPTED)

    def test_one_rolled_back_repository_is_outvoted_and_reported(self):
        self.assert_updated(entry(NAMES, 3))
        old = self.lab.path("old")
        shutil.copytree(self.lab.path("published", "image"), old)
        for name in NAMES:
            self.release(name, CONTENT + b"2", 2)
        self.order()
        self.assertEqual(self.once(entry(NAMES, 3))[0], ACCEPTED)
        for name in NAMES:
            self.release(name, CONTENT, 3)
        self.order()
        self.urls["image"] = [old]
        self.assert_updated()
        self.assertEqual(self.attacks(), "rollback_version")

    def test_one_unreachable_repository_is_done_without(self):
        self.urls["image"] = [NOBODY]
        self.assert_updated()

    def test_an_image_that_too_few_sign_is_refused(self):
        self.release("supplier", image("evil", 4096))
        status, process = self.once(entry(["image", "supplier"], 2))
        self.assertEqual(status, REFUSED)
        refused = process.wait_event("refused")
        self.assertEqual(refused["code"], "target_mismatch")
        self.assertIn("image supplier targets.json", refused["text"])
        self.assertFalse(os.path.exists(self.lab.path("installed.bin")))
        self.assertEqual(self.attacks(), "target_mismatch")

    def test_an_image_that_one_repository_withholds_comes_from_the_next(self):
        shutil.rmtree(self.lab.path("published", "image", "targets"))
        self.assert_updated()

    def test_the_map_may_list_the_director(self):
        self.assert_updated(director=f"{self.server.url}/director/car/director")
        self.assertTrue(self.requests("director"))

    def assert_misconfigured(self, about):
        status, process = self.once()
        self.assertEqual(status, USAGE)
        self.assertIn(about, "\n".join(process.lines))

    def test_beside_a_map_there_is_no_image_url(self):
        self.configure(image_url="http://x")
        self.assert_misconfigured("image_url and image_root: not beside a map")

    def test_every_root_is_provisioned(self):
        os.remove(self.lab.path("roots", "authority.root.json"))
        self.assert_misconfigured("authority.root.json")
        self.lab.write(os.path.join("car", PRIMARY, "primary.conf.d", "map_roots.conf"), "")
        self.assert_misconfigured("map and map_roots")


if __name__ == "__main__":
    if not os.path.exists(os.path.join(PROGRAMS, "lampyr-primary")):
        sys.exit(77)
    unittest.main()
