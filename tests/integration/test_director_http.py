#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lampyr-director as an HTTP server: files, limits, TLS, status pages, how it starts."""
import contextlib
import datetime
import http.client
import json
import os
import resource
import socket
import sqlite3
import ssl
import subprocess
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from director_harness import PROGRAM, Answer, DirectorTest, Server, Vehicle


class FileTest(DirectorTest):
    def setUp(self):
        super().setUp()
        self.image = bytes(range(256)) * 1024
        self.write("image/targets/dir/image one+.bin", self.image)
        self.write("secret", b"secret")
        self.write("image-secret/file", b"secret")
        _, self.server = self.serve_one()
        self.url = "/repo/targets/dir/image%20one%2b.bin"

    def get(self, url, method="GET", **headers):
        return self.server.ask(method, url, headers={name.replace("_", "-"): text for name, text in headers.items()})

    def test_names_are_percent_decoded_once(self):
        self.assertEqual(self.get(self.url).body, self.image)
        self.assertEqual(self.get("/repo/targets%2fdir/image%20one%2B.bin").body, self.image)
        self.assertEqual(self.get("/repo/targets/dir/image%2520one%2b.bin").status, 404)

    def test_no_path_leaves_the_published_folder(self):
        for path in ("/repo/../secret", "/repo/%2e%2e/secret", "/repo/targets/..%2f..%2fsecret", "/repo//secret",
                     "/repo/..%5csecret", "/repo/%2fetc/passwd", "/../secret", "/%2e%2e/secret", "/repo/./timestamp.json",
                     "/repo/timestamp.json%00.bin", "/repo/%zz", "/repo/%2", "/car/director/../../../secret",
                     "/car%2f..%2f../director/x", "/../director/x", "/repo/", "/"):
            with self.subTest(path):
                answer = self.get(path)
                self.assertIn(answer.status, (400, 404))
                self.assertNotIn(b"secret\n", answer.body.replace(b"secret", b"", 1))
                self.assertIn(answer.name, ("name_unsafe", "not_found", "unknown_vehicle"))

    def test_no_symbolic_link_leads_out(self):
        os.symlink(self.path("secret"), self.path("image/absolute"))
        os.symlink("../secret", self.path("image/relative"))
        os.symlink("../image-secret", self.path("image/folder"))
        os.symlink("targets/dir", self.path("image/inside"))
        for name in ("absolute", "relative", "folder/file"):
            self.assert_refused(self.get("/repo/" + name), 404, "not_found")
        self.assertEqual(self.get("/repo/inside/image%20one%2b.bin").body, self.image)

    def test_only_regular_files_are_served(self):
        os.mkfifo(self.path("image/fifo"))
        self.assert_refused(self.get("/repo/fifo"), 404, "not_found")
        self.assert_refused(self.get("/repo/targets"), 404, "not_found")

    def test_an_absent_root_is_404(self):
        self.assert_refused(self.get("/car/director/2.root.json"), 404, "not_found")

    def test_ranges(self):
        size = len(self.image)
        for text, first, last in (("0-0", 0, 0), ("10-19", 10, 19), (f"{size - 1}-", size - 1, size - 1),
                                  ("5-", 5, size - 1), ("-7", size - 7, size - 1), ("100-99999999", 100, size - 1),
                                  (f"-{size * 2}", 0, size - 1)):
            with self.subTest(text):
                answer = self.get(self.url, Range=f"bytes={text}")
                self.assertEqual(answer.status, 206)
                self.assertEqual(answer.headers["Content-Range"], f"bytes {first}-{last}/{size}")
                self.assertEqual(answer.body, self.image[first:last + 1])

    def test_ranges_outside_the_file(self):
        for text in (f"{len(self.image)}-", "-0", "9223372036854775807-"):
            if text.startswith("9"):
                self.assertIn(self.get(self.url, Range=f"bytes={text}").status, (200, 416))
                continue
            answer = self.get(self.url, Range=f"bytes={text}")
            self.assertEqual(answer.status, 416)
            self.assertEqual(answer.headers["Content-Range"], f"bytes */{len(self.image)}")

    def test_ranges_that_are_none_are_ignored(self):
        for text in ("bytes=", "bytes=x-", "bytes=9-3", "bytes=0-1,5-6", "lines=0-1", "bytes=-", "bytes=--5",
                     "bytes=99999999999999999999-"):
            answer = self.get(self.url, Range=text)
            self.assertEqual((answer.status, len(answer.body)), (200, len(self.image)), text)

    def test_if_range_resumes_the_same_file_only(self):
        etag = self.get(self.url).headers["ETag"]
        self.assertEqual(self.get(self.url, Range="bytes=5-", If_Range=etag).status, 206)
        self.assertEqual(self.get(self.url, Range="bytes=5-", If_Range='"other"').status, 200)

    def test_conditional_requests(self):
        first = self.get(self.url)
        etag, modified = first.headers["ETag"], first.headers["Last-Modified"]
        for headers in ({"If_None_Match": etag}, {"If_None_Match": f'"x", W/{etag}'}, {"If_None_Match": "*"},
                        {"If_Modified_Since": modified}):
            answer = self.get(self.url, **headers)
            self.assertEqual((answer.status, answer.body), (304, b""), headers)
            self.assertEqual(answer.headers["ETag"], etag)
        for headers in ({"If_None_Match": '"x"'}, {"If_Modified_Since": "Sat, 01 Jan 2000 00:00:00 GMT"},
                        {"If_Modified_Since": "yesterday"}, {"If_None_Match": '"x"', "If_Modified_Since": modified}):
            self.assertEqual(self.get(self.url, **headers).status, 200, headers)

    def test_a_replaced_file_has_another_tag(self):
        before = self.get("/car/director/1.root.json")
        path = self.write("new", b"CAR")
        os.utime(path, (0, os.stat(self.path("director/car/director/1.root.json")).st_mtime))
        os.rename(path, self.path("director/car/director/1.root.json"))
        after = self.get("/car/director/1.root.json", If_None_Match=before.headers["ETag"])
        self.assertEqual((after.status, after.body), (200, b"CAR"))

    def test_head_is_get_without_the_body(self):
        answer = self.get(self.url, method="HEAD")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.headers["Content-Length"], str(len(self.image)))

    def test_other_methods_are_refused(self):
        for method, path in (("DELETE", "/repo/timestamp.json"), ("PUT", "/repo/timestamp.json"),
                             ("POST", "/status"), ("POST", "/car/director/manifest"), ("PUT", "/car/director/x")):
            answer = self.get(path, method=method)
            self.assert_refused(answer, 405, "method_not_allowed")

    def test_connections_are_kept(self):
        with contextlib.closing(self.server.connection()) as connection:
            connection.connect()
            used = connection.sock
            for path in ("/car/director/1.root.json", "/car/director/2.root.json", self.url, "/status"):
                connection.request("GET", path)
                connection.getresponse().read()
                self.assertIs(connection.sock, used)

    def test_an_empty_file_is_served(self):
        self.write("image/empty", b"")
        answer = self.get("/repo/empty")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(self.get("/repo/empty", Range="bytes=0-").status, 416)


