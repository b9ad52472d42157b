# SPDX-License-Identifier: Apache-2.0
"""What the tests of lampyr-primary share: a legacy server, a provisioned vehicle, and a secondary made of Python.

The secondary speaks CoAP from its own few lines, so that it can lie; the server serves repositories that another
implementation wrote (LAMPYR_SHARED) and records what it is asked.
"""
import http.server
import json
import os
import shutil
import socket
import struct
import threading
import unittest
import urllib.parse

from director_harness import Key
from lampyr_lab import Lab

SHARED = os.path.join(os.environ.get("LAMPYR_SHARED", ""), "data", "uptane-repos")
PROGRAMS = os.environ["LAMPYR_BIN"]
PRIMARY = "primary-0001"
SECONDARIES = {"sec-brake-0001": "brake-hw", "sec-radar-0001": "radar-hw", "sec-ivi-0001": "ivi-hw"}
HARDWARE = {PRIMARY: "gateway-hw", **SECONDARIES}
EPOCH = "1970-01-01T00:00:00Z"
TIMEOUT_SECONDS = 20  # of one CoAP exchange; only a fault reaches it

needs_shared = unittest.skipUnless(os.path.isdir(SHARED), "LAMPYR_SHARED names no folder with uptane-repos")


class LegacyServer:
    """Serves a stage of the shared repositories as /director and /repo, and takes manifests."""

    def __init__(self, stage):
        self.folder = os.path.join(SHARED, stage)
        self.requests = []
        self.connections = 0
        self.manifests = []
        self._news = threading.Condition()
        self.hold = None     # a path whose answer is not sent before `release`
        self.held = threading.Event()
        self.release = threading.Event()
        self.corrupt = None  # a path whose body has one bit changed
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._http.handle_error = lambda *_: None  # clients that are killed
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def _handler(server):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                server.connections += 1

            def log_message(self, *_):
                pass

            def _answer(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                path = urllib.parse.unquote(self.path)
                server.requests.append(f"GET {path}")
                if path == server.hold:
                    server.held.set()
                    server.release.wait()
                file = os.path.join(server.folder, path.lstrip("/"))
                if not os.path.isfile(file):
                    self._answer(404)
                    return
                with open(file, "rb") as opened:
                    body = opened.read()
                if path == server.corrupt:
                    body = bytes([body[0] ^ 1]) + body[1:]
                first = self.headers.get("Range")
                if first is None:
                    self._answer(200, body)
                else:
                    at = int(first.split("=")[1].rstrip("-").split("-")[0])
                    self._answer(206, body[at:], Content_Range=f"bytes {at}-{len(body) - 1}/{len(body)}")

            def _take(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.requests.append(f"{self.command} {self.path}")
                if self.path == "/director/manifest":
                    with server._news:
                        server.manifests.append(json.loads(body))
                        server._news.notify_all()
                self._answer(200)

            do_PUT = do_POST = _take

        return Handler

    def wait_installed(self, expected):
        """Waits for a manifest that says so."""
        with self._news:
            assert self._news.wait_for(lambda: self.manifests and expected.items() <= self.installed().items(), 60)

    def installed(self):
        """The images that the latest manifest names, by ECU."""
        reports = self.manifests[-1]["signed"]["ecu_version_manifests"]
        return {serial: report["signed"]["installed_image"]["filepath"] for serial, report in reports.items()}

    def stop(self):
        self.release.set()
        self._http.shutdown()
        self._http.server_close()


class Coap:
    """A CoAP client that sends what it is told (RFC 7252; Block-wise, RFC 7959)."""

    ETAG, OBSERVE, URI_PATH, URI_QUERY, BLOCK2, BLOCK1 = 4, 6, 11, 15, 23, 27

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.settimeout(TIMEOUT_SECONDS)
        self.socket.connect((host.strip("[]"), int(port)))
        self.number = 0

    def close(self):
        self.socket.close()

    @staticmethod
    def _option(number, before, value):
        delta, out = number - before, b""
        nibble, extra = (delta, b"") if delta < 13 else (13, bytes([delta - 13]))
        size, more = (len(value), b"") if len(value) < 13 else (13, bytes([len(value) - 13]))
        out += bytes([nibble << 4 | size]) + extra + more + value
        return out

    def ask(self, method, path, payload=b"", query=None, block1=None, block2=None, observe=False):
        """One exchange; returns (code like "2.05", options, payload)."""
        self.number += 1
        token = struct.pack(">H", self.number)
        options = [(self.OBSERVE, b"")] if observe else []
        options += [(self.URI_PATH, segment.encode()) for segment in path.split("/")]
        options += [(self.URI_QUERY, query.encode())] if query else []
        options += [(self.BLOCK2, self._uint(block2))] if block2 is not None else []
        options += [(self.BLOCK1, self._uint(block1))] if block1 is not None else []
        message = struct.pack(">BBH", 0x42, {"GET": 1, "POST": 2}[method], self.number) + token
        before = 0
        for number, value in options:
            message += self._option(number, before, value)
            before = number
        self.socket.send(message + (b"\xff" + payload if payload else b""))
        while True:
            received = self.socket.recv(2048)
            if received[4:4 + (received[0] & 15)] == token:
                return self._parse(received)

    def observe(self, path):
        """Registers as an observer; what comes is waited for with receive_notification()."""
        code, options, _ = self.ask("GET", path, observe=True)
        assert code == "2.05" and self.OBSERVE in options, (code, options)

    def _receive(self):
        """The next message that is not asked for, acknowledged."""
        message = self.socket.recv(2048)
        self.socket.send(struct.pack(">BB", 0x60, 0) + message[2:4])
        return message

    def receive_notification(self):
        code, options, payload = self._parse(self._receive())
        assert code == "2.05" and self.OBSERVE in options, (code, options)
        return json.loads(payload)

    def receive_request(self):
        """The next request to us, as "POST path"."""
        message = self._receive()
        return f"{ {1: 'GET', 2: 'POST'}[message[1]]} {self._parse(message)[1][self.URI_PATH].decode()}"

    @staticmethod
    def _uint(value):
        return value.to_bytes((value.bit_length() + 7) // 8, "big")

    @staticmethod
    def _parse(message):
        at, number, options = 4 + (message[0] & 15), 0, {}
        while at < len(message) and message[at] != 0xFF:
            delta, size = message[at] >> 4, message[at] & 15
            at += 1
            if delta == 13:
                delta, at = 13 + message[at], at + 1
            if size == 13:
                size, at = 13 + message[at], at + 1
            number += delta
            options[number] = message[at:at + size]
            at += size
        return f"{message[1] >> 5}.{message[1] & 31:02}", options, message[at + 1:]

    def get(self, path, query=None, szx=6):
        """A whole representation, block by block; every block must carry the same ETag."""
        body, number, etags = b"", 0, set()
        while True:
            code, options, payload = self.ask("GET", path, query=query, block2=number << 4 | szx)
            if code != "2.05":
                return code, payload
            body += payload
            etags.add(options.get(self.ETAG))
            if not options.get(self.BLOCK2, b"\0")[-1:] or not options[self.BLOCK2][-1] & 8:
                assert len(etags) == 1, etags
                return code, body
            number += 1

    def post(self, path, body, query=None, szx=6):
        """Posts a body, in blocks if it needs them."""
        size = 16 << szx
        if len(body) <= size:
            code, _, payload = self.ask("POST", path, body, query)
            return code, payload
        for number, at in enumerate(range(0, len(body), size)):
            more = at + size < len(body)
            code, _, payload = self.ask("POST", path, body[at:at + size], query, number << 4 | more << 3 | szx)
            if more and code != "2.31":
                return code, payload
        return code, payload


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Board:
    """A secondary that does as the test says."""

    def __init__(self, vehicle, serial, key=None):
        self.serial = serial
        self.hardware = SECONDARIES.get(serial, "brake-hw")
        self.key = key or vehicle.keys[serial]
        self.coap = Coap(vehicle.address)
        self.counter = 0

    def close(self):
        self.coap.close()

    def registration(self, **changes):
        value = {"block": 1024, "hardware": self.hardware,
                 "image": {"length": 0, "name": "unknown", "sha256": "00" * 32}, "key": tuf_key(self.key),
                 "nonce": "", "protocol": 1, "serial": self.serial, "vendor": "", "verify": "partial"}
        value.update(changes)
        return canonical(value)

    def register(self, szx=6, **changes):
        return self.coap.post("rd", self.registration(**changes), szx=szx)

    def news(self):
        code, _, payload = self.coap.ask("GET", f"u/{self.serial}")
        assert code == "2.05", code
        return json.loads(payload)

    def report_body(self, image, digest, length, key=None, **changes):
        self.counter += 1
        payload = {"attacks_detected": "", "ecu_serial": self.serial,
                   "installed_image": {"fileinfo": {"hashes": {"sha256": digest}, "length": length},
                                       "filepath": image},
                   "previous_timeserver_time": EPOCH, "report_counter": str(self.counter), "timeserver_time": EPOCH}
        payload.update(changes)
        payload = {name: value for name, value in payload.items() if value is not None}
        return canonical((key or self.key).envelope(payload))

    def report(self, *image, szx=6, **changes):
        return self.coap.post(f"r/{self.serial}", self.report_body(*image, **changes), szx=szx)


def tuf_key(key):
    """Registrations are in the tuf form whatever the repositories speak."""
    return {"keytype": "ed25519", "keyval": {"public": key.object["keyval"]["public"]}, "scheme": "ed25519"}


class Vehicle:
    """A provisioned folder, and the primary that runs in it."""

    def __init__(self, lab, server, **settings):
        self.lab = lab
        self.keys = {serial: Key("ed25519", "legacy") for serial in HARDWARE}
        self.address = None
        os.makedirs(lab.path("primary"), exist_ok=True)
        self.keys[PRIMARY].save(lab.path("primary", "ecu.key"))
        stage0 = os.path.join(SHARED, "stage0_nochange")
        shutil.copy(os.path.join(stage0, "director", "1.root.json"), lab.path("primary", "director-root.json"))
        shutil.copy(os.path.join(stage0, "repo", "1.root.json"), lab.path("primary", "image-root.json"))
        lab.write("primary/time", "2026-01-01T00:00:00Z\n")
        lab.write("primary/ecus.json", json.dumps(
            {"ecus": [{"hardware": hardware, "key": self.keys[serial].object, "serial": serial}
                      for serial, hardware in HARDWARE.items()], "primary": PRIMARY, "vehicle": "lab"}))
        self.settings = {
            "serial": PRIMARY, "hardware": "gateway-hw", "director_dialect": "legacy", "image_dialect": "legacy",
            "director_roles": "targets", "director_url": f"{server.url}/director", "image_url": f"{server.url}/repo",
            "key": "ecu.key", "ecus": "ecus.json", "director_root": "director-root.json",
            "image_root": "image-root.json", "time": "time", "state": "state", "coap_listen": "[::1]:0",
            "wait_seconds": 0}
        self.configure(**settings)

    def configure(self, **settings):
        self.settings.update(settings)
        self.config = self.lab.write("primary/primary.conf", "".join(
            f"{key} = {value}\n" for key, value in self.settings.items() if value is not None))

    def start(self, command):
        """Starts `run` or `once`, and waits until it listens."""
        process = self.lab.start("primary", "lampyr-primary", "--config", self.config, "--progress", "-", command)
        self.address = process.wait_event("listening")["address"]
        return process

    def once(self):
        """Runs one cycle to its end; returns the process, whose exit status is in `status`."""
        process = self.lab.start("primary", "lampyr-primary", "--config", self.config, "--progress", "-", "once")
        process.status = process.wait()
        return process


class PrimaryTest(unittest.TestCase):
    """Gives each test a folder, and stops what it started."""

    def setUp(self):
        self.lab = Lab(PROGRAMS)
        self.addCleanup(self.lab.close)

    def serve(self, stage):
        server = LegacyServer(stage)
        self.addCleanup(server.stop)
        return server

    def board(self, vehicle, serial, **kwargs):
        board = Board(vehicle, serial, **kwargs)
        self.addCleanup(board.close)
        return board
