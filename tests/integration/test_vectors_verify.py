#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A sample of the test vectors through lampyr-verify, over folders: at least one for each code that can be had so.

LAMPYR_BIN is the folder of the programs, LAMPYR_SOURCE that of the project.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

PROGRAM = os.path.join(os.environ["LAMPYR_BIN"], "lampyr-verify")
VECTORS = pathlib.Path(os.environ["LAMPYR_SOURCE"]) / "test-vectors"
SAMPLE = 60
EXIT = {"accepted": 0, "refused": 1, "failed": 3}
COMPARED = ("verdict", "code", "repository", "repository_name", "role", "file")


def verdicts(vector):
    """All that is said in a vector, run and images."""
    for step in vector["steps"]:
        yield step["expect"]
        yield from step["expect"].get("targets", ())


def codes(vector):
    return {v["code"] for v in verdicts(vector)} | {v.get("download", "ok") for v in verdicts(vector)}


def is_suitable(vector):
    """Can the command line express it? It has no counter floors, damages no state, and has the gateway's limits."""
    name = vector["name"]
    if vector["procedure"] not in ("full", "partial") or "only_listed_ecus" in vector:
        return False
    if vector["procedure"] == "partial" and name.split("/")[0] not in ("orders", "state", "threats"):
        return False
    if vector["procedure"] == "full" and not vector.get("always_check_image_repository"):
        return False
    for step in vector["steps"]:
        files = [(path, entry) for paths in step["files"].values() for path, entry in paths.items()]
        if "stored" in step or any("%" in path or "fails" in entry for path, entry in files if path and entry):
            return False
        if any(ecu.get("counter_floor") for ecu in step.get("ecus", ())):
            return False
    return True


def sample():
    """The first vector with each code, then others from all over."""
    suitable = [v for path in sorted((VECTORS / "vectors").rglob("*.json"))
                for v in [json.loads(path.read_text())] if is_suitable(v)]
    chosen, seen = [], set()
    for vector in suitable:
        if not codes(vector) <= seen:
            seen |= codes(vector)
            chosen.append(vector)
    chosen += [v for v in suitable if "map" in v and v not in chosen][::8]
    others = [v for v in suitable if v not in chosen]
    more = max(SAMPLE - len(chosen), 0)
    return chosen + others[::len(others) // more + 1] if more else chosen


def blob(entry):
    """The bytes of an entry of `files`."""
    if isinstance(entry, str):
        return (VECTORS / "blobs" / entry).read_bytes()
    return blob(entry["blob"]).ljust(entry["pad_to"])


class Vehicle:
    """A scratch folder with the repositories of a step, and the state between the steps."""

    def __init__(self, folder, vector):
        self.folder = pathlib.Path(folder)
        self.vector = vector
        self.ecus = []
        for kind, root in vector["provisioned"].items():
            if root:
                (self.folder / f"{kind}.root.json").write_bytes(blob(root))

    def serve(self, number, step):
        web = self.folder / f"web{number}"
        for kind, files in step["files"].items():
            (web / kind).mkdir(parents=True)
            for path, entry in files.items():
                (web / kind / path).parent.mkdir(parents=True, exist_ok=True)
                (web / kind / path).write_bytes(blob(entry))
        return web

    def map(self, web):
        """The vector's repository map, for the folders of a step."""
        document = json.loads(blob(self.vector["map"]))
        document["repositories"] = {name: [str(web / name)] for name in document["repositories"] if name != "director"}
        path = self.folder / "map.json"
        path.write_text(json.dumps(document))
        return path

    def arguments(self, web, step):
        self.ecus = step.get("ecus", self.ecus)
        vector = self.vector
        yield from ("--json", "--state", self.folder / "state", "--time", step["time"])
        yield from ("--director-roles", vector.get("director_roles", "full"))
        if "vehicle" in vector:
            yield from ("--vehicle", vector["vehicle"])
        for kind, dialect in vector["dialects"].items():
            yield from (f"--{kind}-dialect", dialect)
            if kind in vector["provisioned"]:
                yield from (f"--{kind}", web / kind)
            if vector["provisioned"].get(kind):
                yield from (f"--{kind}-root", self.folder / f"{kind}.root.json")
        if "map" in vector:
            yield from ("--map", self.map(web), "--map-roots", self.folder)
        for i, ecu in enumerate(self.ecus):
            option = "--partial" if vector["procedure"] == "partial" else "--primary" if i == 0 else "--ecu"
            yield from (option, f"{ecu['serial']}={ecu['hardware']}")
            if "installed" in ecu:
                yield from ("--installed", f"{ecu['serial']}={ecu['installed']}")
        if any("download" in v for v in verdicts(vector)):
            yield from ("--download", self.folder / "images")

    def verify(self, number, step):
        arguments = map(str, self.arguments(self.serve(number, step), step))
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60)


def expectation(expect):
    """What the command makes of a step: it also fetches the images."""
    failed = [t["download"] for t in expect.get("targets", ()) if t.get("download", "ok") != "ok"]
    if not failed:
        return expect
    return {"verdict": "failed" if failed[0] == "slow_retrieval" else "refused", "code": failed[0],
            "targets": expect["targets"]}


class VectorTest(unittest.TestCase):
    def compare(self, expect, got):
        for member in COMPARED:
            if member in expect:
                self.assertEqual(got[member], expect[member], member)
        self.assertTrue(got["clause"].startswith(expect.get("clause", "")), got["clause"])

    def check(self, vector):
        with tempfile.TemporaryDirectory() as folder:
            vehicle = Vehicle(folder, vector)
            for number, step in enumerate(vector["steps"]):
                done = vehicle.verify(number, step)
                expect = expectation(step["expect"])
                self.assertNotIn("Sanitizer", done.stderr)
                self.assertEqual(done.returncode, EXIT[expect["verdict"]], done.stdout + done.stderr)
                got = json.loads(done.stdout)
                self.compare(expect, got)
                targets = {target["name"]: target for target in got["targets"]}
                for target in expect.get("targets", ()):
                    code = target.get("download", target["code"])
                    verdict = target["verdict"] if code == target["code"] else "refused"
                    self.compare({**target, "code": code, "verdict": verdict}, targets[target["name"]])

    def test_sample(self):
        vectors = sample()
        self.assertGreaterEqual(len(vectors), 40)
        for vector in vectors:
            with self.subTest(vector["name"]):
                self.check(vector)


if __name__ == "__main__":
    unittest.main()
