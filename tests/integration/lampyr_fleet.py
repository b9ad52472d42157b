# SPDX-License-Identifier: Apache-2.0
"""A director, an image repository and vehicles in a Lab."""
import base64
import hashlib
import json
import os
import random
import signal
import urllib.request

PRIMARY = "gateway"

# The vehicle of $LAMPYR_SHARED/data/uptane-repos.
LEGACY_PRIMARY = ("primary-0001", "gateway-hw")
LEGACY_HARDWARE = {"sec-brake-0001": "brake-hw", "sec-radar-0001": "radar-hw", "sec-ivi-0001": "ivi-hw"}


def image(version, size_bytes, name=""):
    """A software image: the line that says its version, then bytes that depend on name and version only."""
    marker = f"LAMPYR-IMAGE version={version}\n".encode()
    return marker + random.Random(f"{name} {version}").randbytes(size_bytes - len(marker))


class Repositories:
    """The workspaces of both repositories, and the folders they are published to."""

    def __init__(self, lab, director_keys="ed25519"):
        self.lab = lab
        self.repo("init", "director", "--repository", "director", "--key-type", director_keys)
        self.repo("init", "image", "--repository", "image")

    def workspace(self, kind):
        return self.lab.path("workspaces", kind)

    def published(self, *names):
        return self.lab.path("published", *names)

    def repo(self, command, kind, *args):
        """lampyr-repo `command` on the workspace of a repository."""
        return self.lab.run("lampyr-repo", command, self.workspace(kind), *args)

    def add_image(self, name, content, hardware, counter, version, kind="image"):
        file = self.lab.write(os.path.join("images", name), content)
        self.repo("add-image", kind, file, "--name", name, "--hardware", hardware, "--counter", str(counter),
                  "--version", version)

    def order(self, vehicle, serial, name, *force, kind="image"):
        self.repo("assign-image", "director", vehicle, serial, name, "--from", self.workspace(kind), *force)

    def publish(self, kind, *sign):
        """Signs what changed and publishes it."""
        self.repo("sign", kind, *sign)
        self.repo("publish", kind, self.published(kind))

    def change_image(self, name):
        """Flips one bit of an image where the image server keeps it: under a name that follows its hash."""
        folder = self.published("image", "targets")
        file = next(found for found in os.listdir(folder) if found.endswith(f".{name}"))
        with open(os.path.join(folder, file), "r+b") as image_file:
            content = bytearray(image_file.read())
            content[len(content) // 2] ^= 1
            image_file.seek(0)
            image_file.write(content)


class Director:
    """A running lampyr-director."""

    def __init__(self, lab, *args, name="director"):
        self.process = lab.start(name, "lampyr-director", "--listen", "127.0.0.1:0", "--db", lab.path(f"{name}.sqlite"),
                                 *args)
        self.url = self.process.wait_line(r"listening on (http://\S+)").group(1)

    @classmethod
    def of(cls, repositories):
        """The director that serves both repositories."""
        return cls(repositories.lab, "--director-repo", repositories.published("director"),
                   "--image-repo", repositories.published("image"),
                   "--inventory", os.path.join(repositories.workspace("director"), "vehicles"),
                   "--time-key", os.path.join(repositories.workspace("director"), "keys", "time-1.pem"))

    def status(self, vehicle):
        """What it knows of a vehicle, from reports that it verified."""
        with urllib.request.urlopen(f"{self.url}/status?vehicle={vehicle}") as answer:
            return json.load(answer)["vehicles"][0]


class Ecus:
    """The processes of one vehicle: a primary and its secondaries, each in a provisioned folder."""

    def __init__(self, lab, name, verify):
        self.lab = lab
        self.name = name
        self.verify = verify  # by serial of each secondary: "partial" or "full"
        self.primary = None
        self.secondaries = {}
        self.address = None

    def path(self, *names):
        return self.lab.path(self.name, *names)

    def configure(self, serial, setting, value):
        """Sets one key of an ECU's configuration, over what it was provisioned with."""
        kind = "primary" if serial == PRIMARY else "secondary"
        self.lab.write(self.path(serial, f"{kind}.conf.d", f"{setting}.conf"), f"{setting} = {value}\n")

    def start_primary(self):
        """Starts the service. The address it got the first time stays its own."""
        self.primary = self.lab.start(f"{self.name}-{PRIMARY}", "lampyr-primary", "--config",
                                      self.path(PRIMARY, "primary.conf"), "--progress", "-", "run")
        listening = self.primary.wait_event("listening")
        if self.address is None:
            self.address = listening["address"]
            self.configure(PRIMARY, "coap_listen", self.address)

    def once(self, *, expect):
        """One cycle of a primary that does not run as a service."""
        return self.lab.run("lampyr-primary", "--config", self.path(PRIMARY, "primary.conf"), "once", expect=expect)

    def start_secondary(self, serial):
        self.secondaries[serial] = self.lab.start(
            f"{self.name}-{serial}", "lampyr-secondary", "--config", self.path(serial, "secondary.conf"), "run",
            "--verify", self.verify[serial], "--progress", "-")

    def start_secondaries(self):
        """Starts all secondaries. Then the primary has a report of each, and its first check is over."""
        for serial in self.verify:
            self.start_secondary(serial)
        for serial in self.verify:
            self.primary.wait_event("reported", ecu=serial)
        self.primary.wait_event("outcome")

    def status(self, serial):
        """What a secondary says of itself."""
        return json.loads(self.lab.run("lampyr-secondary", "--config", self.path(serial, "secondary.conf"), "status",
                                       "--json"))

    def version(self, serial):
        """The version that runs, which comes from the image itself."""
        return self.status(serial)["version"]

    def running_image(self, serial):
        """The image that runs, byte for byte."""
        with open(self.path(serial, "state", self.status(serial)["slot"]), "rb") as file:
            return file.read()

    def replace_stored_image(self, content, replacement):
        """Puts other bytes in the place of an image that the primary has downloaded and verified."""
        path = self.path(PRIMARY, "state", "images", hashlib.sha256(content).hexdigest())
        with open(path, "r+b") as file:
            file.write(replacement)

    def check(self):
        """Makes the primary, which must be idle, look for updates. Returns where its output stood, for `since`."""
        since = self.primary.mark()
        self.primary.send(signal.SIGUSR1)
        return since


class Vehicle(Ecus):
    """A vehicle of the director's inventory, provisioned with lampyr-repo."""

    def __init__(self, repositories, name, hardware, verify=None):
        verify = verify or {}
        super().__init__(repositories.lab, name, {serial: verify.get(serial, "partial") for serial in hardware})
        self.repositories = repositories
        repositories.repo("add-vehicle", "director", name)
        self._enrol(PRIMARY, f"{PRIMARY}-hw", "--primary")
        for serial, kind in hardware.items():
            self._enrol(serial, kind)

    def key_type(self, serial):
        """Of an ECU's own key: both kinds that secondaries may have."""
        return "ecdsa" if serial == "radar" else "ed25519"

    def _enrol(self, serial, hardware, *options):
        """Makes the key of an ECU and puts the ECU on the inventory."""
        key = self.path("keys", f"{serial}.pem")
        os.makedirs(os.path.dirname(key), exist_ok=True)
        self.lab.run("lampyr-repo", "create-ecu-key", key, "--key-type", self.key_type(serial))
        self.repositories.repo("add-ecu", "director", self.name, serial, "--hardware", hardware, "--public-key",
                               f"{key}.pub", *options)

    def _provision(self, command, *args):
        root = os.path.join(self.repositories.workspace("image"), "metadata", "root.json")
        self.repositories.repo(command, "director", self.name, *args, "--image-root", root)

    def provision_primary(self, director):
        self._provision("provision-primary", self.path(PRIMARY), "--key", self.path("keys", f"{PRIMARY}.pem"),
                        "--director-url", f"{director.url}/{self.name}/director", "--image-url", f"{director.url}/repo")

    def provision_secondaries(self, factory):
        """After start_primary(), whose address they need. `factory` has the image each starts with, by serial."""
        for serial in self.verify:
            self._provision("provision-secondary", serial, self.path(serial), "--key",
                            self.path("keys", f"{serial}.pem"), "--primary", self.address)
            self.lab.write(self.path(serial, "factory.bin"), factory[serial])
            self.configure(serial, "image", "factory.bin")


def legacy_director(lab, served):
    """A director of the legacy dialect for repositories that were written elsewhere, with one vehicle."""
    return Director(lab, "--dialect", "legacy", "--director-repo", os.path.join(served, "director"), "--image-repo",
                    os.path.join(served, "repo"))


def legacy_canonical(path):
    """A metadata file in the canonical form of the legacy dialect."""
    with open(path, encoding="utf-8") as file:
        return json.dumps(json.load(file), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class LegacyVehicle(Ecus):
    """A vehicle for repositories that were written elsewhere: lampyr-repo has no workspace to provision it from."""

    def __init__(self, lab, name, served):
        super().__init__(lab, name, dict.fromkeys(LEGACY_HARDWARE, "partial"))
        self.served = served
        self.keys = {serial: self._make_key(serial) for serial in (PRIMARY, *LEGACY_HARDWARE)}

    def _make_key(self, serial):
        """Makes the key of an ECU; returns its key object."""
        key = self.path(serial, "ecu.key")
        os.makedirs(os.path.dirname(key))
        self.lab.run("lampyr-repo", "create-ecu-key", key)
        with open(f"{key}.pub", encoding="ascii") as file:
            der = base64.b64decode("".join(file.read().splitlines()[1:-1]))
        return {"keytype": "ED25519", "keyval": {"public": der[-32:].hex()}}

    def _copy_canonical(self, serial, name, *source):
        self.lab.write(self.path(serial, name), legacy_canonical(os.path.join(self.served, *source)))

    def _write_config(self, ecu, kind, **settings):
        self.lab.write(self.path(ecu, "time"), "2026-01-01T00:00:00Z\n")
        lines = {"key": "ecu.key", "time": "time", "state": "state", **settings}
        self.lab.write(self.path(ecu, f"{kind}.conf"), "".join(f"{k} = {v}\n" for k, v in lines.items()))

    def provision_primary(self, director):
        self._copy_canonical(PRIMARY, "director-root.json", "director", "1.root.json")
        self._copy_canonical(PRIMARY, "image-root.json", "repo", "1.root.json")
        primary, hardware = LEGACY_PRIMARY
        ecus = [{"hardware": hardware, "key": self.keys[PRIMARY], "serial": primary}]
        ecus += [{"hardware": kind, "key": self.keys[serial], "serial": serial}
                 for serial, kind in LEGACY_HARDWARE.items()]
        self.lab.write(self.path(PRIMARY, "ecus.json"), json.dumps({"ecus": ecus, "primary": primary}))
        self._write_config(PRIMARY, "primary", serial=primary, hardware=hardware, director_dialect="legacy",
                           image_dialect="legacy", director_roles="targets", ecus="ecus.json",
                           director_url=f"{director.url}/director", image_url=f"{director.url}/repo",
                           director_root="director-root.json", image_root="image-root.json", coap_listen="[::1]:0")

    def provision_secondaries(self):
        for serial, hardware in LEGACY_HARDWARE.items():
            self._copy_canonical(serial, "root.json", "director", "1.root.json")
            self._copy_canonical(serial, "targets.json", "director", "targets.json")
            self._write_config(serial, "secondary", serial=serial, hardware=hardware, dialect="legacy",
                               primary=self.address, root="root.json", targets="targets.json", listen="[::1]:0")
