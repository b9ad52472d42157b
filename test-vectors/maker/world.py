# SPDX-License-Identifier: Apache-2.0
"""A vehicle with its two repositories, and the steps of one test vector that plays in it."""
import copy

from .clauses import clause_of, clause_of_order
from .repository import NOW, TOP_LEVEL, Repository

VEHICLE = "vehicle-1"
PRIMARY = {"serial": "gateway-1", "hardware": "gateway-hw"}
BRAKE = {"serial": "brake-1", "hardware": "brake-hw"}
DOOR = {"serial": "door-1", "hardware": "door-hw"}
FAILURES = ("unreachable", "slow_retrieval", "no_trusted_root")


class World:
    """Version by version: a good first release of both repositories stands when it is made."""
    procedure = "full"
    repositories = ("director", "image")

    def __init__(self, signatures, *, dialect="tuf", image_dialect=None, independent=False, algorithm="ed25519",
                 consistent=True):
        self.signatures = signatures
        self.dialects = {"director": dialect, "image": image_dialect or dialect}
        self.independent = independent
        self.algorithms = {algorithm}
        self.vehicle = VEHICLE
        self.ecus = [dict(PRIMARY), dict(BRAKE), dict(DOOR)]
        self.time = NOW
        self.visited = ["supplier"]  # delegated roles that good runs come by
        self.options = {"form": "served", "profile": "gateway"}
        self.steps = []
        self.damage = {}
        self.repos = {kind: Repository(kind, self.dialect_of(kind), signatures, independent=independent,
                                       algorithm=algorithm, consistent=consistent,
                                       canonical_bytes=self.canonical_bytes())
                      for kind in self.repositories}
        self.trusted = {kind: {"root": 1} for kind in self.repositories}
        self.provisioned = {kind: repo.files["1.root.json"] for kind, repo in self.repos.items()}
        self.fill()
        self.publish()

    def canonical_bytes(self):
        return False

    def dialect_of(self, repository):
        return self.dialects["director" if repository == "director" else "image"]

    def __getattr__(self, name):
        repos = self.__dict__.get("repos", {})
        if name in repos:
            return repos[name]
        raise AttributeError(name)

    # --- content ---

    def fill(self):
        """The first release: two ECUs are ordered an image each, one of them signed by a delegated role."""
        self.options["always_check_image_repository"] = True
        self.director.targets["custom"] = {"vehicle": self.vehicle}
        self.image.delegate("supplier", ["supplier/*"])
        self.release("1.0", 1)

    def release(self, number, counter):
        """Orders version `number` of both images."""
        self.director.targets["targets"] = {}
        for name, ecu, role in ((f"brake-{number}.bin", BRAKE, "targets"),
                                (f"supplier/door-{number}.bin", DOOR, "supplier")):
            self.order(name, ecu, releaseCounter=counter)
            self.image.add(name, role, hardwareIds=[ecu["hardware"]], releaseCounter=counter)

    def order(self, name, *ecus, content=None, **custom):
        serials = {ecu["serial"]: {"hardwareId": ecu["hardware"]} for ecu in ecus}
        return self.director.add(name, content=content, ecuIdentifiers=serials, **custom)

    def next(self):
        """The second release, still to be published."""
        for repo in self.repos.values():
            repo.next_release()
        self.release("2.0", 2)

    def publish(self):
        for repo in self.repos.values():
            repo.publish()

    # --- what happened to the store ---

    def put_stored(self, repository, role, data):
        """Replaces the stored copy of a role before the next step."""
        self.damage.setdefault(repository, {})[role] = data

    # --- expectations ---

    def places(self):
        """Every file in the order in which it comes to be trusted."""
        for kind in self.repositories:
            for role in (*TOP_LEVEL, *(self.visited if kind == "image" else ())):
                if kind == "image" or self.options.get("director_roles") != "targets" or role in ("root", "targets"):
                    yield kind, role

    def advance(self, until=None):
        """What is trusted now: all that comes before the file that is refused."""
        for kind, role in self.places():
            if (kind, role) == until:
                return
            self.trusted[kind][role] = self.repos[kind].version(role)

    def images(self, refused):
        """The verdicts on all images that the director orders; `refused` maps names to refusals."""
        verdicts = []
        for name, entry in self.director.targets["targets"].items():
            serials = entry["custom"]["ecuIdentifiers"]
            ours = [ecu for ecu in self.ecus if ecu["serial"] in serials]
            current = all(ecu.get("installed") == entry["hashes"].get("sha256") for ecu in ours)
            if name in refused:
                verdicts.append({"name": name, **refused[name]})
            elif ours:
                verdicts.append({"name": name, "verdict": "installed" if current else "accepted", "code": "ok",
                                 "length": entry["length"]})
        return verdicts

    def accepted(self, **more):
        self.advance()
        self.step({"verdict": "accepted", "code": "ok", "targets": self.images({})}, **more)

    def refused(self, code, repository, role, *, file=None, clause=None, image=None, trusted=None, **more):
        """A file is refused. If it is a delegated one, `image` cannot be had, and the others are judged."""
        delegated = role not in TOP_LEVEL
        repo = self.repos[repository]
        references = repository == "image" or self.options.get("director_roles") != "targets"
        refusal = {
            "verdict": "failed" if code in FAILURES else "refused", "code": code, "repository": repository,
            "role": "delegated" if delegated else role, "file": file or repo.file(role),
            "clause": clause or clause_of("delegated" if delegated else role, code, references),
        }
        self.advance((repository, role))
        if (role, code) == ("root", "expired"):
            self.trusted[repository]["root"] = repo.version("root")  # it was accepted before its expiry was looked at
        for kind, versions in (trusted or {}).items():
            self.trusted[kind] = versions
        if code not in FAILURES:
            names = self.names(image) if delegated else ()
            refusal["targets"] = self.images({name: dict(refusal) for name in names}) if delegated else []
        self.step(refusal, **more)

    def names(self, image):
        """The images meant: one, several, or those of the first delegated role."""
        if image is None:
            return [name for name in self.director.targets["targets"] if name.startswith("supplier/")]
        return [image] if isinstance(image, str) else image

    def image_refused(self, code, repository, image, *, clause=None, also=None, **more):
        """All metadata is good, but an image that the director orders must not be installed."""
        refusal = {"verdict": "refused", "code": code, "repository": repository, "role": "targets",
                   "clause": clause or clause_of_order(repository, code)}
        self.advance()
        refused = {name: refusal for name in self.names(image)}
        self.step({**refusal, "targets": self.images({**refused, **(also or {})})}, **more)

    def step(self, expect, **more):
        with_images = any("download" in target for target in expect.get("targets", ()))
        step = {"time": self.time, "files": {kind: repo.served(with_images) for kind, repo in self.repos.items()}}
        if self.damage:
            step["stored"] = self.damage
            self.damage = {}
        if self.ecus_differ():
            step["ecus"] = copy.deepcopy(self.ecus)
        step["expect"] = {**expect, "trusted": copy.deepcopy(self.trusted)}
        step.update(more)
        self.steps.append(step)

    def ecus_differ(self):
        before = next((step["ecus"] for step in reversed(self.steps) if "ecus" in step), None)
        return before != self.ecus

    def describe(self):
        """What holds for all steps."""
        vehicle = {"vehicle": self.vehicle} if self.vehicle else {}
        return {"procedure": self.procedure, "dialects": {kind: dialect for kind, dialect in self.dialects.items() if kind in self.repositories},
                **self.options, **vehicle, "provisioned": self.provisioned}


