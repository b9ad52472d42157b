#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The story that ./demo tells: an update of three ECUs, then attacks on the running system.

Every refusal is checked: the exit status is 1 if an attack was not refused by its name, or if software changed that
had to stay.
"""
import argparse
import datetime
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

# pylint: disable=wrong-import-position
from lampyr_boards import BoardVehicle, enter_namespace
from lampyr_fleet import Director, Repositories, Vehicle, image
from lampyr_lab import Lab, LabError, leave_on_signals
from screen import Bars, Screen

CAR = "car-1"
SIZES = {"brake": 64 * 1024, "radar": 256 * 1024, "ivi": 1024 * 1024}  # bytes, by serial
BOARDS = ("brake", "radar")  # with --board
CYCLE_SECONDS = 180  # longest cycle of the primary, with boards


def hardware_of(serial):
    return f"{serial}-hw"


def image_name(serial, version):
    return f"{serial}-{version}.bin"


class Story:
    verify = {"brake": "partial", "radar": "partial", "ivi": "full"}

    def __init__(self, lab, screen):
        self.lab = lab
        self.screen = screen
        self.failures = 0
        self.counter = 1  # release counter of the last release
        self.repositories, self.car = self.make_car({serial: hardware_of(serial) for serial in SIZES})
        self.director = None

    # --- what the secondaries are ---

    def make_car(self, hardware):
        repositories = Repositories(self.lab)
        return repositories, Vehicle(repositories, CAR, hardware, self.verify)

    def content(self, serial, version):
        """The software of a version."""
        return image(version, SIZES[serial], serial)

    def describe(self, serial):
        return f"{self.verify[serial]} verification"

    def prepare(self):
        """What must be so before the secondaries are made."""

    # --- what the owners of the keys do ---

    def release(self, serial, version, content=None):
        """Signs a new image into the image repository."""
        self.counter += 1
        content = content or self.content(serial, version)
        self.repositories.add_image(image_name(serial, version), content, hardware_of(serial), self.counter, version)

    def order(self, serial, version):
        self.repositories.order(CAR, serial, image_name(serial, version))

    def publish(self):
        self.repositories.publish("image")
        self.repositories.publish("director")

    # --- the update ---

    def start(self):
        self.screen.heading("A vehicle and its two repositories")
        self.prepare()
        self.publish()
        self.director = Director.of(self.repositories)
        self.car.provision_primary(self.director)
        self.car.start_primary()
        self.car.provision_secondaries({serial: self.content(serial, "1.0") for serial in SIZES})
        self.screen.fact("director", self.director.url)
        self.screen.fact("gateway", f"coap://{self.car.address}")
        self.car.start_secondaries()
        for serial in SIZES:
            event = self.car.primary.wait_event("registered", ecu=serial)
            self.screen.fact(serial, f"registered: {event['hardware']}, {self.describe(serial)}, runs "
                                     f"{self.car.version(serial)}")

    def update(self):
        self.screen.heading("An update: version 2.0 for all three")
        before = self.versions()
        for serial in SIZES:
            self.release(serial, "2.0")
            self.order(serial, "2.0")
        self.publish()
        bars = None
        for event in self.car.primary.follow_events(self.car.check(), CYCLE_SECONDS):
            kind = event["event"]
            if kind == "verified" and event["images"] == len(SIZES):
                self.screen.fact("verified", f"director targets {event['targets']}: {event['images']} images, and the "
                                             "image repository agrees")
                bars = Bars(self.screen, {serial: len(self.content(serial, "2.0")) for serial in SIZES})
            elif kind == "served":
                bars.advance(event["ecu"], event["offset"])
            elif kind == "reported" and bars:
                bars.note(event["ecu"], f"reports {event['report']}")
            elif kind == "outcome":
                break
        after = self.versions()
        known = self.director.status(CAR)["ecus"]
        for serial in SIZES:
            self.expect(after[serial] == "2.0" and known[serial]["image"] == image_name(serial, "2.0"),
                        f"{serial} {before[serial]} -> {after[serial]}, and the director has its signed report")

    def versions(self):
        """What runs, by the word of each secondary itself."""
        return {serial: self.car.version(serial) for serial in SIZES}

    def expect(self, holds, text, *details):
        self.failures += not holds
        self.screen.verdict(holds, text, *details)

    # --- the attacks ---

    def attack(self, name, code, begin, end):
        """Attacks with `begin`, lets the car look for updates, and expects the refusal `code` and no new software."""
        before = self.versions()
        begin()
        refused = []
        for event in self.car.primary.follow_events(self.car.check(), CYCLE_SECONDS):
            if event["event"] == "refused":
                refused.append(event["code"])
            elif event["event"] == "outcome":
                break
        self.judge(code in refused, ", ".join(refused) or "not refused", name, before)
        end()

    def judge(self, holds, word, text, before):
        """The verdict on one attack: it holds only if nothing else runs than before."""
        after = self.versions()
        self.expect(holds and before == after, f"{word:<17} {text}",
                    ", ".join(f"{serial} {before[serial]} -> {after[serial]}" for serial in SIZES))

    def take_back(self, serial):
        """The operator orders what runs again."""
        self.order(serial, "2.0")
        self.publish()

    def change_image(self):
        self.release("brake", "3.0")
        self.order("brake", "3.0")
        self.publish()
        self.repositories.change_image(image_name("brake", "3.0"))

    def roll_back(self):
        """The servers are set back to yesterday's backup."""
        os.rename(self.repositories.published(), self.lab.path("today"))
        shutil.copytree(self.lab.path("yesterday"), self.repositories.published())

    def roll_forward(self):
        shutil.rmtree(self.repositories.published())
        os.rename(self.lab.path("today"), self.repositories.published())

    def let_expire(self):
        """A timestamp that was valid for an hour, a day ago."""
        yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
        self.repositories.publish("director", "--role", "timestamp", "--time", yesterday.strftime("%Y-%m-%dT%H:%M:%SZ"),
                                  "--expires-in", "1h")

    def steal_for_other_hardware(self):
        self.repositories.order(CAR, "brake", image_name("radar", "2.0"), "--force")
        self.repositories.publish("director")

    def steal_for_own_image(self):
        """The thief has an image repository, too; the car does not know its keys."""
        self.repositories.repo("init", "thief", "--repository", "image")
        self.repositories.add_image("brake-6.6.6.bin", image("6.6.6", SIZES["brake"]), hardware_of("brake"), 666,
                                    "6.6.6", kind="thief")
        self.repositories.order(CAR, "brake", "brake-6.6.6.bin", kind="thief")
        self.repositories.publish("director")

    def attacks(self):
        self.screen.heading("Attacks: each is refused by name, and the old software keeps running")
        self.attack("the image was changed on the image server", "image_hash", self.change_image,
                    lambda: self.take_back("brake"))
        self.attack("both repositories were set back to yesterday", "rollback_version", self.roll_back,
                    self.roll_forward)
        self.attack("the director's timestamp has expired", "expired", self.let_expire,
                    lambda: self.repositories.publish("director", "--role", "timestamp"))
        self.attack("a stolen director key orders radar's image for brake", "wrong_hardware",
                    self.steal_for_other_hardware, lambda: self.take_back("brake"))
        self.attack("a stolen director key orders an image nobody signed", "target_not_found", self.steal_for_own_image,
                    lambda: self.take_back("brake"))
        self.gateway_lies()
        self.image_fails()

    def gateway_lies(self):
        """A thief on the gateway changes a verified image before the secondary gets it."""
        before = self.versions()
        self.car.secondaries["radar"].stop()
        self.release("radar", "3.0")
        self.order("radar", "3.0")
        self.publish()
        since = self.car.check()
        self.car.primary.wait_event("offered", since, ecu="radar")
        content = self.content("radar", "3.0")
        self.car.replace_stored_image(content, image("6.6.6", len(content)))
        self.car.start_secondary("radar")
        refusal = self.car.secondaries["radar"].wait_event("refused")
        self.car.primary.wait_event("outcome", since, CYCLE_SECONDS)
        self.judge(refusal["code"] == "image_hash", refusal["code"],
                   "a thief on the gateway changes the image it relays", before)
        self.take_back("radar")

    def image_fails(self):
        """Not an attack: signed and ordered software that does not start. It is tried once."""
        before = self.versions()
        self.release("ivi", "3.0", image("3.0 fails", SIZES["ivi"], "ivi"))
        self.order("ivi", "3.0")
        self.publish()
        since = self.car.check()
        self.car.secondaries["ivi"].wait_event("reverted")
        self.car.primary.wait_event("outcome", since)
        since = self.car.check()
        self.car.primary.wait_event("outcome", since)
        again = [event for event in self.car.primary.events(since) if event["event"] == "offered"]
        self.judge(not again, "reverted", "signed software that does not start; it is tried once", before)


