# SPDX-License-Identifier: Apache-2.0
"""lampyr-primary and repositories that list different digests of one image.

LAMPYR_BIN is the folder of the programs.
"""
import json
import os
import sys
import unittest

import director_harness
from hostile_server import Server
from lampyr_fleet import image
from lampyr_lab import Lab
from tuf_lab import Repository

PROGRAMS = os.environ["LAMPYR_BIN"]
DONE, REFUSED, STATE = 0, 1, 4
IMAGE = "gateway.bin"
CONTENT = image("2.0", 64 * 1024)


class DigestTest(unittest.TestCase):
    """A vehicle that is nothing but a primary, with a director and the image repositories "image" and "other"."""

    def setUp(self):
        self.lab = Lab(PROGRAMS, "lampyr-digests-")
        self.addCleanup(self.lab.close)
        self.repos = {name: Repository(self.lab.path("web", name)) for name in ("director", "image", "other")}
        self.repos["director"].roles["targets"]["custom"] = {"vehicle": "car"}
        self.server = Server(self.lab.path("web"))
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        key = director_harness.Key()
        os.makedirs(self.lab.path("car"))
        key.save(self.lab.path("car", "ecu.key"))
        self.lab.write("car/time", "2026-01-01T00:00:00Z\n")
        self.lab.write("car/ecus.json", json.dumps(
            {"ecus": [{"hardware": "gateway-hw", "key": key.object, "serial": "gateway"}], "primary": "gateway",
             "vehicle": "car"}))
        for name, repo in self.repos.items():
            self.lab.write(f"car/{name}.root.json", repo.files["root"])
            os.symlink("../targets", repo.folder / "metadata" / "targets")
        self.lab.write("car/map.json", json.dumps(
            {"repositories": {name: [self.base(name)] for name in ("image", "other")},
             "mapping": [{"paths": ["*"], "repositories": ["image", "other"], "threshold": 2, "terminating": True}]}))

    def base(self, name):
        return f"{self.server.url}/{name}/metadata"

    def once(self, **settings):
        """One cycle; returns its exit status and the process."""
        settings = {"serial": "gateway", "hardware": "gateway-hw", "vehicle": "car", "director_dialect": "tuf",
                    "image_dialect": "tuf", "time_source": "system", "director_url": self.base("director"),
                    "director_root": "director.root.json", "key": "ecu.key", "ecus": "ecus.json", "time": "time",
                    "state": "state", "coap_listen": "[::1]:0", "wait_seconds": 0,
                    "install_path": self.lab.path("installed.bin"), **settings}
        config = self.lab.write("car/primary.conf", "".join(f"{key} = {value}\n" for key, value in settings.items()))
        process = self.lab.start("primary", "lampyr-primary", "--config", config, "--progress", "-", "once")
        return process.wait(), process

    def one(self):
        return self.once(image_url=self.base("image"), image_root="image.root.json")

    def mapped(self):
        return self.once(map="map.json", map_roots=self.lab.path("car"))

    def publish(self, director, *images):
        """The director orders the image with these digests, and the image repositories sign it with these."""
        orders = {"ecuIdentifiers": {"gateway": {"hardwareId": "gateway-hw"}}}
        offers = {"hardwareIds": ["gateway-hw"]}
        for repo, sums, custom in zip(self.repos.values(), (director, *images), (orders, offers, offers)):
            repo.add_target("targets", IMAGE, CONTENT, sums)
            repo.roles["targets"]["targets"][IMAGE]["custom"] = {"releaseCounter": 1, **custom}
            self.publish_targets(repo)

    @staticmethod
    def publish_targets(repo):
        repo.publish("targets", "snapshot", "timestamp")

    def lie(self, name, algorithm):
        """Makes an image repository list another digest than that of the image it serves."""
        target = self.repos[name].roles["targets"]["targets"][IMAGE]
        target["hashes"][algorithm] = "0" * len(target["hashes"][algorithm])
        self.publish_targets(self.repos[name])

    def image_requests(self):
        return [path for path, _ in self.server.requests if "/targets/" in path]

    def assert_installed(self, result):
        status, process = result
        self.assertEqual(status, DONE, process.lines)
        with open(self.lab.path("installed.bin"), "rb") as file:
            self.assertEqual(file.read(), CONTENT)

    def assert_refused(self, result, code):
        status, process = result
        self.assertEqual((status, process.wait_event("refused")["code"]), (REFUSED, code), process.lines)
        self.assertFalse(os.path.exists(self.lab.path("installed.bin")))

    def test_a_digest_that_only_the_image_repository_lists_is_checked(self):
        self.publish(["sha256"], ["sha256", "sha512"])
        self.lie("image", "sha512")
        self.assert_refused(self.one(), "image_hash")

    def test_a_digest_that_only_the_director_lists_is_checked(self):
        self.publish(["sha256", "sha512"], ["sha256"])
        self.lie("director", "sha512")
        self.assert_refused(self.one(), "image_hash")

    def test_the_file_is_named_as_the_image_repository_lists_it(self):
        self.publish(["sha256", "sha512"], ["sha512"])
        self.assert_installed(self.one())
        self.assertEqual(len(self.image_requests()), 1)

    def test_digests_of_every_repository_that_agrees_are_checked(self):
        self.publish(["sha256"], ["sha256"], ["sha256", "sha512"])
        self.lie("other", "sha512")
        self.assert_refused(self.mapped(), "image_hash")

    def test_each_repository_names_the_file_as_it_lists_it(self):
        self.publish(["sha512"], ["sha256", "sha512"], ["sha512"])
        for file in self.repos["image"].target_files("targets", IMAGE):
            os.remove(file)
        self.assert_installed(self.mapped())

    def test_an_order_that_lists_only_sha512_is_carried_out_once(self):
        self.publish(["sha512"], ["sha512"])
        self.assert_installed(self.one())
        self.server.requests.clear()
        status, process = self.one()
        self.assertEqual(status, DONE, process.lines)
        self.assertEqual(self.image_requests(), [])
        self.assertNotIn("installed", [event["event"] for event in process.events()])

    def test_a_stored_image_of_such_an_order_that_is_damaged_is_fetched_again(self):
        self.publish(["sha512"], ["sha512"])
        self.assertEqual(self.once(image_url=self.base("image"), image_root="image.root.json",
                                   install_path=self.lab.path("no", "folder"))[0], STATE)
        (stored,) = os.listdir(self.lab.path("car", "state", "images"))
        self.lab.write(os.path.join("car", "state", "images", stored), b"damaged")
        self.assert_installed(self.one())


if __name__ == "__main__":
    if not os.path.exists(os.path.join(PROGRAMS, "lampyr-primary")):
        sys.exit(77)
    unittest.main()