class PartialWorld(World):
    """One ECU and the director alone; every file is in canonical form."""
    procedure = "partial"
    repositories = ("director",)

    def canonical_bytes(self):
        return True

    def fill(self):
        self.ecus = [{**BRAKE, "counter_floor": 0}]
        self.options = {"form": "canonical", "profile": "constrained", "director_roles": "targets"}
        self.director.consistent = False  # targets reach a partial verifier without a version in their name
        self.director.targets["custom"] = {"vehicle": self.vehicle}
        self.release("1.0", 1)

    def release(self, number, counter):
        self.director.targets["targets"] = {}
        self.order(f"brake-{number}.bin", BRAKE, releaseCounter=counter)
        self.order(f"door-{number}.bin", DOOR, releaseCounter=counter)

    def publish(self):
        super().publish()
        for role in ("timestamp", "snapshot"):
            self.director.files.pop(self.director.paths[role], None)

    def refused_own(self, code, clause):
        """The targets are refused for what they say of this ECU's image."""
        self.refused(code, "director", "targets", clause=clause)


class TufWorld(World):
    """One TUF repository, and lookups of images in it."""
    procedure = "tuf"
    repositories = ("image",)

    def fill(self):
        self.ecus = []
        self.visited = []
        self.vehicle = None
        self.lookup = ["brake.bin"]
        self.signed_in = {}  # image to role, where more than one role lists it
        self.image.add("brake.bin")

    def next(self):
        self.image.next_release()

    def hit(self, name):
        listing = [role for role in ("targets", *self.image.delegated) if name in self.image.payload(role)["targets"]]
        entry = self.image.payload(self.signed_in.get(name, listing[0]))["targets"][name]
        return {"name": name, "verdict": "accepted", "code": "ok", "length": entry["length"],
                "sha256": entry["hashes"].get("sha256", "")}

    def images(self, refused):
        return [{"name": name, **refused[name]} if name in refused else self.hit(name) for name in self.lookup]

    def names(self, image):
        return [image] if isinstance(image, str) else image or self.lookup[:1]

    def not_found(self, *names):
        """Nobody signs these images; by default all that are looked up."""
        refusal = {"verdict": "refused", "code": "target_not_found", "repository": "image", "role": "targets"}
        self.advance()
        self.step({**refusal, "targets": self.images({name: refusal for name in names or self.lookup})})

    def step(self, expect, **more):
        super().step(expect, lookup=list(self.lookup), **more)
