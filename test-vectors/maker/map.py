# SPDX-License-Identifier: Apache-2.0
"""A vehicle with a repository map: several image repositories, of which some must agree."""
import json

from .repository import TOP_LEVEL
from .world import BRAKE, FAILURES, World

IMAGE = "brake/fw.bin"
CLAUSE = "TAP 4"
NAMES = ("a", "b", "c")


def entry(paths, repositories, threshold, terminating=True):
    return {"paths": list(paths), "repositories": list(repositories), "threshold": threshold,
            "terminating": terminating}


def map_file(entries, names=NAMES, director=True):
    """A map; one letter is a repository's name."""
    urls = {name: [f"https://{name}.example/"] for name in (*(["director"] if director else []), *names)}
    return json.dumps({"repositories": urls, "mapping": entries}, indent=1).encode()


class MapWorld(World):
    """Every image repository signs one image; two of the three must agree, until a case says otherwise."""
    repositories = ("director", *NAMES)

    def fill(self):
        self.options["always_check_image_repository"] = True
        self.visited = []
        self.director.targets["custom"] = {"vehicle": self.vehicle}
        self.entries(entry(["*"], NAMES, 2))
        self.release("1.0", 1)

    def entries(self, *entries, **how):
        self.options["map"] = map_file(entries, **how)

    def release(self, number, counter):
        self.director.targets["targets"] = {}
        self.sign(IMAGE, releaseCounter=counter)

    def sign(self, name, repositories=NAMES, **custom):
        """The director orders the image, and these repositories sign it as ordered."""
        custom = {"releaseCounter": 1, **custom}
        self.order(name, BRAKE, **custom)
        for repository in repositories:
            self.says(repository, name, **custom)

    def says(self, repository, name=IMAGE, content=None, **custom):
        custom = {"hardwareIds": [BRAKE["hardware"]], "releaseCounter": 1, **custom}
        return self.repos[repository].add(name, content=content, **custom)

    def silent(self, *repositories, name=IMAGE):
        for repository in repositories:
            del self.repos[repository].targets["targets"][name]

    def forged(self, repository, role="timestamp"):
        self.repos[repository].signers[role] = [self.repos[repository].key("stranger")]

    # --- expectations ---

    def come_to_trust(self, asked, broken):
        """What is trusted after a run that asked these repositories; `broken` maps some to the role refused there."""
        for kind in ("director", *asked):
            for role in TOP_LEVEL:
                if broken.get(kind) == role:
                    break
                self.trusted[kind][role] = self.repos[kind].version(role)

    def agreed(self, asked, broken=None):
        self.come_to_trust(asked, broken or {})
        self.step({"verdict": "accepted", "code": "ok", "targets": self.images({})})

    def not_agreed(self, code, name, asked, *, clause="Uptane 2.1.0, 5.4.4.2 step 10.1", broken=None, images=(IMAGE,)):
        """All that was asked for is verified, but the image must not be installed."""
        self.reject({"verdict": "refused", "code": code, "repository": "image", "repository_name": name,
                     "role": "targets", "clause": clause}, asked, broken, images)

    def not_verified(self, code, name, role, asked, *, images=(IMAGE,), broken=None):
        """A repository failed that would have been needed."""
        self.reject({"verdict": "failed" if code in FAILURES else "refused", "code": code, "repository": "image",
                     "repository_name": name, "role": role}, asked, {name: role, **(broken or {})}, images)

    def reject(self, refusal, asked, broken, images):
        self.come_to_trust(asked, broken or {})
        self.step({**refusal, "targets": self.images({name: refusal for name in images})})

    def describe(self):
        return {**super().describe(), "dialects": self.dialects}


class MapFile:
    """A map alone, as it is read."""
    repos = {}

    def __init__(self, _signatures, *, independent=False):
        self.independent = independent
        self.steps = []

    def read(self, data, code="ok"):
        verdict = "accepted" if code == "ok" else "refused"
        self.steps.append({"map": data, "expect": {"verdict": verdict, "code": code}})

    def describe(self):
        return {"procedure": "map", "dialects": {}}
