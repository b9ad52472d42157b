# SPDX-License-Identifier: Apache-2.0
"""What the tests of lampyr-director share: keys and bodies of a vehicle, a running server, a folder for each test.

Bodies and signatures are made with python3-cryptography and python3-securesystemslib, not with our own signer.
LAMPYR_BIN is the folder of the programs; LAMPYR_SHARED, where the data that comes with the project lies.
"""
import base64
import contextlib
import hashlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from securesystemslib.formats import encode_canonical

PROGRAM = os.path.join(os.environ["LAMPYR_BIN"], "lampyr-director")
SHARED = os.environ.get("LAMPYR_SHARED", "")
UPTANE_REPOS = os.path.join(SHARED, "data", "uptane-repos")
needs_shared = unittest.skipUnless(os.path.isdir(UPTANE_REPOS), "LAMPYR_SHARED names no folder with uptane-repos")

EPOCH = "1970-01-01T00:00:00Z"


def canonical(value, dialect):
    """What is signed: OLPC canonical JSON in tuf; compact, sorted, escaped JSON in legacy."""
    if dialect == "tuf":
        return encode_canonical(value).encode()
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def public_pem(key):
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


class Key:
    """A private key, the key object that describes it, and its signatures."""

    def __init__(self, kind="ed25519", dialect="tuf"):
        self.kind = kind
        self.dialect = dialect
        if kind == "ed25519":
            self.private = ed25519.Ed25519PrivateKey.generate()
            public = self.private.public_key().public_bytes(
                serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
            names = ("ed25519", "ed25519", "ED25519")
        elif kind == "ecdsa":
            self.private = ec.generate_private_key(ec.SECP256R1())
            public = public_pem(self.private.public_key())
            names = ("ecdsa", "ecdsa-sha2-nistp256", "ECPRIME256V1")
        else:
            self.private = rsa.generate_private_key(65537, 2048)
            public = public_pem(self.private.public_key())
            names = ("rsa", "rsassa-pss-sha256", "RSA")
        if dialect == "tuf":
            self.object = {"keytype": names[0], "scheme": names[1], "keyval": {"public": public}}
        else:
            self.object = {"keytype": names[2], "keyval": {"public": public}}
        self.keyid = hashlib.sha256(canonical(self.object, dialect)).hexdigest()

    def sign(self, message):
        if self.kind == "ed25519":
            return self.private.sign(message)
        if self.kind == "ecdsa":
            return self.private.sign(message, ec.ECDSA(hashes.SHA256()))
        return self.private.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())

    def envelope(self, payload):
        signature = self.sign(canonical(payload, self.dialect))
        text = signature.hex() if self.dialect == "tuf" else base64.b64encode(signature).decode()
        return {"signatures": [{"keyid": self.keyid, "method": self.kind, "sig": text}], "signed": payload}

    def save(self, path):
        with open(path, "wb") as file:
            file.write(self.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                  serialization.NoEncryption()))