class BoardStory(Story):
    """The same with two boards, which are the firmware and its boot loader on an emulated Cortex-M3."""

    verify = dict.fromkeys(SIZES, "partial")

    def __init__(self, lab, screen, firmware):
        self.firmware = firmware
        super().__init__(lab, screen)

    def make_car(self, hardware):
        repositories = Repositories(self.lab, director_keys="ecdsa")
        return repositories, BoardVehicle(repositories, CAR, hardware, BOARDS, self.firmware)

    def content(self, serial, version):
        return self.car.application(serial, version) if serial in BOARDS else super().content(serial, version)

    def describe(self, serial):
        verification = super().describe(serial)
        return f"a Cortex-M3 on 6LoWPAN, {verification}" if serial in BOARDS else verification

    def prepare(self):
        """A boot loader starts no image that was not ordered for its board."""
        for serial in BOARDS:
            self.release(serial, "1.0")
            self.order(serial, "1.0")

    def update(self):
        since = {serial: self.car.secondaries[serial].mark() for serial in BOARDS}
        super().update()
        for serial in BOARDS:
            board = self.car.secondaries[serial]
            steps = board.wait_line(r"^boot: swapped, steps (\d+)", since[serial]).group(1)
            board.wait_line("^boot: slot 0 verified", since[serial])
            board.wait_event("booted", since[serial], trial=True)
            board.wait_event("confirmed", since[serial])
            self.screen.fact(serial, f"its boot loader verified the image, swapped it in ({steps} steps) and tested it")


def arguments():
    parser = argparse.ArgumentParser(prog="demo", description="Shows an update of three ECUs, and attacks on it.")
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--board", metavar="FIRMWARE", help=argparse.SUPPRESS)
    parser.add_argument("--keep", action="store_true", help="keep keys, repositories, states and logs, and say where")
    return parser.parse_args()


def main():
    args = arguments()
    if args.board:
        enter_namespace(sys.exit)
    screen = Screen()
    leave_on_signals()
    with Lab(args.programs, "lampyr-demo-", args.keep) as lab:
        story = BoardStory(lab, screen, args.board) if args.board else Story(lab, screen)
        story.start()
        shutil.copytree(story.repositories.published(), lab.path("yesterday"))
        story.update()
        story.attacks()
        screen.line()
        if args.keep:
            screen.line(f"Everything is kept in {lab.folder}")
        if story.failures:
            screen.line(screen.paint("red", f"{story.failures} of the things above did not go as they must."))
            return 1
        screen.line("All went as it must.")
        return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