class LimitTest(DirectorTest):
    def test_a_body_that_announces_too_much_is_refused_unread(self):
        _, server = self.serve_one()
        for path, length in (("/car/director/manifest", 4 * 1024 * 1024 + 1), ("/car/director/manifest", 10 ** 30)):
            with contextlib.closing(server.connection()) as connection:
                connection.putrequest("PUT", path)
                connection.putheader("Content-Length", str(length))
                connection.endheaders()
                answer = Answer(connection.getresponse())
                self.assertEqual(answer.status, 413)

    def test_an_endless_body_ends_the_connection(self):
        _, server = self.serve_one()

        def endless():
            while True:
                yield b" " * 65536

        with self.assertRaises((OSError, http.client.HTTPException)):
            server.ask("PUT", "/car/director/manifest", endless(), {"Transfer-Encoding": "chunked"}, chunked=True)
        self.assertTrue(any("limit_file" in line for line in self.log_lines()))
        self.assertEqual(server.ask("GET", "/car/director/1.root.json").status, 200)

    def test_a_body_with_get_is_not_taken(self):
        _, server = self.serve_one()
        answer = server.ask("GET", "/status", "x" * 100)
        self.assert_refused(answer, 413, "limit_file")

    def test_a_silent_client_holds_nobody_up(self):
        vehicle, server = self.serve_one()
        body = json.dumps(vehicle.manifest()).encode()
        with socket.create_connection(("127.0.0.1", server.port)) as silent, \
                socket.create_connection(("127.0.0.1", server.port)) as half:
            silent.sendall(b"PUT /car/dire")
            half.sendall(b"PUT /car/director/manifest HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
            half.sendall(body[:100])
            self.assertEqual(server.ask("PUT", "/car/director/manifest", vehicle.manifest(2)).status, 200)

    def test_connections_of_one_address_are_bounded(self):
        _, server = self.serve_one("--connections-per-ip", "3")
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                connection = stack.enter_context(contextlib.closing(server.connection()))
                connection.request("GET", "/car/director/1.root.json")
                self.assertEqual(connection.getresponse().read(), b"car")
            with self.assertRaises((OSError, http.client.HTTPException)):
                server.ask("GET", "/car/director/1.root.json")

    def test_nonsense_is_survived(self):
        _, server = self.serve_one()
        for nonsense in (b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", bytes(range(256)) * 20,
                         b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", server.port)) as client, \
                    contextlib.suppress(ConnectionError):
                client.sendall(nonsense)
            self.assertEqual(server.ask("GET", "/car/director/1.root.json").status, 200)

    def test_a_full_disk_refuses_and_forgets_nothing(self):
        vehicle, server = self.serve_one()
        path = "/car/director/manifest"
        self.assertEqual(server.ask("PUT", path, vehicle.manifest(1)).status, 200)
        _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (4096, hard))
        answer = server.ask("PUT", path, vehicle.manifest(2))
        self.assert_refused(answer, 500, "state")
        self.assertIn(b"File too large", answer.body)
        self.assertEqual(server.ask("GET", "/car/director/1.root.json").status, 200)
        self.assertEqual(self.status_of(server, "car")["ecus"][vehicle.brake]["report_counter"], 1)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        self.assertEqual(server.ask("PUT", path, vehicle.manifest(2)).status, 200)


class StatusTest(DirectorTest):
    def test_vehicles_come_in_pages(self):
        names = [f"car-{number:03}" for number in range(150)]
        for name in names:
            self.write(f"director/{name}/director/1.root.json", b"{}")
        server = self.serve(dialect="legacy", inventory=False)
        first = server.ask("GET", "/status").json
        second = server.ask("GET", f"/status?after={first['next']}").json
        self.assertNotIn("next", second)
        self.assertEqual([v["vehicle"] for v in first["vehicles"] + second["vehicles"]], names)

    def test_an_unknown_vehicle_is_404(self):
        _, server = self.serve_one()
        self.assert_refused(server.ask("GET", "/status?vehicle=boat"), 404, "unknown_vehicle")
        self.assert_refused(server.ask("GET", "/status?vehicle=..%2f.."), 404, "unknown_vehicle")


class TlsTest(DirectorTest):
    def setUp(self):
        super().setUp()
        self.ca_key = ec.generate_private_key(ec.SECP256R1())
        self.ca = self.certificate("ca", self.ca_key, self.ca_key, "ca", True)

    def certificate(self, name, key, issuer_key, issuer, is_ca=False):
        now = datetime.datetime.utcnow()
        certificate = (x509.CertificateBuilder()
                       .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
                       .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
                       .public_key(key.public_key()).serial_number(x509.random_serial_number())
                       .not_valid_before(now - datetime.timedelta(days=1))
                       .not_valid_after(now + datetime.timedelta(days=1))
                       .add_extension(x509.BasicConstraints(is_ca, None), True)
                       .sign(issuer_key, hashes.SHA256()))
        self.write(f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM))
        self.write(f"{name}.key", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                    serialization.NoEncryption()))
        return certificate

    def client(self, name=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.path("ca.crt"))
        if name is not None:
            context.load_cert_chain(self.path(f"{name}.crt"), self.path(f"{name}.key"))
        return context

    def test_the_client_certificate_names_the_vehicle(self):
        for name in ("server", "car", "boat", "operator"):
            self.certificate(name, ec.generate_private_key(ec.SECP256R1()), self.ca_key, "ca")
        own = ec.generate_private_key(ec.SECP256R1())
        self.certificate("stranger", own, own, "stranger")
        car, boat = Vehicle("car"), Vehicle("boat")
        self.publish(car, boat)
        server = self.serve("--tls-cert", self.path("server.crt"), "--tls-key", self.path("server.key"),
                            "--tls-client-ca", self.path("ca.crt"), tls=self.client("car"))
        self.assertEqual(server.ask("GET", "/director/1.root.json").body, b"car")
        self.assertEqual(server.ask("GET", "/car/director/1.root.json").body, b"car")
        self.assert_refused(server.ask("GET", "/boat/director/1.root.json"), 403, "wrong_vehicle")
        self.assertEqual(server.ask("PUT", "/director/manifest", car.manifest()).status, 200)
        self.assertEqual(server.ask("PUT", "/director/manifest", boat.manifest(), tls=self.client("boat")).status, 200)
        self.assertEqual([v["vehicle"] for v in server.ask("GET", "/status").json["vehicles"]], ["car"])
        operator = self.client("operator")
        self.assertEqual(len(server.ask("GET", "/status", tls=operator).json["vehicles"]), 2)
        self.assertEqual(server.ask("GET", "/repo/timestamp.json", tls=operator).status, 200)
        self.assert_refused(server.ask("GET", "/car/director/1.root.json", tls=operator), 403, "wrong_vehicle")
        self.assert_refused(server.ask("GET", "/repo/timestamp.json", tls=self.client()), 403, "client_certificate")
        self.assert_refused(server.ask("GET", "/status", tls=self.client("stranger")), 403, "client_certificate")


