#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What vehicles send to lampyr-director: manifests, registrations, time requests."""
import base64
import datetime
import json
import os
import unittest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from director_harness import UPTANE_REPOS, DirectorTest, Key, Server, Vehicle, canonical, needs_shared


class ManifestTest(DirectorTest):
    def put(self, server, manifest, vehicle="car"):
        return server.ask("PUT", f"/{vehicle}/director/manifest", manifest)

    def test_a_good_manifest_is_accepted_and_shown(self):
        vehicle, server = self.serve_one()
        report = vehicle.report(vehicle.brake, 7, attacks_detected="expired image_hash", failed_image="v2.bin")
        reports = vehicle.reports(7)
        reports[vehicle.brake] = vehicle.keys[vehicle.brake].envelope(report)
        self.assertEqual(self.put(server, vehicle.manifest(reports=reports)).status, 200)
        status = self.status_of(server, "car")
        self.assertEqual(status["inventory"], "provisioned")
        self.assertEqual(status["manifests_accepted"], 1)
        self.assertTrue(status["last_manifest_names_vehicle"])
        brake = status["ecus"][vehicle.brake]
        self.assertEqual(brake["image"], "v1.bin")
        self.assertEqual(brake["image_bytes"], 65536)
        self.assertEqual(brake["image_sha256"], "ab" * 32)
        self.assertEqual(brake["report_counter"], 7)
        self.assertEqual(brake["attacks_detected"], "expired image_hash")
        self.assertEqual(brake["failed_image"], "v2.bin")
        self.assertTrue(brake["in_last_manifest"])

    def test_indented_bodies_are_the_same_as_compact_ones(self):
        vehicle, server = self.serve_one()
        self.assertEqual(self.put(server, json.dumps(vehicle.manifest(), indent=4)).status, 200)

    def test_the_manifest_must_be_signed_by_the_primary(self):
        vehicle, server = self.serve_one()
        self.assert_refused(self.put(server, vehicle.manifest(signer=vehicle.keys[vehicle.brake])), 403,
                            "signature_threshold")

    def test_a_changed_manifest_does_not_verify(self):
        vehicle, server = self.serve_one()
        manifest = vehicle.manifest()
        manifest["signed"]["added"] = "later"
        self.assert_refused(self.put(server, manifest), 403, "signature_threshold")

    def test_each_report_must_be_signed_by_its_ecu(self):
        vehicle, server = self.serve_one()
        for serial in vehicle.keys:
            with self.subTest(serial):
                reports = vehicle.reports(1)
                reports[serial] = Key().envelope(vehicle.report(serial, 1))
                answer = self.put(server, vehicle.manifest(reports=reports))
                self.assert_refused(answer, 403, "signature_threshold")
                self.assertIn(serial, answer.body.decode())

    def test_an_unknown_ecu_is_refused(self):
        vehicle, server = self.serve_one()
        reports = vehicle.reports(1)
        reports["stranger"] = Key().envelope(vehicle.report("stranger", 1))
        self.assert_refused(self.put(server, vehicle.manifest(reports=reports)), 403, "unknown_ecu")

    def test_a_report_must_be_about_the_ecu_it_stands_for(self):
        vehicle, server = self.serve_one()
        reports = vehicle.reports(1)
        reports[vehicle.brake] = vehicle.keys[vehicle.brake].envelope(vehicle.report(vehicle.radar, 1))
        self.assert_refused(self.put(server, vehicle.manifest(reports=reports)), 403, "unknown_ecu")

    def test_the_primary_must_be_that_of_the_inventory(self):
        vehicle, server = self.serve_one()
        self.assert_refused(self.put(server, vehicle.manifest(primary_ecu_serial=vehicle.brake)), 403, "unknown_ecu")

    def test_the_vehicle_must_be_named_and_match(self):
        vehicle, server = self.serve_one()
        self.assert_refused(self.put(server, vehicle.manifest(vehicle="boat")), 403, "wrong_vehicle")
        self.assert_refused(self.put(server, vehicle.manifest(vehicle=None)), 400, "field_missing")

    def test_every_inventoried_ecu_must_be_there(self):
        vehicle, server = self.serve_one()
        reports = vehicle.reports(1)
        del reports[vehicle.radar]
        answer = self.put(server, vehicle.manifest(reports=reports))
        self.assert_refused(answer, 403, "missing_ecu")
        self.assertIn(vehicle.radar, answer.body.decode())

    def test_every_report_needs_a_counter(self):
        vehicle, server = self.serve_one()
        reports = vehicle.reports(1)
        reports[vehicle.brake] = vehicle.keys[vehicle.brake].envelope(
            vehicle.report(vehicle.brake, 1, report_counter=None))
        self.assert_refused(self.put(server, vehicle.manifest(reports=reports)), 400, "field_missing")

    def test_a_counter_beyond_63_bits_is_refused(self):
        vehicle, server = self.serve_one()
        reports = vehicle.reports(1)
        reports[vehicle.brake] = vehicle.keys[vehicle.brake].envelope(vehicle.report(vehicle.brake, 2 ** 63))
        self.assert_refused(self.put(server, vehicle.manifest(reports=reports)), 400, "field_value")

    def test_a_manifest_is_accepted_once(self):
        vehicle, server = self.serve_one()
        manifest = vehicle.manifest(5)
        self.assertEqual(self.put(server, manifest).status, 200)
        self.assert_refused(self.put(server, manifest), 409, "replayed_report")
        self.assert_refused(self.put(server, vehicle.manifest(4)), 409, "replayed_report")
        self.assertEqual(self.put(server, vehicle.manifest(6)).status, 200)

    def test_an_old_report_in_a_new_manifest_is_a_replay(self):
        vehicle, server = self.serve_one()
        old = vehicle.reports(1)
        self.assertEqual(self.put(server, vehicle.manifest(reports=old)).status, 200)
        reports = vehicle.reports(2)
        reports[vehicle.radar] = old[vehicle.radar]
        answer = self.put(server, vehicle.manifest(reports=reports))
        self.assert_refused(answer, 409, "replayed_report")
        self.assertIn(vehicle.radar, answer.body.decode())

    def test_counters_outlive_the_server(self):
        vehicle, server = self.serve_one()
        self.assertEqual(self.put(server, vehicle.manifest(5)).status, 200)
        self.assertEqual(server.stop(), 0)
        server = self.serve()
        self.assert_refused(self.put(server, vehicle.manifest(5)), 409, "replayed_report")

    def test_counters_outlive_a_killed_server(self):
        vehicle, server = self.serve_one()
        self.assertEqual(self.put(server, vehicle.manifest(5)).status, 200)
        server.process.kill()
        server.process.wait()
        server.process.stdout.close()
        server = self.serve()
        self.assert_refused(self.put(server, vehicle.manifest(5)), 409, "replayed_report")

    def test_an_ecu_with_a_new_key_counts_anew(self):
        vehicle, server = self.serve_one()
        self.assertEqual(self.put(server, vehicle.manifest(5)).status, 200)
        vehicle.keys[vehicle.brake] = Key()
        self.publish(vehicle)
        reports = vehicle.reports(6)
        reports[vehicle.brake] = vehicle.keys[vehicle.brake].envelope(vehicle.report(vehicle.brake, 1))
        self.assertEqual(self.put(server, vehicle.manifest(reports=reports)).status, 200)
        reports = vehicle.reports(7)
        reports[vehicle.brake] = vehicle.keys[vehicle.brake].envelope(vehicle.report(vehicle.brake, 1))
        self.assert_refused(self.put(server, vehicle.manifest(reports=reports)), 409, "replayed_report")

    def test_a_report_from_the_future_is_refused(self):
        vehicle, server = self.serve_one()
        now = datetime.datetime.now(datetime.timezone.utc)
        for ahead, status in ((datetime.timedelta(hours=1), 403), (datetime.timedelta(0), 200)):
            reports = vehicle.reports(1)
            time = (now + ahead).strftime("%Y-%m-%dT%H:%M:%SZ")
            reports[vehicle.brake] = vehicle.keys[vehicle.brake].envelope(
                vehicle.report(vehicle.brake, 1, timeserver_time=time))
            answer = self.put(server, vehicle.manifest(reports=reports))
            self.assertEqual(answer.status, status)
            if status != 200:
                self.assertEqual(answer.name, "report_time")

    def test_malformed_bodies_are_named(self):
        vehicle, server = self.serve_one()
        good = json.dumps(vehicle.manifest())
        bodies = {"json_syntax": good[:-1], "json_trailing": good + "x", "json_number": '{"signed": 1.5}',
                  "json_duplicate_key": '{"signed":{},"signed":{}}', "field_missing": "{}", "field_type": "[]",
                  "limit_depth": "[" * 1000 + "]" * 1000}
        for name, body in bodies.items():
            with self.subTest(name):
                self.assert_refused(self.put(server, body), 400, name)
        self.assertEqual(self.put(server, "").status, 400)
        self.assertEqual(self.put(server, good).status, 200)

    def test_no_truncated_manifest_is_taken(self):
        vehicle, server = self.serve_one()
        body = json.dumps(vehicle.manifest())
        for length in range(0, len(body), 97):
            self.assertEqual(self.put(server, body[:length]).status, 400)

    def test_of_a_refused_manifest_only_the_refusal_is_kept(self):
        vehicle, server = self.serve_one()
        self.assertEqual(self.put(server, vehicle.manifest(1)).status, 200)
        before = self.status_of(server, "car")
        reports = vehicle.reports(2)
        reports[vehicle.radar] = Key().envelope(vehicle.report(vehicle.radar, 2))
        self.assertEqual(self.put(server, vehicle.manifest(reports=reports)).status, 403)
        after = self.status_of(server, "car")
        self.assertEqual(after["ecus"], before["ecus"])
        self.assertEqual(after["requests_refused"], 1)
        self.assertEqual(after["refusals"][0]["code"], "signature_threshold")
        self.assertEqual(self.put(server, vehicle.manifest(2)).status, 200)

    def test_the_history_of_refusals_is_bounded(self):
        vehicle, server = self.serve_one()
        for number in range(40):
            self.put(server, vehicle.manifest(vehicle=f"boat-{number}"))
        self.put(server, vehicle.manifest(vehicle="boat-39"))
        status = self.status_of(server, "car")
        self.assertEqual(status["requests_refused"], 41)
        self.assertEqual(len(status["refusals"]), 16)
        self.assertEqual(status["refusals"][0]["times"], 2)

    def test_a_refusal_is_one_line_whatever_the_names_are(self):
        vehicle, server = self.serve_one()
        answer = self.put(server, vehicle.manifest(vehicle="x\n\u001b[31mfake: line\u00e9"))
        self.assert_refused(answer, 403, "wrong_vehicle")
        self.assertEqual(len([line for line in self.log_lines() if "wrong_vehicle" in line]), 1)

    def test_a_long_installation_report_is_not_kept(self):
        vehicle, server = self.serve_one()
        self.assertEqual(self.put(server, vehicle.manifest(1, installation_report={"a": [1, "b"]})).status, 200)
        self.assertEqual(self.status_of(server, "car")["installation_report"], {"a": [1, "b"]})
        self.assertEqual(self.put(server, vehicle.manifest(2, installation_report="x" * 20000)).status, 200)
        self.assertEqual(self.status_of(server, "car")["installation_report"], "too long to keep")

    def test_a_manifest_of_another_vehicle_is_refused_and_vehicles_stay_apart(self):
        car, boat = Vehicle("car"), Vehicle("boat")
        self.publish(car, boat)
        server = self.serve()
        self.assert_refused(self.put(server, car.manifest(), "boat"), 403, "signature_threshold")
        self.assertEqual(self.put(server, car.manifest(9), "car").status, 200)
        self.assertEqual(self.put(server, boat.manifest(1), "boat").status, 200)
        self.assertEqual(server.ask("GET", "/car/director/1.root.json").body, b"car")
        self.assertEqual(server.ask("GET", "/boat/director/1.root.json").body, b"boat")
        self.assert_refused(server.ask("GET", "/director/1.root.json"), 404, "unknown_vehicle")
        self.assert_refused(self.put(server, car.manifest(10), "train"), 404, "unknown_vehicle")
        status = server.ask("GET", "/status").json
        self.assertEqual([v["vehicle"] for v in status["vehicles"]], ["boat", "car"])
        self.assertEqual(set(status["vehicles"][0]["ecus"]), set(boat.keys))

    def test_one_vehicle_needs_no_name_in_the_url(self):
        vehicle, server = self.serve_one()
        self.assertEqual(server.ask("GET", "/director/1.root.json").body, b"car")
        self.assertEqual(server.ask("PUT", "/director/manifest", vehicle.manifest()).status, 200)

    def test_the_inventory_counts_as_it_is_now(self):
        vehicle, server = self.serve_one()
        inventory = vehicle.inventory()
        self.write("inventory/car/ecus.json", b"{")
        self.assert_refused(self.put(server, vehicle.manifest()), 500, "inventory")
        self.write("inventory/car/ecus.json", {**inventory, "vehicle": "boat"})
        self.assert_refused(self.put(server, vehicle.manifest()), 500, "inventory")
        self.write("inventory/car/ecus.json", {**inventory, "primary": "nobody"})
        self.assert_refused(self.put(server, vehicle.manifest()), 500, "inventory")
        self.write("inventory/car/ecus.json", inventory)
        self.assertEqual(self.put(server, vehicle.manifest()).status, 200)


