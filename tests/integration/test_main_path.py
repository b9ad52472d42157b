#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The way of an update through real processes: signed, published, verified, relayed, installed, reported.

LAMPYR_BIN is the folder of the programs; LAMPYR_SHARED, where the data that comes with the project lies.
"""
import os
import shutil
import subprocess
import sys
import unittest

from lampyr_fleet import (LEGACY_HARDWARE, PRIMARY, Director, LegacyVehicle, Repositories, Vehicle, image,
                          legacy_director)
from lampyr_lab import Lab

BIN = os.environ["LAMPYR_BIN"]
SHARED = os.environ.get("LAMPYR_SHARED", "")
STAGES = os.path.join(SHARED, "data", "uptane-repos")
STORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "demo", "story.py")

HARDWARE = {"brake": "brake-hw", "radar": "radar-hw", "ivi": "ivi-hw"}
SIZES = {"brake": 64 * 1024, "radar": 256 * 1024, "ivi": 1024 * 1024}  # bytes
UP_TO_DATE = 0
REFUSED = 1
UNREACHABLE = 3


class MainPathTest(unittest.TestCase):
    """Gives each test a laboratory of its own."""

    def setUp(self):
        self.lab = Lab(BIN, "lampyr-main-path-")
        self.addCleanup(self.lab.close)

    def assert_outcome(self, vehicle, since, status):
        """The check that began at `since` ends with that status."""
        outcome = vehicle.primary.wait_event("outcome", since)
        self.assertEqual(outcome["status"], status, vehicle.primary.tail())


class TufTest(MainPathTest):
    def setUp(self):
        super().setUp()
        self.repositories = Repositories(self.lab)
        self.director = None

    def vehicle(self, name, hardware, verify=None):
        return Vehicle(self.repositories, name, hardware, verify)

    def publish(self):
        self.repositories.publish("image")
        self.repositories.publish("director")

    def start(self, *vehicles):
        """Starts the director and all ECUs, whose software is version 1.0, and waits until they are known."""
        self.publish()
        self.director = Director.of(self.repositories)
        for vehicle in vehicles:
            vehicle.provision_primary(self.director)
            vehicle.start_primary()
            vehicle.provision_secondaries({serial: image("1.0", 4096, serial) for serial in vehicle.verify})
            vehicle.start_secondaries()

    def release(self, serials, version, counter):
        """Signs images of a version into the image repository."""
        for serial in serials:
            self.repositories.add_image(f"{serial}-{version}.bin", image(version, SIZES[serial], serial),
                                        HARDWARE[serial], counter, version)

    def order(self, vehicle, serials, version):
        for serial in serials:
            self.repositories.order(vehicle.name, serial, f"{serial}-{version}.bin")
        self.publish()

    def assert_runs(self, vehicle, version, serials=None):
        """The secondary says so itself, and the director has a signed report that says so."""
        known = self.director.status(vehicle.name)["ecus"]
        for serial in serials or vehicle.verify:
            self.assertEqual(vehicle.version(serial), version, serial)
            if version != "1.0":
                self.assertEqual(known[serial]["image"], f"{serial}-{version}.bin")

    def test_an_update_reaches_every_secondary(self):
        car = self.vehicle("car", HARDWARE, {"ivi": "full"})
        self.start(car)
        self.assert_runs(car, "1.0")
        self.release(HARDWARE, "2.0", 2)
        self.order(car, HARDWARE, "2.0")
        self.assert_outcome(car, car.check(), UP_TO_DATE)
        self.assert_runs(car, "2.0")

    def test_without_news_nothing_is_fetched_from_the_image_repository(self):
        car = self.vehicle("car", {"brake": "brake-hw"})
        self.start(car)
        self.assert_outcome(car, car.check(), UP_TO_DATE)
        shutil.rmtree(self.repositories.published("image"))
        self.assert_outcome(car, car.check(), UP_TO_DATE)

    def test_each_check_tells_the_director_something_new(self):
        car = self.vehicle("car", HARDWARE)
        self.start(car)
        self.assert_outcome(car, car.check(), UP_TO_DATE)
        before = self.director.status("car")
        self.assert_outcome(car, car.check(), UP_TO_DATE)
        after = self.director.status("car")
        self.assertEqual(after["requests_refused"], before["requests_refused"])
        for serial in HARDWARE:
            self.assertGreater(after["ecus"][serial]["report_counter"], before["ecus"][serial]["report_counter"])

    def test_before_every_ecu_has_reported_the_vehicle_is_waiting_and_nothing_is_refused(self):
        car = self.vehicle("car", {"brake": "brake-hw", "radar": "radar-hw"})
        self.publish()
        self.director = Director.of(self.repositories)
        car.provision_primary(self.director)
        car.start_primary()
        for serial in car.verify:
            car.primary.wait_event("waiting", ecu=serial)
        car.primary.wait_event("outcome")
        car.provision_secondaries({serial: image("1.0", 4096, serial) for serial in car.verify})
        car.start_secondary("brake")
        car.primary.wait_event("reported", ecu="brake")
        self.assertEqual(car.primary.wait_event("waiting", car.check())["ecu"], "radar")
        status = self.director.status("car")
        self.assertEqual((status["refusals"], status["waiting_for"]), ([], [PRIMARY, "brake", "radar"]))
        car.start_secondary("radar")
        car.primary.wait_event("reported", ecu="radar")
        car.primary.wait_event("outcome", car.check())
        status = self.director.status("car")
        self.assertEqual((status["refusals"], status["waiting_for"]), ([], []))

    def test_what_the_primary_detects_reaches_the_director(self):
        car = self.vehicle("car", HARDWARE)
        self.start(car)
        self.release(["brake"], "2.0", 2)
        self.order(car, ["brake"], "2.0")
        self.repositories.change_image("brake-2.0.bin")
        self.assert_outcome(car, car.check(), REFUSED)
        self.assertEqual(self.director.status("car")["ecus"][PRIMARY]["attacks_detected"], "image_hash")
        self.assert_runs(car, "1.0")

    def test_a_primary_killed_after_any_download_still_finds_the_update(self):
        car = self.vehicle("car", HARDWARE)
        self.start(car)
        self.release(HARDWARE, "2.0", 2)
        self.order(car, HARDWARE, "2.0")
        since = car.check()
        kills = 0
        # Each image is downloaded once; the blow may fall after the next one, so that there are three at most.
        while kills < len(HARDWARE):
            for event in car.primary.follow_events(since):
                downloaded = event["event"] == "downloaded" and event["offset"] == event["total"]
                if downloaded or event["event"] == "outcome":
                    break
            if not downloaded:
                break
            car.primary.kill()
            kills += 1
            car.start_primary()
            since = 0
        self.assertGreater(kills, 0)
        self.assert_outcome(car, 0, UP_TO_DATE)
        self.assert_runs(car, "2.0")

    def test_one_cycle_as_a_command_updates_and_tells_its_outcome(self):
        car = self.vehicle("car", HARDWARE)
        self.start(car)
        car.primary.stop()
        self.release(HARDWARE, "2.0", 2)
        self.order(car, HARDWARE, "2.0")
        car.once(expect=UP_TO_DATE)
        self.assert_runs(car, "2.0")
        self.director.process.stop()
        car.once(expect=UNREACHABLE)

    def test_vehicles_on_one_director_have_orders_of_their_own(self):
        car = self.vehicle("car", {"brake": "brake-hw"})
        van = self.vehicle("van", {"brake": "brake-hw"})
        self.start(car, van)
        self.release(["brake"], "2.0", 2)
        self.order(car, ["brake"], "2.0")
        for vehicle in (car, van):
            self.assert_outcome(vehicle, vehicle.check(), UP_TO_DATE)
        self.assert_runs(car, "2.0")
        self.assert_runs(van, "1.0")

    def test_metadata_of_another_vehicle_is_refused(self):
        car = self.vehicle("car", {"brake": "brake-hw"})
        van = self.vehicle("van", {"brake": "brake-hw"})
        self.start(car, van)
        van.primary.stop()
        van.configure(PRIMARY, "director_url", f"{self.director.url}/car/director")
        self.release(["brake"], "2.0", 2)
        self.order(car, ["brake"], "2.0")
        van.start_primary()
        van.primary.wait_event("refused", code="wrong_vehicle")
        self.assert_outcome(van, 0, REFUSED)
        self.assert_runs(van, "1.0")

    def test_rotated_keys_of_the_director_are_followed_while_running(self):
        car = self.vehicle("car", HARDWARE, {"ivi": "full"})
        self.start(car)
        for role, version in (("targets", "2.0"), ("root", "3.0"), ("timestamp", "4.0")):
            with self.subTest(role):
                self.repositories.repo("rotate-key", "director", "--role", role)
                self.release(HARDWARE, version, int(version[0]))
                self.order(car, HARDWARE, version)
                self.assert_outcome(car, car.check(), UP_TO_DATE)
                self.assert_runs(car, version)

    def test_the_demo_refuses_every_attack_and_leaves_nothing_behind(self):
        environment = dict(os.environ, TMPDIR=self.lab.folder)
        story = subprocess.run([sys.executable, STORY, "--programs", BIN], capture_output=True, text=True,
                               env=environment, check=False)
        self.assertEqual(story.returncode, 0, story.stdout + story.stderr)
        self.assertEqual([name for name in os.listdir(self.lab.folder) if name.startswith("lampyr-demo-")], [])


@unittest.skipUnless(os.path.isdir(STAGES), "LAMPYR_SHARED names no folder with uptane-repos")
class LegacyTest(MainPathTest):
    """Repositories that another implementation wrote: stage 0 orders nothing, stage 1 an image for each secondary."""

    def test_orders_of_another_implementation_are_carried_out(self):
        served = self.lab.path("served")
        shutil.copytree(os.path.join(STAGES, "stage0_nochange"), served)
        director = legacy_director(self.lab, served)
        car = LegacyVehicle(self.lab, "car", served)
        car.provision_primary(director)
        car.start_primary()
        car.provision_secondaries()
        car.start_secondaries()
        self.assert_outcome(car, car.check(), UP_TO_DATE)
        for serial in LEGACY_HARDWARE:
            self.assertEqual(car.version(serial), "none")
        shutil.rmtree(served)
        shutil.copytree(os.path.join(STAGES, "stage1_update3"), served)
        self.assert_outcome(car, car.check(), UP_TO_DATE)
        known = director.status("default")["ecus"]
        for serial, name in (("sec-brake-0001", "brake-64k-v1.bin"), ("sec-radar-0001", "radar-256k-v1.bin"),
                             ("sec-ivi-0001", "ivi-1m-v1.bin")):
            self.assertEqual(known[serial]["image"], name)
            with open(os.path.join(served, "repo", "targets", name), "rb") as file:
                self.assertEqual(car.running_image(serial), file.read())


if __name__ == "__main__":
    unittest.main()