class StartTest(DirectorTest):
    def run_program(self, *args):
        return subprocess.run([PROGRAM, *args], capture_output=True, text=True, check=False)

    def options(self, **changes):
        options = {"director-repo": self.path("director"), "image-repo": self.path("image"),
                   "inventory": self.path("inventory"), "db": self.path("db.sqlite"), "listen": "127.0.0.1:0"}
        options.update({name.replace("_", "-"): value for name, value in changes.items()})
        return {name: value for name, value in options.items() if value is not None}

    def assert_fails(self, status, word, *args):
        result = self.run_program(*args)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertIn(word, result.stderr)

    def flags(self, **changes):
        return [text for name, value in self.options(**changes).items() for text in (f"--{name}", value)]

    def test_help_and_version(self):
        for flag in ("--help", "--version"):
            result = self.run_program(flag)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn("lampyr-director", result.stdout)

    def test_wrong_usage_is_status_2(self):
        self.publish(Vehicle("car"))
        self.assert_fails(2, "director-repo", *self.flags(director_repo=None))
        self.assert_fails(2, "director-repo", *self.flags(director_repo=self.path("nowhere")))
        self.assert_fails(2, "image-repo", *self.flags(image_repo=self.path("nowhere")))
        self.assert_fails(2, "inventory", *self.flags(inventory=None))
        self.assert_fails(2, "listen", *self.flags(listen="127.0.0.1"))
        self.assert_fails(2, "listen", *self.flags(listen="127.0.0.1:65536"))
        self.assert_fails(2, "dialect", *self.flags(dialect="other"))
        self.assert_fails(2, "time-key", *self.flags(time_key=self.path("nowhere")))
        self.assert_fails(2, "connections-per-ip", *self.flags(connections_per_ip="0"))
        self.assert_fails(2, "tls-key", *self.flags(tls_cert=self.path("log")))
        self.assert_fails(2, "--no-such", "--no-such")
        self.assert_fails(2, "--db", "--db")
        self.assert_fails(2, "more", "more")

    def test_the_configuration_file_is_strict_and_flags_win(self):
        self.publish(Vehicle("car"))
        config = self.path("director.conf")

        def write(text):
            with open(config, "w", encoding="utf-8") as file:
                file.write(text)

        good = "".join(f"{name} = {value}\n" for name, value in self.options(listen="nonsense").items())
        write("# a comment\n" + good)
        server = Server(self.log, "--config", config)
        self.servers.append(server)
        self.assertEqual(server.ask("GET", "/director/1.root.json").body, b"car")
        server.stop()
        self.assert_fails(2, "listen", "--config", config)
        write(good + "colour = red\n")
        self.assert_fails(2, "colour", "--config", config)
        write(good + "connections-per-ip = many\n")
        self.assert_fails(2, "connections-per-ip", "--config", config)
        self.assert_fails(2, "nowhere", "--config", self.path("nowhere"))

    def test_relative_paths_in_the_configuration_file_are_relative_to_it(self):
        self.publish(Vehicle("car"))
        self.write("director.conf", b"director-repo = director\nimage-repo = image\ninventory = inventory\n"
                                    b"db = db.sqlite\n")
        server = Server(self.log, "--config", self.path("director.conf"))
        self.servers.append(server)
        self.assertEqual(server.ask("GET", "/director/1.root.json").body, b"car")

    def test_a_second_server_on_the_same_database_is_status_4(self):
        self.publish(Vehicle("car"))
        self.serve()
        self.assert_fails(4, "in use", *self.flags())

    def test_a_damaged_or_foreign_database_is_status_4_and_left_alone(self):
        self.publish(Vehicle("car"))
        self.write("db.sqlite", b"not a database" * 100)
        self.assert_fails(4, "db.sqlite", *self.flags())
        with open(self.path("db.sqlite"), "rb") as file:
            self.assertEqual(file.read(), b"not a database" * 100)
        with contextlib.closing(sqlite3.connect(self.path("other.sqlite"))) as other:
            other.execute("CREATE TABLE vehicle(x)")
        with open(self.path("other.sqlite"), "rb") as file:
            before = file.read()
        self.assert_fails(4, "not a database of this version", *self.flags(db=self.path("other.sqlite")))
        with open(self.path("other.sqlite"), "rb") as file:
            self.assertEqual(file.read(), before)
        self.assert_fails(4, "db", *self.flags(db=self.path("nowhere/db.sqlite")))

    def test_an_address_in_use_is_status_3(self):
        self.publish(Vehicle("car"))
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.assert_fails(3, "listen", *self.flags(listen=f"127.0.0.1:{taken.getsockname()[1]}"))


if __name__ == "__main__":
    unittest.main()