class LegacyTest(DirectorTest):
    def request(self, name):
        with open(os.path.join(UPTANE_REPOS, "client-requests", name), "rb") as file:
            return file.read()

    def serve_stage(self):
        stage = os.path.join(UPTANE_REPOS, "stage1_update3")
        server = Server(self.log, "--dialect", "legacy", "--director-repo", os.path.join(stage, "director"),
                        "--image-repo", os.path.join(stage, "repo"), "--db", self.path("db.sqlite"))
        self.servers.append(server)
        return server

    @needs_shared
    def test_a_real_client_is_accepted(self):
        server = self.serve_stage()
        before = self.request("put_director_manifest_nothing_installed.json")
        after = self.request("put_director_manifest_after_update.json")
        self.assert_refused(server.ask("PUT", "/director/manifest", before), 403, "unknown_ecu")
        ecus = self.request("post_director_ecus.json")
        self.assertEqual(server.ask("POST", "/director/ecus", ecus).status, 200)
        self.assertEqual(server.ask("POST", "/director/ecus", ecus).status, 200)
        self.assertEqual(server.ask("PUT", "/director/manifest", before).status, 200)
        self.assertEqual(server.ask("PUT", "/director/manifest", after).status, 200)
        self.assert_refused(server.ask("PUT", "/director/manifest", before), 409, "replayed_report")
        status = server.ask("GET", "/status").json["vehicles"][0]
        self.assertEqual(status["inventory"], "trusted on first registration")
        self.assertFalse(status["last_manifest_names_vehicle"])
        self.assertEqual(status["ecus"]["primary-0001"]["report_counter"], 5)
        self.assertIsNone(status["ecus"]["sec-ivi-0001"]["report_counter"])
        self.assertEqual(status["ecus"]["sec-ivi-0001"]["image"], "ivi-1m-v1.bin")
        self.assertEqual(status["installation_report"], json.loads(after)["signed"]["installation_report"])

    @needs_shared
    def test_a_changed_real_manifest_is_refused(self):
        server = self.serve_stage()
        self.assertEqual(server.ask("POST", "/director/ecus", self.request("post_director_ecus.json")).status, 200)
        body = self.request("put_director_manifest_after_update.json")
        self.assert_refused(server.ask("PUT", "/director/manifest", body.replace(b"urn:lab:campaign:1", b"urn:lab:x")),
                            403, "signature_threshold")

    @needs_shared
    def test_the_published_files_are_served_unchanged(self):
        server = self.serve_stage()
        stage = os.path.join(UPTANE_REPOS, "stage1_update3")
        for url, name in (("/director/1.root.json", "director/1.root.json"), ("/repo/targets.json", "repo/targets.json"),
                          ("/repo/delegations/supplier-radar.json", "repo/delegations/supplier-radar.json"),
                          ("/repo/targets/ivi-1m-v1.bin", "repo/targets/ivi-1m-v1.bin"),
                          ("/repo/targets/radar%2Fdsp%2Fdsp-64k-v3.bin", "repo/targets/radar/dsp/dsp-64k-v3.bin")):
            with open(os.path.join(stage, name), "rb") as file:
                self.assertEqual(server.ask("GET", url).body, file.read(), url)
        self.assertEqual(server.ask("GET", "/director/2.root.json").status, 404)

    def first_use(self):
        vehicle = Vehicle("car", "legacy")
        self.write("director/car/director/1.root.json", b"{}")
        return vehicle, self.serve(dialect="legacy", inventory=False)

    def test_what_registers_first_is_trusted_and_nothing_else(self):
        vehicle, server = self.first_use()
        registration = vehicle.registration()
        self.assertEqual(server.ask("POST", "/car/director/ecus", registration).status, 200)
        other = Vehicle("car", "legacy")
        self.assert_refused(server.ask("POST", "/car/director/ecus", other.registration()), 403, "unknown_ecu")
        registration["ecus"].append({"clientKey": Key("ed25519", "legacy").object, "ecu_serial": "late",
                                     "hardware_identifier": "hw"})
        self.assert_refused(server.ask("POST", "/car/director/ecus", registration), 403, "unknown_ecu")
        self.assertEqual(server.ask("PUT", "/car/director/manifest", vehicle.manifest()).status, 200)
        self.assertEqual(server.ask("PUT", "/car/director/manifest", other.manifest(2)).status, 403)

    def test_a_first_registration_must_contain_its_primary(self):
        vehicle, server = self.first_use()
        self.assert_refused(server.ask("POST", "/car/director/ecus",
                                       {**vehicle.registration(), "primary_ecu_serial": "nobody"}), 403, "unknown_ecu")
        self.assertEqual(self.status_of(server, "car")["inventory"], "none")

    def test_what_may_be_absent_is_shown_as_absent(self):
        vehicle, server = self.first_use()
        self.assertEqual(server.ask("POST", "/car/director/ecus", vehicle.registration()).status, 200)
        self.assertEqual(server.ask("PUT", "/car/director/manifest", vehicle.manifest(4)).status, 200)
        reports = {vehicle.primary: vehicle.keys[vehicle.primary].envelope(
            vehicle.report(vehicle.primary, 1, report_counter=None))}
        self.assertEqual(server.ask("PUT", "/car/director/manifest",
                                    vehicle.manifest(reports=reports, vehicle=None)).status, 200)
        status = self.status_of(server, "car")
        self.assertFalse(status["last_manifest_names_vehicle"])
        self.assertFalse(status["ecus"][vehicle.brake]["in_last_manifest"])
        self.assertTrue(status["ecus"][vehicle.primary]["in_last_manifest"])
        self.assert_refused(server.ask("PUT", "/car/director/manifest", vehicle.manifest(4)), 409, "replayed_report")

    def test_what_is_there_must_be_right(self):
        vehicle, server = self.first_use()
        self.assertEqual(server.ask("POST", "/car/director/ecus", vehicle.registration()).status, 200)
        self.assert_refused(server.ask("PUT", "/car/director/manifest", vehicle.manifest(vehicle="boat")), 403,
                            "wrong_vehicle")

    def test_an_inventory_rules_out_trust_on_first_use(self):
        vehicle = Vehicle("car", "legacy")
        self.publish(vehicle)
        server = self.serve(dialect="legacy")
        self.assert_refused(server.ask("POST", "/car/director/ecus", Vehicle("car", "legacy").registration()), 403,
                            "unknown_ecu")
        self.assertEqual(server.ask("POST", "/car/director/ecus", vehicle.registration()).status, 200)


