# SPDX-License-Identifier: Apache-2.0
"""lampyr-primary against repositories of another implementation, and secondaries that do as they are told."""
import hashlib
import os
import signal
import socket
import subprocess
import sys
import unittest
import unittest.mock

from director_harness import Key
from primary_harness import (PRIMARY, PROGRAMS, SECONDARIES, SHARED, Board, Coap, PrimaryTest, Vehicle, canonical,
                             needs_shared)

IMAGES = {"sec-brake-0001": "brake-64k-v1.bin", "sec-radar-0001": "radar-256k-v1.bin", "sec-ivi-0001": "ivi-1m-v1.bin"}
DONE, REFUSED, USAGE, UNREACHABLE, STATE, PENDING = range(6)
UNKNOWN = ("unknown", hashlib.sha256(b"").hexdigest(), 0)


def image(serial):
    """Name, digest and length of the image that stage 1 orders for an ECU."""
    with open(os.path.join(SHARED, "stage1_update3", "repo", "targets", IMAGES[serial]), "rb") as file:
        content = file.read()
    return IMAGES[serial], hashlib.sha256(content).hexdigest(), len(content)


def errors(process):
    """What it said, without progress events."""
    return [line for line in process.lines if not line.startswith("{")]


@needs_shared
class OnceTest(PrimaryTest):
    def test_without_news_it_asks_for_nothing_that_it_need_not(self):
        server = self.serve("stage0_nochange")
        vehicle = Vehicle(self.lab, server)
        self.assertEqual(vehicle.once().status, DONE)
        server.requests.clear()
        server.connections = 0
        self.assertEqual(vehicle.once().status, DONE)
        self.assertEqual(server.requests,
                         ["PUT /director/manifest", "GET /director/2.root.json", "GET /director/targets.json"])
        self.assertEqual(server.connections, 1)

    def test_three_images_reach_three_secondaries_and_are_reported(self):
        server = self.serve("stage1_update3")
        vehicle = Vehicle(self.lab, server, wait_seconds=60)
        process = vehicle.start("once")
        for serial in SECONDARIES:
            board = self.board(vehicle, serial)
            self.assertEqual(board.register(), ("2.04", b""))
            process.wait_event("offered", ecu=serial)
            name, digest, length = image(serial)
            self.assertEqual(board.news()[3:], [2, len(board.coap.get(f"u/{serial}/targets")[1]), length])
            code, content = board.coap.get(f"i/{serial}")
            self.assertEqual((code, hashlib.sha256(content).hexdigest()), ("2.05", digest))
            self.assertEqual(board.report(name, digest, length), ("2.04", b""))
        self.assertEqual(process.wait(), DONE)
        self.assertEqual(server.installed(), {PRIMARY: "unknown", **IMAGES})
        server.requests.clear()
        self.assertEqual(vehicle.once().status, DONE)
        self.assertNotIn("GET /repo/timestamp.json", server.requests)

    def test_a_secondary_that_is_missing_leaves_the_update_pending_and_the_primary_free(self):
        vehicle = Vehicle(self.lab, self.serve("stage1_update3"), wait_seconds=0)
        process = vehicle.once()
        self.assertEqual(process.status, PENDING)
        self.assertIn("lampyr-primary: sec-ivi-0001 has not confirmed ivi-1m-v1.bin yet", process.lines)

    def test_killed_between_two_downloads_the_next_run_finds_the_update(self):
        server = self.serve("stage1_update3")
        vehicle = Vehicle(self.lab, server)
        server.hold = "/repo/targets/ivi-1m-v1.bin"
        process = vehicle.start("once")
        self.assertTrue(server.held.wait(60))
        process.kill()
        server.hold = None
        server.requests.clear()
        self.assertEqual(vehicle.once().status, PENDING)
        images = [request for request in server.requests if "/repo/targets/" in request]
        self.assertEqual(images, ["GET /repo/targets/ivi-1m-v1.bin", "GET /repo/targets/radar-256k-v1.bin"])

    def test_a_changed_image_is_refused_reported_and_not_offered(self):
        server = self.serve("stage1_update3")
        server.corrupt = "/repo/targets/ivi-1m-v1.bin"
        process = Vehicle(self.lab, server).once()
        self.assertEqual(process.status, REFUSED)
        self.assertEqual(process.events()[-2]["code"], "image_hash")
        self.assertFalse([event for event in process.events() if event["event"] == "offered"])
        own = server.manifests[-1]["signed"]["ecu_version_manifests"][PRIMARY]["signed"]
        self.assertEqual(own["attacks_detected"], "image_hash")

    def test_report_counters_are_never_used_again(self):
        server = self.serve("stage0_nochange")
        vehicle = Vehicle(self.lab, server)
        for _ in range(3):
            self.assertEqual(vehicle.once().status, DONE)
        counters = [int(m["signed"]["ecu_version_manifests"][PRIMARY]["signed"]["report_counter"])
                    for m in server.manifests]
        self.assertEqual(counters, sorted(set(counters)))

    def test_a_server_that_is_down_is_said_so(self):
        server = self.serve("stage0_nochange")
        vehicle = Vehicle(self.lab, server)
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            vehicle.configure(director_url=f"http://127.0.0.1:{closed.getsockname()[1]}/director")
            process = vehicle.once()
        self.assertEqual(process.status, UNREACHABLE)
        self.assertIn("127.0.0.1", errors(process)[-2])