class Vehicle:
    """A vehicle with a primary and two secondaries, each with a key of another kind."""

    def __init__(self, name, dialect="tuf"):
        self.name = name
        self.primary = f"{name}-gateway"
        self.brake = f"{name}-brake"
        self.radar = f"{name}-radar"
        kinds = {self.primary: "ed25519", self.brake: "ecdsa", self.radar: "rsa"}
        self.keys = {serial: Key(kind, dialect) for serial, kind in kinds.items()}
        self.hardware = {self.primary: "gateway-hw", self.brake: "brake-hw", self.radar: "radar-hw"}

    def inventory(self):
        return {"ecus": [{"hardware": self.hardware[s], "key": k.object, "serial": s} for s, k in self.keys.items()],
                "primary": self.primary, "vehicle": self.name}

    def registration(self):
        return {"ecus": [{"clientKey": k.object, "ecu_serial": s, "hardware_identifier": self.hardware[s]}
                         for s, k in self.keys.items()],
                "primary_ecu_serial": self.primary}

    def report(self, serial, counter, **changes):
        payload = {"attacks_detected": "", "ecu_serial": serial,
                   "installed_image": {"fileinfo": {"hashes": {"sha256": "ab" * 32}, "length": 65536},
                                       "filepath": "v1.bin"},
                   "previous_timeserver_time": EPOCH, "report_counter": str(counter), "timeserver_time": EPOCH}
        payload.update(changes)
        return {name: value for name, value in payload.items() if value is not None}

    def reports(self, counter):
        return {s: k.envelope(self.report(s, counter)) for s, k in self.keys.items()}

    def manifest(self, counter=1, reports=None, signer=None, **changes):
        payload = {"ecu_version_manifests": self.reports(counter) if reports is None else reports,
                   "primary_ecu_serial": self.primary, "vehicle": self.name}
        payload.update(changes)
        payload = {name: value for name, value in payload.items() if value is not None}
        return (signer or self.keys[self.primary]).envelope(payload)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def name(self):
        """The stable name of a refusal; it must be all of one line."""
        text = self.body.decode()
        assert text.endswith("\n") and text.count("\n") == 1, text
        return text.split(":")[0]

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """A running lampyr-director on a port of the kernel's choice."""

    def __init__(self, log, *args, tls=None):
        self.tls = tls
        self.log = log
        # SIGXFSZ stays ignored, so that a file size limit looks like a full disk.
        with open(log, "ab") as errors:
            self.process = subprocess.Popen([PROGRAM, "--listen", "127.0.0.1:0", *args], stdout=subprocess.PIPE,
                                            stderr=errors, text=True, restore_signals=False)
        line = self.process.stdout.readline()
        if not line.startswith("listening on http"):
            self.process.wait()
            with open(log, encoding="utf-8") as errors:
                raise AssertionError(f"not started: {errors.read()}")
        self.port = int(line.rsplit(":", 1)[1])

    def connection(self, tls=None):
        tls = tls or self.tls
        if tls is not None:
            return http.client.HTTPSConnection("127.0.0.1", self.port, context=tls, timeout=60)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method, path, body=None, headers=None, tls=None, chunked=False):
        with contextlib.closing(self.connection(tls)) as connection:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            connection.request(method, path, body, headers or {}, encode_chunked=chunked)
            return Answer(connection.getresponse())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait()
        self.process.stdout.close()
        return status


class DirectorTest(unittest.TestCase):
    """Gives each test a folder of its own and stops what it started."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lampyr-director-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.servers = []
        self.write("image/timestamp.json", b"{}")
        self.log = self.path("log")

    def tearDown(self):
        for server in self.servers:
            if server.process.poll() is None:
                self.assertEqual(server.stop(), 0, "the server stops cleanly")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, content):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        with open(path, "wb") as file:
            file.write(data)
        return path

    def publish(self, *vehicles):
        for vehicle in vehicles:
            self.write(f"director/{vehicle.name}/director/1.root.json", vehicle.name.encode())
            self.write(f"inventory/{vehicle.name}/ecus.json", vehicle.inventory())

    def serve(self, *args, tls=None, dialect="tuf", inventory=True):
        folders = ["--director-repo", self.path("director"), "--image-repo", self.path("image"),
                   "--db", self.path("db.sqlite"), "--dialect", dialect]
        if inventory:
            folders += ["--inventory", self.path("inventory")]
        server = Server(self.log, *folders, *args, tls=tls)
        self.servers.append(server)
        return server

    def serve_one(self, *args):
        """One published and inventoried vehicle, and its server."""
        vehicle = Vehicle("car")
        self.publish(vehicle)
        return vehicle, self.serve(*args)

    def log_lines(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read().splitlines()

    def status_of(self, server, vehicle):
        return server.ask("GET", f"/status?vehicle={vehicle}").json["vehicles"][0]

    def assert_refused(self, answer, status, name):
        self.assertEqual((answer.status, answer.name), (status, name), answer.body)