class RegistrationTest(DirectorTest):
    def test_a_registration_as_inventoried_is_accepted_again_and_again(self):
        vehicle, server = self.serve_one()
        for _ in range(2):
            self.assertEqual(server.ask("POST", "/car/director/ecus", vehicle.registration()).status, 200)
        self.assertIsNotNone(self.status_of(server, "car")["ecus"][vehicle.brake]["registered_at"])

    def test_other_serials_keys_hardware_and_primaries_are_refused(self):
        vehicle, server = self.serve_one()

        def breach(name, change):
            registration = vehicle.registration()
            change(registration)
            self.assert_refused(server.ask("POST", "/car/director/ecus", registration), 403, name)

        breach("unknown_ecu", lambda r: r["ecus"][1].update(ecu_serial="stranger"))
        breach("unknown_ecu", lambda r: r["ecus"][1].update(clientKey=Key("ecdsa").object))
        breach("wrong_hardware", lambda r: r["ecus"][1].update(hardware_identifier="other-hw"))
        breach("unknown_ecu", lambda r: r.update(primary_ecu_serial=vehicle.brake))
        breach("repeated_ecu", lambda r: r["ecus"].append(r["ecus"][0]))
        self.assertTrue(all(e["registered_at"] is None for e in self.status_of(server, "car")["ecus"].values()))

    def test_malformed_registrations_are_named(self):
        vehicle, server = self.serve_one()
        bodies = {"json_syntax": "{", "field_type": "[]", "field_missing": {"primary_ecu_serial": vehicle.primary},
                  "field_value": {"primary_ecu_serial": vehicle.primary, "ecus": []},
                  "limit_ecus": {"primary_ecu_serial": vehicle.primary, "ecus": [{}] * 1025}}
        for name, body in bodies.items():
            with self.subTest(name):
                self.assert_refused(server.ask("POST", "/car/director/ecus", body), 400, name)

    def test_tuf_has_no_trust_on_first_use(self):
        vehicle, server = self.serve_one()
        os.remove(self.path("inventory/car/ecus.json"))
        self.assert_refused(server.ask("POST", "/car/director/ecus", vehicle.registration()), 403, "unknown_ecu")
        self.assert_refused(server.ask("PUT", "/car/director/manifest", vehicle.manifest()), 403, "unknown_ecu")