@needs_shared
class SecondaryTest(PrimaryTest):
    """What secondaries may and may not do."""

    def start(self, stage="stage1_update3"):
        self.server = self.serve(stage)
        self.vehicle = Vehicle(self.lab, self.server, wait_seconds=0)
        self.process = self.vehicle.start("run")
        self.process.wait_event("outcome")

    def test_registration_needs_serial_key_and_hardware_of_the_inventory(self):
        self.start("stage0_nochange")
        brake = self.board(self.vehicle, "sec-brake-0001")
        stranger = self.board(self.vehicle, "sec-brake-0001", key=Key("ed25519", "legacy"))
        self.assertEqual(brake.register(serial="sec-brake-0002"), ("4.03", b"unknown_ecu"))
        self.assertEqual(brake.register(hardware="radar-hw"), ("4.03", b"unknown_ecu"))
        self.assertEqual(brake.register(serial=PRIMARY, hardware="gateway-hw"), ("4.03", b"unknown_ecu"))
        self.assertEqual(stranger.register(), ("4.03", b"unknown_ecu"))
        self.assertEqual(brake.register(block=1000), ("4.00", b"field_value"))
        self.assertEqual(brake.coap.post("rd", b"{"), ("4.00", b"json_syntax"))
        self.assertEqual(brake.register(), ("2.04", b""))

    def test_reports_must_be_of_the_ecu_signed_and_new(self):
        self.start()
        serial = "sec-brake-0001"
        brake = self.board(self.vehicle, serial)
        brake.register()
        forged = brake.report(*image(serial), key=Key("ed25519", "legacy"))
        self.assertEqual(forged, ("4.03", b"signature_threshold"))
        self.assertEqual(brake.report(*image(serial), ecu_serial="sec-ivi-0001"), ("4.03", b"unknown_ecu"))
        self.assertEqual(brake.report(*image(serial), report_counter=None)[0], "4.00")
        self.assertEqual(brake.coap.post(f"r/{PRIMARY}", b"{}"), ("4.03", b"unknown_ecu"))
        old = brake.report_body(*image(serial))
        new = brake.report_body(*UNKNOWN)
        self.assertEqual(brake.coap.post(f"r/{serial}", new), ("2.04", b""))
        self.assertEqual(brake.coap.post(f"r/{serial}", old), ("4.03", b"rollback_version"))
        self.assertEqual(brake.coap.post(f"r/{serial}", new), ("2.04", b""), "its answer was lost")
        self.process.wait_event("reported", ecu=serial)
        self.assertGreater(brake.news()[5], 0, "the image is still to be installed")

    def test_bodies_come_in_blocks_and_end(self):
        self.start("stage0_nochange")
        brake = self.board(self.vehicle, "sec-brake-0001")
        for szx in (0, 2, 5):
            self.assertEqual(brake.register(szx=szx), ("2.04", b""))
        self.assertEqual(brake.coap.post("rd", b"x" * 5000, szx=6), ("4.13", b""))
        self.assertEqual(brake.coap.ask("POST", "rd", b"x" * 64, block1=7 << 4 | 2)[0], "4.08")
        self.assertEqual(brake.coap.ask("POST", "rd", b"x" * 10, block1=0 << 4 | 8 | 2)[0], "4.00")

    def test_answers_come_in_blocks_that_both_can_take(self):
        self.start()
        serial = "sec-brake-0001"
        brake = self.board(self.vehicle, serial)
        brake.register(block=64)
        for szx in (1, 2, 6):
            code, _, payload = brake.coap.ask("GET", f"i/{serial}", block2=szx)
            self.assertEqual((code, len(payload)), ("2.05", min(64, 16 << szx)))
        self.assertEqual(brake.coap.ask("GET", f"i/{serial}", block2=65536 // 64 << 4 | 2)[0], "4.00")
        self.assertEqual(len(brake.coap.get(f"i/{serial}", szx=2)[1]), 65536)

    def test_what_is_not_there_is_not_found(self):
        self.start()
        brake = self.board(self.vehicle, "sec-brake-0001")
        for path in ("u/sec-brake-0002", "u/sec-brake-0001/root/0", "u/sec-brake-0001/root/2", "u/sec-brake-0001/x",
                     "i/primary-0001", "m/image/../../lock", "m/image/9.root.json", "m/other/targets.json", "x"):
            self.assertEqual(brake.coap.ask("GET", path)[0], "4.04", path)
        self.assertEqual(brake.coap.ask("POST", "u/sec-brake-0001", b"x")[0][0], "4")

    def test_metadata_is_relayed_verbatim_to_full_verifiers(self):
        self.start()
        brake = self.board(self.vehicle, "sec-brake-0001")
        for repository, name in (("director", "targets.json"), ("image", "timestamp.json"), ("image", "snapshot.json"),
                                 ("image", "targets.json")):
            folder = "repo" if repository == "image" else repository
            with open(os.path.join(SHARED, "stage1_update3", folder, name), "rb") as file:
                self.assertEqual(brake.coap.get(f"m/{repository}/{name}"), ("2.05", file.read()))

    def test_a_failed_image_is_not_offered_again_under_the_same_targets(self):
        self.start()
        serial = "sec-brake-0001"
        brake = self.board(self.vehicle, serial)
        brake.register()
        self.assertGreater(brake.news()[5], 0)
        self.assertEqual(brake.report(*UNKNOWN, failed_image=IMAGES[serial]), ("2.04", b""))
        mark = self.process.mark()
        self.process.send(signal.SIGUSR1)
        self.process.wait_event("outcome", since=mark, status=REFUSED)
        self.assertEqual(brake.news()[5], 0)

    def test_observers_are_notified_and_others_poked(self):
        self.start("stage0_nochange")
        observer = self.board(self.vehicle, "sec-brake-0001")
        sleeper = self.board(self.vehicle, "sec-radar-0001")
        observer.register()
        sleeper.register()
        observer.coap.observe("u/sec-brake-0001")
        self.server.folder = os.path.join(SHARED, "stage1_update3")
        self.process.send(signal.SIGHUP)
        self.assertEqual(observer.coap.receive_notification()[3], 1)  # a fresh report is asked for, before the news
        self.assertEqual(observer.coap.receive_notification()[3], 2)
        self.assertEqual(sleeper.coap.receive_request(), "POST poke")

    def test_a_secondary_is_poked_from_the_same_port_after_a_restart(self):
        self.start("stage0_nochange")
        sleeper = self.board(self.vehicle, "sec-radar-0001")
        sleeper.register()
        self.assertEqual(self.process.stop(), DONE)
        self.server.folder = os.path.join(SHARED, "stage1_update3")
        self.vehicle.configure(coap_listen=self.vehicle.address, wait_seconds=60)
        process = self.vehicle.start("once")
        self.assertEqual(sleeper.coap.receive_request(), "POST poke")
        for serial in SECONDARIES:
            board = sleeper if serial == sleeper.serial else self.board(self.vehicle, serial)
            self.assertEqual(board.report(*image(serial)), ("2.04", b""))
        self.assertEqual(process.wait(), DONE)

    def restart_alone(self, meanwhile=lambda: None, **settings):
        """Restarts it where no server can be reached."""
        self.start()
        self.assertEqual(self.process.stop(), DONE)
        self.server.stop()
        meanwhile()
        self.vehicle.configure(**settings)
        self.process = self.vehicle.start("run")
        return self.board(self.vehicle, "sec-brake-0001")

    def test_after_a_restart_what_is_stored_is_offered_without_servers(self):
        brake = self.restart_alone()
        brake.register()
        name, digest, length = image(brake.serial)
        self.assertEqual((brake.news()[3], brake.news()[5]), (2, length))
        code, content = brake.coap.get(f"i/{brake.serial}")
        self.assertEqual((code, hashlib.sha256(content).hexdigest()), ("2.05", digest))
        self.process.wait_event("outcome", status=UNREACHABLE)
        self.assertEqual(brake.news()[5], length)

    def test_what_has_expired_in_the_store_is_not_offered(self):
        self.lab.write("primary/later", "2099-01-01T00:00:00Z\n")
        brake = self.restart_alone(time="later")
        brake.register()
        self.assertEqual(brake.news()[1:], [0, 0, 0, 0, 0])

    def test_an_image_that_is_damaged_in_the_store_is_not_offered(self):
        _, digest, length = image("sec-brake-0001")
        brake = self.restart_alone(lambda: self.lab.write(f"primary/state/images/{digest}", bytes(length)))
        brake.register()
        self.assertEqual((brake.news()[3], brake.news()[5]), (2, 0))

    def test_reports_between_cycles_are_sent_on(self):
        self.start("stage0_nochange")
        brake = self.board(self.vehicle, "sec-brake-0001")
        self.assertEqual(brake.report(*image("sec-brake-0001")), ("2.04", b""))
        self.server.wait_installed({"sec-brake-0001": "brake-64k-v1.bin"})


@needs_shared
class ServiceTest(PrimaryTest):
    """What systemd hears of it."""

    def start(self, **environment):
        path = self.lab.path("notify")
        self.heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.heard.close)
        self.heard.bind(path)
        self.heard.settimeout(60)
        with unittest.mock.patch.dict(os.environ, NOTIFY_SOCKET=path, **environment):
            return Vehicle(self.lab, self.serve("stage0_nochange")).start("run")

    def hear(self):
        return self.heard.recv(100).decode()

    def test_it_is_ready_alive_and_stopping(self):
        process = self.start(WATCHDOG_USEC="200000")
        self.assertEqual([self.hear() for _ in range(4)], ["READY=1"] + 3 * ["WATCHDOG=1"])
        process.stop()
        while (last := self.hear()) == "WATCHDOG=1":
            pass
        self.assertEqual(last, "STOPPING=1")

    def test_a_watchdog_for_another_process_or_none_hears_nothing(self):
        for environment in {"WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}, {}:
            with self.subTest(environment):
                process = self.start(**environment)
                process.wait_event("outcome")
                process.stop()
                self.assertEqual([self.hear(), self.hear()], ["READY=1", "STOPPING=1"])
                os.remove(self.lab.path("notify"))


@needs_shared
class ConfigurationTest(PrimaryTest):
    def refused(self, status, expected, **settings):
        vehicle = Vehicle(self.lab, self.serve("stage0_nochange"), **settings)
        process = vehicle.once()
        self.assertEqual(process.status, status, process.lines)
        self.assertEqual(len(process.lines), 1, process.lines)
        self.assertIn(expected, process.lines[0])

    def test_each_mistake_is_one_line_that_names_it(self):
        for settings, expected in (({"colour": "red"}, "colour"), ({"wait_seconds": "soon"}, "wait_seconds"),
                                   ({"serial": None}, "serial"), ({"director_dialect": "both"}, "director_dialect"),
                                   ({"director_dialect": "tuf"}, "vehicle"), ({"ecus": "no.json"}, "no.json"),
                                   ({"ecus": "ecu.key"}, "ecu.key"),
                                   ({"key": "time"}, "time"), ({"time": "ecus.json"}, "ecus.json"),
                                   ({"block_bytes": "100"}, "block_bytes"), ({"hardware": "radar-hw"}, "hardware"),
                                   ({"serial": "sec-ivi-0001"}, "serial"), ({"tls_key": "ecu.key"}, "tls_key"),
                                   ({"director_url": "gopher://x"}, "director_url"),
                                   ({"coap_listen": "here"}, "coap_listen"),
                                   ({"coap_listen": "[::1]:99999"}, "coap_listen")):
            with self.subTest(settings=settings):
                self.refused(USAGE, expected, **settings)

    def test_a_second_instance_is_refused(self):
        vehicle = Vehicle(self.lab, self.serve("stage0_nochange"))
        vehicle.start("run").wait_event("outcome")
        process = vehicle.once()
        self.assertEqual(process.status, STATE)
        self.assertIn("state", process.lines[0])

    def test_state_that_cannot_be_used_is_said_so(self):
        self.refused(STATE, "time", state="time")
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as taken:
            taken.bind(("::1", 0))
            address = f"[::1]:{taken.getsockname()[1]}"
            self.refused(STATE, address, coap_listen=address)

    def test_a_damaged_database_is_said_so(self):
        vehicle = Vehicle(self.lab, self.serve("stage0_nochange"))
        self.assertEqual(vehicle.once().status, DONE)
        with open(self.lab.path("primary", "state", "state.db"), "r+b") as file:
            file.write(b"damaged " * 64)
        process = vehicle.once()
        self.assertEqual((process.status, len(process.lines)), (STATE, 1), process.lines)
        self.assertIn("state.db", process.lines[0])

    def test_help_version_and_wrong_usage(self):
        self.assertIn("Usage: lampyr-primary", self.lab.run("lampyr-primary", "--help"))
        self.assertRegex(self.lab.run("lampyr-primary", "--version"), r"^lampyr-primary \d")
        for arguments, about in (((), "run or once"), (("twice",), "run or once"), (("run", "once"), "run or once"),
                                 (("--nonsense", "run"), "--nonsense"), (("-xy", "run"), "-x"),
                                 (("--config",), "--config: needs"), (("--help=3",), "--help=3: takes no")):
            done = subprocess.run([os.path.join(PROGRAMS, "lampyr-primary"), *arguments], capture_output=True,
                                  text=True, timeout=60, check=False)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""))
            self.assertRegex(done.stderr, rf"\Alampyr-primary: .*{about}.*; see --help\n\Z")


if __name__ == "__main__":
    if not os.path.exists(os.path.join(os.environ["LAMPYR_BIN"], "lampyr-primary")):
        sys.exit(77)
    unittest.main()
