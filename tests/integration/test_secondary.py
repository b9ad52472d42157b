#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lampyr-secondary as a process: its command line, its state folder, its boots, and a hostile link to its primary.

LAMPYR_BIN is the folder of the programs. What the agent decides is tested in unit/test_agent*.c.
"""
import contextlib
import itertools
import json
import os
import queue
import random
import resource
import select
import signal
import socket
import subprocess
import threading
import unittest

from lampyr_fleet import PRIMARY, Director, Repositories, Vehicle, image
from lampyr_lab import DEADLINE_SECONDS, Lab
from primary_harness import Coap

BIN = os.environ["LAMPYR_BIN"]
PROGRAM = os.path.join(BIN, "lampyr-secondary")
GOOD, REFUSED, USAGE, FETCH, STATE = range(5)
ECU = "brake"
HARDWARE = "brake-hw"
SIZE_BYTES = 64 * 1024
HEADER_BYTES = 12  # of a CoAP message, its token included


def run(*args, **options):
    return subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False,
                          **options)


class Link:
    """A UDP relay between secondary and primary, through which a test can do to datagrams what a radio or a lying
    primary can. `change(from_primary, datagram)` gives the datagrams to deliver instead of one."""

    def __init__(self, primary):
        host, port = primary.rsplit(":", 1)
        self.front = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.front.bind(("::1", 0))
        self.back = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.back.connect((host.strip("[]"), int(port)))
        self.address = f"[::1]:{self.front.getsockname()[1]}"
        self.change = lambda from_primary, datagram: [datagram]
        self._peer = None
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._relay, daemon=True)
        self._thread.start()

    def _relay(self):
        while True:
            ready, _, _ = select.select([self.front, self.back, self._stopped], [], [])
            if self._stopped in ready:
                return
            for side in ready:
                try:
                    datagram, sender = side.recvfrom(65536)
                    if side is self.front:
                        self._peer = sender
                    for changed in self.change(side is self.back, datagram):
                        if side is self.front:
                            self.back.send(changed)
                        elif self._peer is not None:
                            self.front.sendto(changed, self._peer)
                except ConnectionError:
                    pass  # the other end is gone for now

    def send_to_secondary(self, datagram):
        """Sends a datagram of the test's own in the primary's name."""
        self.front.sendto(datagram, self._peer)

    def close(self):
        self._stop.close()
        self._thread.join()
        for side in (self.front, self.back, self._stopped):
            side.close()


class CommandLineTest(unittest.TestCase):
    def test_help_and_version_are_printed(self):
        for option in ("--help", "--version"):
            done = run(option)
            self.assertEqual((done.returncode, done.stderr), (GOOD, ""))
            self.assertIn("lampyr-secondary", done.stdout)

    def test_wrong_usage_is_one_line_and_exit_status_2(self):
        for args in ([], ["run"], ["--config"], ["--config", "x", "fly"], ["--config", "x", "run", "more"],
                     ["--config", "x", "run", "--verify", "some"], ["--config", "x", "run", "--json"],
                     ["--config", "x", "status", "--once"], ["--nonsense"]):
            with self.subTest(args):
                done = run(*args)
                self.assertEqual(done.returncode, USAGE)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertTrue(done.stderr.endswith("; see --help\n"), done.stderr)


class VehicleTest(unittest.TestCase):
    """A vehicle with one secondary, whose software is version 1.0."""

    verify = "partial"
    director_keys = "ed25519"

    def setUp(self):
        self.lab = Lab(BIN, "lampyr-secondary-")
        self.addCleanup(self.lab.close)
        self.repositories = Repositories(self.lab, self.director_keys)
        self.car = Vehicle(self.repositories, "car", {ECU: HARDWARE}, {ECU: self.verify})
        self.publish()
        self.director = Director.of(self.repositories)
        self.car.provision_primary(self.director)
        self.car.configure(PRIMARY, "wait_seconds", 0)  # a cycle does not wait for the secondary
        self.car.start_primary()
        self.car.provision_secondaries({ECU: image("1.0", 4096, ECU)})
        self.config = self.car.path(ECU, "secondary.conf")

    def publish(self):
        self.repositories.publish("image")
        self.repositories.publish("director")

    def order(self, content, counter, name=None):
        """Releases an image and orders it; returns its name."""
        name = name or f"brake-{counter}.bin"
        self.repositories.add_image(name, content, HARDWARE, counter, str(counter))
        self.repositories.order("car", ECU, name)
        self.publish()
        return name

    def state(self, *names):
        return self.car.path(ECU, "state", *names)

    def once(self, *args, **options):
        return run("--config", self.config, "run", "--once", *args, **options)

    def start(self):
        """Starts it as a service."""
        self.car.start_secondary(ECU)
        return self.car.secondaries[ECU]

    def status(self):
        return json.loads(run("--config", self.config, "status", "--json").stdout)

    def check(self):
        """The primary looks for updates and has told the outcome."""
        self.car.primary.wait_event("outcome", self.car.check())

    def reported(self):
        """What the director last heard of the secondary, once the primary has sent it."""
        self.check()
        return self.director.status("car")["ecus"][ECU]


class ConfigurationTest(VehicleTest):
    def assert_refused(self, exit_status, *words):
        done = self.once()
        self.assertEqual(done.returncode, exit_status, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_bad_values_are_named(self):
        for key, value in (("colour", "red"), ("poll_seconds", "soon"), ("block_bytes", "100"), ("dialect", "uptane"),
                           ("serial", "a/b"), ("primary", "nowhere"), ("vehicle", "")):
            with self.subTest(key):
                self.lab.write(self.car.path(ECU, "secondary.conf.d", "bad.conf"), f"{key} = {value}\n")
                self.assert_refused(USAGE, key)

    def test_missing_provisioning_is_named(self):
        for name in ("ecu.key", "root.json", "targets.json", "time"):
            with self.subTest(name):
                path = self.car.path(ECU, name)
                os.rename(path, path + ".away")
                self.assert_refused(USAGE, name)
                os.rename(path + ".away", path)

    def test_a_missing_key_is_told_with_what_to_do(self):
        os.remove(self.car.path(ECU, "ecu.key"))
        self.assert_refused(USAGE, self.car.path(ECU, "ecu.key"), "No such file", "provision-secondary")

    def test_a_missing_configuration_is_said_to_be_missing(self):
        self.config = self.lab.path("none.conf")
        self.assert_refused(USAGE, "none.conf: there is no such file")
        self.config = self.lab.path("car")
        self.assert_refused(USAGE, "car: is a folder, not a file")

    def test_full_verification_needs_the_image_root(self):
        with open(self.config, encoding="utf-8") as file:
            lines = [line for line in file if not line.startswith("image_root")]
        self.lab.write(self.config, "".join(lines))
        done = self.once("--verify", "full")
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("image_root", done.stderr)

    def test_an_ecu_that_the_primary_does_not_know_is_refused(self):
        self.car.configure(ECU, "serial", "stranger")
        self.assert_refused(REFUSED, "unknown_ecu")

    def test_a_primary_that_is_not_there_is_a_transport_failure(self):
        self.car.primary.stop()
        self.assert_refused(FETCH, f"(primary {self.car.address})")


class StateTest(VehicleTest):
    def test_before_the_first_start_there_is_no_status(self):
        self.assertEqual(self.status()["started"], False)

    def test_a_second_instance_is_refused(self):
        self.start().wait_event("reported")
        done = self.once()
        self.assertEqual(done.returncode, STATE)
        self.assertIn("another", done.stderr)

    def test_sigterm_ends_it_cleanly(self):
        process = self.start()
        process.wait_event("reported")
        self.assertEqual(process.stop(), GOOD)

    def test_damaged_state_is_named_and_left_alone(self):
        self.assertEqual(self.once().returncode, GOOD)
        for name in ("record.json", "boot.json", "slot-a.img"):
            for content in (b"", b"{", b"[]", b"{}", b"x" * 100000):
                with self.subTest(name, content=content[:2]):
                    with open(self.state(name), "rb") as file:
                        before = file.read()
                    with open(self.state(name), "wb") as file:
                        file.write(content)
                    done = self.once()
                    self.assertEqual(done.returncode, STATE)
                    self.assertIn(name, done.stderr)
                    with open(self.state(name), "rb") as file:
                        self.assertEqual(file.read(), content)
                    with open(self.state(name), "wb") as file:
                        file.write(before)
        self.assertEqual(self.once().returncode, GOOD)

    def test_status_tells_of_a_damaged_slot(self):
        self.assertEqual(self.once().returncode, GOOD)
        self.assertFalse(self.status()["damaged"])
        self.lab.write(self.state("slot-a.img"), b"LAMPYR-IMAGE version=6.6\n")
        done = run("--config", self.config, "status")
        self.assertEqual(done.returncode, STATE)
        self.assertIn("damaged: yes", done.stdout)
        self.assertEqual(done.stderr.count("slot-a.img is damaged"), 1)

    def test_damaged_stored_metadata_is_fetched_anew(self):
        self.order(image("2.0", SIZE_BYTES), 2)
        self.check()
        self.assertEqual(self.once().returncode, GOOD)
        with open(self.state("director", "targets.json"), "wb") as file:
            file.write(b"{")
        self.assertEqual(self.once().returncode, GOOD)
        with open(self.state("director", "targets.json"), encoding="utf-8") as file:
            json.load(file)

    def test_a_full_disk_leaves_the_old_software_and_a_message(self):
        self.assertEqual(self.once().returncode, GOOD)
        self.order(image("2.0", SIZE_BYTES), 2)
        self.check()

        def no_large_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE_BYTES // 2, SIZE_BYTES // 2))

        done = self.once(preexec_fn=no_large_files)
        self.assertEqual(done.returncode, STATE, done.stderr)
        self.assertIn("slot-b.img: File too large", done.stderr)
        self.assertEqual(self.status()["version"], "1.0")
        self.assertEqual(self.once().returncode, GOOD)
        self.assertEqual(self.status()["version"], "2.0")


class UpdateTest(VehicleTest):
    def test_once_installs_and_confirms(self):
        name = self.order(image("2.0", SIZE_BYTES), 2)
        self.check()
        done = self.once()
        self.assertEqual(done.returncode, GOOD, done.stderr)
        status = self.status()
        self.assertEqual((status["version"], status["image"], status["trial"]), ("2.0", name, "none"))
        self.assertEqual(status["counter_floor"], 2)
        self.assertEqual(self.reported()["image"], name)

    def test_the_version_of_an_image_without_a_line_is_its_digest(self):
        self.order(bytes(SIZE_BYTES), 2)
        self.check()
        self.assertEqual(self.once().returncode, GOOD)
        self.assertEqual(self.status()["version"], "sha256:" + self.status()["sha256"][:12])

    def test_an_image_that_fails_is_reverted_reported_and_not_tried_again(self):
        failing = b"LAMPYR-IMAGE version=2.0 fails\n" + bytes(SIZE_BYTES)
        name = self.order(failing, 2)
        self.check()
        done = self.once()
        self.assertEqual(done.returncode, REFUSED, done.stderr)
        self.assertIn("did not confirm", done.stderr)
        self.assertIn("image_failed_before", done.stderr)
        self.assertEqual(self.status()["version"], "1.0")
        reported = self.reported()
        self.assertEqual((reported["failed_image"], reported["image"]), (name, "unknown"))
        again = self.once()
        self.assertEqual(again.returncode, REFUSED)
        self.assertNotIn("installed", again.stderr)

    def test_a_later_image_is_taken_after_one_that_failed(self):
        self.order(b"LAMPYR-IMAGE version=2.0 fails\n" + bytes(SIZE_BYTES), 2)
        self.check()
        self.assertEqual(self.once().returncode, REFUSED)
        self.order(image("3.0", SIZE_BYTES), 3)
        self.check()
        self.assertEqual(self.once().returncode, GOOD)
        self.assertEqual(self.status()["version"], "3.0")
        self.assertIsNone(self.reported()["failed_image"])

    def test_a_restart_during_a_trial_reverts(self):
        process = self.start()
        process.wait_event("reported")
        name = self.order(image("2.0", SIZE_BYTES), 2)
        self.car.check()
        process.wait_event("booted", trial=True)
        process.kill()
        after = self.status()
        done = self.once()
        if after["trial"] == "none":  # it was quick to confirm
            self.assertEqual((done.returncode, self.status()["version"]), (GOOD, "2.0"))
        else:
            self.assertEqual(done.returncode, REFUSED, done.stderr)
            self.assertEqual(self.status()["version"], "1.0")
            self.assertEqual(self.status()["failed_image"], name)

    def test_a_damaged_image_is_not_started(self):
        process = self.start()
        process.wait_event("reported")
        self.order(image("2.0", SIZE_BYTES), 2)
        self.car.check()
        process.wait_event("image")
        process.kill()
        sha256 = "0" * 64
        with open(self.state("boot.json"), encoding="utf-8") as file:
            boot = json.load(file)
        boot["slot-b.img"] = {"length": 5, "sha256": sha256}
        boot["trial"] = "requested"
        self.lab.write(self.state("boot.json"), json.dumps(boot))
        self.lab.write(self.state("slot-b.img"), "other")
        done = run("--config", self.config, "run", "--once")
        self.assertIn("slot-b.img is damaged", done.stderr)
        self.assertIn("version 1.0 runs", done.stderr)

    def kill_after(self, steps):
        """Starts the service and kills it after so many steps of an update. False if the update ended before."""
        process = self.start()
        confirmed = False
        for event in process.follow_events():
            if event["event"] == "image" and event["offset"] % (SIZE_BYTES // 4) != 0:
                continue
            confirmed = confirmed or event["event"] == "confirmed"
            steps -= 1
            if steps == 0 or (confirmed and event["event"] == "reported"):
                break
        process.kill()
        return steps == 0

    def test_it_may_be_killed_at_any_step(self):
        """The next start goes on with the update or, killed during the trial, is back on the old software."""
        self.assertEqual(self.once().returncode, GOOD)
        for counter in itertools.count(2):
            before = self.status()["version"]
            version = f"{counter}.0"
            self.order(image(version, SIZE_BYTES), counter)
            self.check()
            killed = self.kill_after(counter - 1)
            done = self.once()
            status = self.status()
            if "failed_image" in status:
                self.assertEqual((done.returncode, status["version"]), (REFUSED, before))
            else:
                self.assertEqual((done.returncode, status["version"]), (GOOD, version), done.stderr)
            if not killed:
                break


class PemTest(VehicleTest):
    """Of keys in PEM, whose line breaks stand raw in the canonical form of the tuf dialect: that is not JSON."""

    director_keys = "ecdsa"

    def test_one_folder_serves_either_procedure(self):
        for counter, verify in enumerate(("partial", "full", "partial"), 2):
            with self.subTest(verify, counter=counter):
                self.order(image(f"{counter}.0", SIZE_BYTES), counter)
                self.check()
                done = self.once("--verify", verify)
                self.assertEqual(done.returncode, GOOD, done.stderr)
                self.assertEqual(self.status()["version"], f"{counter}.0")

    def test_full_verification_starts_from_what_was_provisioned(self):
        self.assertEqual(self.once("--verify", "full").returncode, GOOD)


class FullVerificationTest(VehicleTest):
    verify = "full"

    def test_an_update_is_verified_against_both_repositories(self):
        self.order(image("2.0", SIZE_BYTES), 2)
        self.check()
        done = self.once("--verify", "full")
        self.assertEqual(done.returncode, GOOD, done.stderr)
        self.assertEqual(self.status()["version"], "2.0")
        for name in ("timestamp.json", "snapshot.json", "targets.json"):
            self.assertTrue(os.path.exists(self.state("image", name)), name)


class LinkTest(VehicleTest):
    def test_a_poke_of_a_stranger_is_refused(self):
        address = self.start().wait_event("listening")["address"]
        with contextlib.closing(Coap(address)) as stranger:
            self.assertEqual(stranger.ask("POST", "poke")[0], "4.03")

    def test_an_image_of_more_blocks_than_coap_counts_is_refused_at_once(self):
        """It counts them in 20 bits: 16 MiB in blocks of 16 bytes."""
        self.car.configure(ECU, "block_bytes", 16)
        name = self.order(image("2.0", (16 << 20) + 1), 2)
        self.check()
        done = self.once()
        self.assertEqual(done.returncode, REFUSED, done.stderr)
        (line,) = (line for line in done.stderr.splitlines() if "refused" in line)
        for word in (name, "limit_file", "RFC 7959"):
            self.assertIn(word, line)


class HostileLinkTest(VehicleTest):
    def setUp(self):
        super().setUp()
        self.link = Link(self.car.address)
        self.addCleanup(self.link.close)
        self.car.configure(ECU, "primary", self.link.address)

    def test_an_image_that_is_changed_on_the_way_is_refused_by_name(self):
        self.order(image("2.0", SIZE_BYTES), 2)
        self.check()
        self.link.change = lambda from_primary, datagram: [datagram.replace(b"version=2.0", b"version=6.6")]
        done = self.once()
        self.assertEqual(done.returncode, REFUSED, done.stderr)
        self.assertIn("image_hash", done.stderr)
        self.assertEqual(self.status()["version"], "1.0")
        self.assertEqual(self.reported()["attacks_detected"], "image_hash")

    def test_metadata_that_is_changed_on_the_way_is_refused_by_name(self):
        self.order(image("2.0", SIZE_BYTES), 2)
        self.check()
        self.link.change = lambda from_primary, datagram: [datagram.replace(b'"targets"', b'"Targets"')]
        done = self.once()
        self.assertEqual(done.returncode, REFUSED, done.stderr)
        self.assertEqual(self.status()["version"], "1.0")
        self.assertNotEqual(self.reported()["attacks_detected"], "")

    def test_lost_and_repeated_datagrams_do_no_harm(self):
        self.order(image("2.0", SIZE_BYTES), 2)
        self.check()
        number = itertools.count(1)
        lost = {7, 20}

        def change(_, datagram):
            at = next(number)
            return [] if at in lost else [datagram] * (2 if at % 10 == 0 else 1)

        self.link.change = change
        done = self.once()
        self.assertEqual(done.returncode, GOOD, done.stderr)
        self.assertEqual(self.status()["version"], "2.0")

    def test_garbled_messages_do_no_harm(self):
        """Options and payload are changed at random: whatever comes of it, it ends, and what runs is one of two."""
        self.assertEqual(self.once().returncode, GOOD)
        self.order(image("2.0", SIZE_BYTES), 2)
        self.check()
        source = random.Random(1)

        def change(from_primary, datagram):
            if not from_primary or len(datagram) <= HEADER_BYTES or source.random() < 0.9:
                return [datagram]
            garbled = bytearray(datagram)
            for _ in range(source.randint(1, 4)):
                garbled[source.randrange(HEADER_BYTES, len(garbled))] = source.randrange(256)
            return [bytes(garbled)]

        self.link.change = change
        for _ in range(10):
            done = self.once()
            self.assertIn(done.returncode, (GOOD, REFUSED, FETCH), done.stderr)
            self.assertIn(self.status()["version"], ("1.0", "2.0"))
        self.link.change = lambda from_primary, datagram: [datagram]
        self.assertEqual(self.once().returncode, GOOD)
        self.assertEqual(self.status()["version"], "2.0")

    def test_a_poke_is_answered_with_a_report(self):
        poke = bytes([0x40, 0x02, 0x12, 0x34]) + b"\xb4poke"  # CON POST /poke, message 0x1234
        answers = queue.Queue()

        def change(from_primary, datagram):
            if not from_primary and datagram[2:4] == poke[2:4]:
                answers.put(datagram)
                return []
            return [datagram]

        process = self.start()
        process.wait_event("reported")
        since = process.mark()
        self.link.change = change
        self.link.send_to_secondary(poke)
        self.assertEqual(answers.get(timeout=DEADLINE_SECONDS)[:4], bytes([0x60, 0x44, 0x12, 0x34]))  # ACK 2.04
        process.wait_event("reported", since)


if __name__ == "__main__":
    unittest.main()
