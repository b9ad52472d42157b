#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Boards in QEMU, updated by the real primary over 6LoWPAN and restarted through the real boot loader.

usage: check_boards.py PROGRAMS FIRMWARE, the folders of the host's programs and of the boards'
"""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

# pylint: disable=wrong-import-position
import budgets
from lampyr_boards import BoardVehicle, enter_namespace
from lampyr_fleet import Director, Repositories, image
from lampyr_lab import Lab

BIN, FIRMWARE = sys.argv[1:3]
CAR = "car-1"
BOARDS = ("brake", "radar")
HARDWARE = {"brake": "brake-hw", "radar": "radar-hw", "ivi": "ivi-hw"}
SKIPPED = 77


class BoardsTest(unittest.TestCase):
    def setUp(self):
        self.lab = Lab(BIN, "lampyr-boards-")
        self.addCleanup(self.lab.close)
        self.repositories = Repositories(self.lab, director_keys="ecdsa")
        self.car = BoardVehicle(self.repositories, CAR, HARDWARE, BOARDS, FIRMWARE)
        self.counter = 0
        self.director = None

    def content(self, serial, version):
        return self.car.application(serial, version) if serial in BOARDS else image(version, 64 * 1024, serial)

    def release(self, version, serials=tuple(HARDWARE)):
        """Signs a version for each of the ECUs, and orders it."""
        self.counter += 1
        for serial in serials:
            name = f"{serial}-{version}.bin"
            self.repositories.add_image(name, self.content(serial, version), HARDWARE[serial], self.counter, version)
            self.repositories.order(CAR, serial, name)
        self.repositories.publish("image")
        self.repositories.publish("director")

    def start(self):
        self.release("1.0")
        self.director = Director.of(self.repositories)
        self.car.provision_primary(self.director)
        self.car.start_primary()
        self.car.provision_secondaries({serial: self.content(serial, "1.0") for serial in HARDWARE})
        self.car.start_secondaries()

    def assert_runs(self, version):
        """By the word of each secondary, and by its report that the director has verified."""
        known = self.director.status(CAR)["ecus"]
        for serial in HARDWARE:
            self.assertEqual(self.car.version(serial), version, serial)
            self.assertEqual(known[serial]["image"], f"{serial}-{version}.bin", serial)

    def test_an_update_reaches_boards(self):
        self.start()
        self.release("2.0")
        since = self.car.check()
        outcome = self.car.primary.wait_event("outcome", since, seconds=240)
        self.assertEqual(outcome["status"], 0, self.car.primary.tail())
        self.assert_runs("2.0")
        peaks = [event["stack"] for serial in BOARDS for event in self.car.secondaries[serial].events()
                 if event["event"] == "measured"]
        budgets.note_stack(os.path.dirname(FIRMWARE), max(peaks))


if __name__ == "__main__":
    def skip(reason):
        print(f"skipped: {reason}", file=sys.stderr)
        sys.exit(SKIPPED)
    enter_namespace(skip)
    unittest.main(argv=sys.argv[:1])
