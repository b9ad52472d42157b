# SPDX-License-Identifier: Apache-2.0
"""lampyr-primary in the tuf dialect: its own image, and time that the director signs."""
import os
import sys
import unittest

from lampyr_fleet import PRIMARY, Director, Repositories, Vehicle, image
from lampyr_lab import Lab

PROGRAMS = os.environ["LAMPYR_BIN"]
DONE, REFUSED, PENDING = 0, 1, 5


class TufTest(unittest.TestCase):
    """A vehicle that is nothing but a primary."""

    def setUp(self):
        self.lab = Lab(PROGRAMS, "lampyr-primary-")
        self.addCleanup(self.lab.close)
        self.repositories = Repositories(self.lab)
        self.car = Vehicle(self.repositories, "car", {})
        self.publish()
        self.director = Director.of(self.repositories)
        self.car.provision_primary(self.director)
        self.car.configure(PRIMARY, "wait_seconds", "0")

    def publish(self):
        self.repositories.publish("image")
        self.repositories.publish("director")

    def once(self):
        """One cycle; returns its exit status and the process."""
        process = self.lab.start("primary", "lampyr-primary", "--config", self.car.path(PRIMARY, "primary.conf"),
                                 "--progress", "-", "once")
        return process.wait(), process

    def order(self, content, counter):
        self.repositories.add_image(f"gateway-{counter}.bin", content, "gateway-hw", counter, str(counter))
        self.repositories.order("car", PRIMARY, f"gateway-{counter}.bin")
        self.publish()

    def known(self):
        """What the director knows of the primary, from its verified report."""
        return self.director.status("car")["ecus"][PRIMARY]


class OwnImageTest(TufTest):
    def test_it_replaces_the_file_and_reports_it(self):
        target = self.lab.write("car/installed.bin", b"old")
        os.chmod(target, 0o750)
        self.car.configure(PRIMARY, "install_path", target)
        content = image("2.0", 200 * 1024)
        self.order(content, 2)
        self.assertEqual(self.once()[0], DONE)
        with open(target, "rb") as file:
            self.assertEqual(file.read(), content)
        self.assertEqual(os.stat(target).st_mode & 0o777, 0o750)
        self.assertEqual(self.known()["image"], "gateway-2.bin")
        status, process = self.once()
        self.assertEqual(status, DONE)
        self.assertNotIn("installed", [event["event"] for event in process.events()])

    def test_what_cannot_be_installed_is_not_reported(self):
        self.car.configure(PRIMARY, "install_path", self.lab.path("no", "folder"))
        self.order(image("2.0", 4096), 2)
        status, process = self.once()
        self.assertEqual(status, 4, process.lines)
        self.assertEqual(self.known()["image"], "unknown")
        self.lab.write("no/nothing", b"")
        self.assertEqual(self.once()[0], DONE)
        self.assertEqual(self.known()["image"], "gateway-2.bin")

    def test_without_a_place_for_it_the_update_is_pending(self):
        self.order(image("2.0", 4096), 2)
        status, process = self.once()
        self.assertEqual(status, PENDING)
        self.assertIn("install_path", process.wait_line("ordered for the primary").string)

    def test_an_image_below_the_confirmed_release_counter_is_refused(self):
        self.car.configure(PRIMARY, "install_path", self.lab.path("installed.bin"))
        self.order(image("3.0", 4096), 3)
        self.assertEqual(self.once()[0], DONE)
        self.order(image("2.0", 4096), 2)
        status, process = self.once()
        self.assertEqual(status, REFUSED)
        self.assertEqual(process.wait_event("refused")["code"], "rollback_counter")
        self.assertEqual(self.known()["image"], "gateway-3.bin")
        self.assertEqual(self.known()["attacks_detected"], "rollback_counter")


class TimeTest(TufTest):
    def restart_director(self, key):
        """A director that signs time with another key, at the address of the first."""
        address = self.director.url.removeprefix("http://")
        self.director.process.stop()
        self.director = Director(self.lab, "--director-repo", self.repositories.published("director"), "--image-repo",
                                 self.repositories.published("image"), "--inventory",
                                 os.path.join(self.repositories.workspace("director"), "vehicles"), "--time-key", key,
                                 "--listen", address)

    def test_time_by_another_key_is_refused(self):
        self.assertEqual(self.once()[0], DONE)
        stranger = self.lab.path("stranger.pem")
        self.lab.run("lampyr-repo", "create-ecu-key", stranger)
        self.restart_director(stranger)
        status, process = self.once()
        self.assertEqual(status, REFUSED)
        refused = process.wait_event("refused")
        self.assertEqual((refused["code"], refused["role"]), ("signature_threshold", "time"))

    def test_a_rotated_time_key_is_followed(self):
        self.assertEqual(self.once()[0], DONE)
        self.repositories.repo("rotate-key", "director", "--role", "time")
        self.publish()
        keys = os.path.join(self.repositories.workspace("director"), "keys")
        self.restart_director(os.path.join(keys, "time-2.pem"))
        status, process = self.once()
        self.assertEqual(status, DONE, process.lines)

    def test_time_before_the_floor_is_refused(self):
        self.lab.write(os.path.join("car", PRIMARY, "time"), "2999-01-01T00:00:00Z\n")
        status, process = self.once()
        self.assertEqual(status, REFUSED)
        self.assertEqual(process.wait_event("refused", role="time")["code"], "rollback_time")


if __name__ == "__main__":
    if not os.path.exists(os.path.join(PROGRAMS, "lampyr-primary")):
        sys.exit(77)
    unittest.main()