class TimeTest(DirectorTest):
    def attested(self, dialect, kinds):
        """Asks a server with one key of each kind for time; returns the keys and the answer."""
        keys = [Key(kind, dialect) for kind in kinds]
        args = []
        for number, key in enumerate(keys):
            key.save(self.path(f"time{number}.pem"))
            args += ["--time-key", self.path(f"time{number}.pem")]
        self.publish(Vehicle("car", dialect))
        server = self.serve(*args, dialect=dialect)
        nonces = ["0011223344556677", "ffeeddccbbaa9988"]
        answer = server.ask("POST", "/car/director/time", {"nonces": nonces})
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(answer.json["signed"]["nonces"], nonces)
        return server, keys, answer

    def verify(self, key, signature, message):
        public = key.private.public_key()
        if key.kind == "ed25519":
            public.verify(signature, message)
        elif key.kind == "ecdsa":
            public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        else:
            public.verify(signature, message, padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO),
                          hashes.SHA256())

    def test_time_carries_the_nonces_and_every_signature_verifies(self):
        for dialect in ("tuf", "legacy"):
            with self.subTest(dialect):
                server, keys, answer = self.attested(dialect, ["ed25519", "ecdsa", "rsa"])
                document = answer.json
                self.assertEqual(answer.body, canonical(document, dialect), "the answer is canonical")
                self.assertEqual(document["signed"]["_type"], "time")
                self.assertEqual(len(document["signatures"]), 3)
                for key, entry in zip(keys, document["signatures"]):
                    signature = bytes.fromhex(entry["sig"]) if dialect == "tuf" else base64.b64decode(entry["sig"])
                    self.verify(key, signature, canonical(document["signed"], dialect))
                server.stop()
                os.remove(self.path("db.sqlite"))

    def test_the_keyid_is_that_of_the_key_object(self):
        _, keys, answer = self.attested("tuf", ["ed25519"])
        self.assertEqual(answer.json["signatures"][0]["keyid"], keys[0].keyid)

    def test_time_is_the_servers_clock(self):
        before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        _, _, answer = self.attested("tuf", ["ed25519"])
        after = datetime.datetime.now(datetime.timezone.utc)
        time = datetime.datetime.strptime(answer.json["signed"]["time"], "%Y-%m-%dT%H:%M:%S%z")
        self.assertTrue(before <= time <= after)

    def test_other_than_1_to_1024_nonces_of_8_bytes_are_refused(self):
        server, _, _ = self.attested("tuf", ["ed25519"])
        good = "0123456789abcdef"
        self.assertEqual(server.ask("POST", "/car/director/time", {"nonces": [good] * 1024}).status, 200)
        for name, nonces in (("field_value", [good] * 1025), ("field_value", [good.upper()]), ("field_value", ["01"]),
                             ("field_value", [good + "0"]), ("field_value", [1]), ("field_type", []),
                             ("field_type", good)):
            self.assert_refused(server.ask("POST", "/car/director/time", {"nonces": nonces}), 400, name)
        self.assert_refused(server.ask("POST", "/car/director/time", "{"), 400, "json_syntax")

    def test_without_a_time_key_there_is_no_signed_time(self):
        _, server = self.serve_one()
        self.assert_refused(server.ask("POST", "/car/director/time", {"nonces": ["0123456789abcdef"]}), 404,
                            "time_no_key")


if __name__ == "__main__":
    unittest.main()
