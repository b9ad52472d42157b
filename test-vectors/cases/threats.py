# SPDX-License-Identifier: Apache-2.0
"""What each stolen key and each lying party buys: the attacks of the design, step by step."""
from maker.repository import EXPIRES, TOP_LEVEL, Fails, Padded
from maker.vector import vector
from maker.world import BRAKE, DOOR, PRIMARY, PartialWorld

EVIL = b"evil code\n"


def threat(name, about, attack, **how):
    return vector(f"threats/{name}", about, attack=attack, **how)


# --- one key stolen, where two are needed ---

for kind, role in [("director", role) for role in TOP_LEVEL] + [("image", role) for role in TOP_LEVEL]:
    for count, code in ((1, "signature_threshold"), (2, None)):
        @threat(f"{kind}-{role}-{'below' if code else 'at'}-threshold",
                f"{'One' if code else 'Each'} of the two keys that {role} needs signs something new.", "key compromise",
                clause="" if code else "Uptane 2.1.0, 5.4.4.2")
        def _(w, kind=kind, role=role, count=count, code=code):
            repo = w.repos[kind]
            keys = [repo.key(f"{role} {n}") for n in "ab"]
            former = repo.keys["root"]
            repo.root["version"] += 1
            repo.set_keys(role, keys, 2)
            repo.publish_root(former)
            w.publish()
            w.accepted()
            w.next()
            repo.signers[role] = keys[:count]
            if role == "root":
                repo.root["version"] += 1
                repo.publish_root()
            w.publish()
            if code:
                w.refused(code, kind, role)
            else:
                w.accepted()


# --- all keys of one repository stolen ---

@threat("director-alone-orders-its-own-image", "Who has all director keys orders an image that nobody else signed.",
        "key compromise")
def _(w):
    w.accepted()
    w.next()
    w.order("evil.bin", PRIMARY, content=EVIL, releaseCounter=9)
    w.publish()
    w.image_refused("target_not_found", "image", "evil.bin")


@threat("director-alone-renames-an-image", "Who has all director keys orders other bytes under a known name.",
        "key compromise")
def _(w):
    w.accepted()
    w.next()
    w.order("brake-2.0.bin", BRAKE, content=EVIL, releaseCounter=2)
    w.publish()
    w.image_refused("target_mismatch", "image", "brake-2.0.bin")


@threat("director-alone-swaps-hardware", "Who has all director keys orders the door's image for the brake.",
        "key compromise")
def _(w):
    w.director.targets["targets"].clear()
    w.order("supplier/door-1.0.bin", BRAKE, releaseCounter=1)
    w.publish()
    w.image_refused("wrong_hardware", "image", "supplier/door-1.0.bin")


@threat("director-alone-lies-about-hardware", "Who has all director keys calls the brake a door.", "key compromise")
def _(w):
    w.director.targets["targets"].clear()
    w.order("supplier/door-1.0.bin", {**BRAKE, "hardware": DOOR["hardware"]}, releaseCounter=1)
    w.publish()
    w.visited = []
    w.image_refused("wrong_hardware", "director", "supplier/door-1.0.bin")


@threat("director-alone-orders-the-old-image", "Who has all director keys orders the image of before.", "rollback")
def _(w):
    w.next()
    w.publish()
    w.accepted()
    for ecu in w.ecus:
        ecu["counter_floor"] = 2 if ecu["serial"] == BRAKE["serial"] else 0
    w.director.next_release()
    w.director.targets["targets"].pop("brake-2.0.bin")
    w.order("brake-1.0.bin", BRAKE, releaseCounter=1)
    w.publish()
    w.image_refused("rollback_counter", "director", "brake-1.0.bin")


@threat("director-alone-raises-the-old-counter", "Who has all director keys orders the old image under a new counter.",
        "rollback")
def _(w):
    w.next()
    w.publish()
    w.accepted()
    for ecu in w.ecus:
        ecu["counter_floor"] = 2 if ecu["serial"] == BRAKE["serial"] else 0
    w.director.next_release()
    w.director.targets["targets"].pop("brake-2.0.bin")
    w.order("brake-1.0.bin", BRAKE, releaseCounter=3)
    w.publish()
    w.image_refused("counter_mismatch", "image", "brake-1.0.bin")


@threat("director-alone-orders-one-more", "Beside the good orders stands one that the image repository never signed.",
        "extraneous dependencies")
def _(w):
    w.accepted()
    w.next()
    w.order("dependency.bin", PRIMARY, content=EVIL, releaseCounter=1)
    w.publish()
    w.image_refused("target_not_found", "image", "dependency.bin")


@threat("director-orders-one-more-that-is-signed", "Beside the good orders stands one more, of an image that the image "
        "repository signed for that hardware.", "", clause="Uptane 2.1.0, 5.4.4.2 step 10.1")
def _(w):
    w.accepted()
    w.next()
    w.order("gateway.bin", PRIMARY, releaseCounter=1)
    w.image.add("gateway.bin", hardwareIds=[PRIMARY["hardware"]], releaseCounter=1)
    w.publish()
    w.accepted()


@threat("image-repository-alone-replaces-an-image", "Who has all keys of the image repository signs other bytes.",
        "key compromise")
def _(w):
    w.accepted()
    w.next()
    w.image.add("brake-2.0.bin", content=EVIL, hardwareIds=["brake-hw"], releaseCounter=2)
    w.publish()
    w.image_refused("target_mismatch", "image", "brake-2.0.bin")


@threat("image-repository-alone-adds-an-image", "Who has all keys of the image repository signs an image that nobody "
        "orders.", "key compromise", clause="Uptane 2.1.0, 5.4.4.2 step 10")
def _(w):
    w.accepted()
    w.next()
    w.image.add("evil.bin", content=EVIL, hardwareIds=["brake-hw"], releaseCounter=9)
    w.publish()
    w.accepted()


@threat("image-repository-alone-drops-an-image", "Who has all keys of the image repository drops what is ordered.",
        "key compromise")
def _(w):
    w.accepted()
    w.next()
    del w.image.targets["targets"]["brake-2.0.bin"]
    w.publish()
    w.image_refused("target_not_found", "image", "brake-2.0.bin")


@threat("supplier-alone-takes-anothers-name", "A supplier signs an image that was not delegated to it.",
        "key compromise")
def _(w):
    w.accepted()
    w.next()
    entry = w.image.targets["targets"].pop("brake-2.0.bin")
    w.image.delegated["supplier"]["targets"]["brake-2.0.bin"] = entry
    w.publish()
    w.image_refused("target_not_found", "image", "brake-2.0.bin")


# --- a stolen timestamp or snapshot key ---

@threat("timestamp-key-rolls-back", "Who has the timestamp key signs the snapshot of before.", "rollback")
def _(w):
    w.next()
    w.publish()
    w.accepted()
    w.image.timestamp["version"] += 1
    w.image.snapshot["version"] -= 1
    w.image.publish()
    w.refused("rollback_snapshot_entry", "image", "timestamp")


@threat("timestamp-key-replaces-the-snapshot", "Who has the timestamp key names a snapshot that its key never signed.",
        "mix-and-match")
def _(w):
    w.accepted()
    w.next()
    w.image.signers["snapshot"] = w.image.keys["timestamp"]
    w.publish()
    w.refused("signature_threshold", "image", "snapshot")


@threat("timestamp-and-snapshot-keys-mix-targets", "Who has both keys names targets of before beside new ones.",
        "mix-and-match")
def _(w):
    w.next()
    w.publish()
    w.accepted()
    w.image.next_release()
    w.image.delegated["supplier"]["version"] = 2
    w.image.publish()
    w.refused("rollback_snapshot_entry", "image", "snapshot")


@threat("timestamp-key-freezes", "Who has the timestamp key holds back a release until the snapshot expires.",
        "indefinite freeze")
def _(w):
    w.image.snapshot["expires"] = "2027-02-01T00:00:00Z"
    w.publish()
    w.accepted()
    w.image.timestamp.update(version=5, expires="2040-01-01T00:00:00Z")
    w.publish()
    w.accepted()
    w.time = "2027-02-01T00:00:00Z"
    w.refused("expired", "image", "snapshot")


# --- mirrors and the network ---

@threat("mirror-serves-the-old-release", "A mirror serves all files of the release before.", "malicious mirror")
def _(w):
    old = {kind: dict(repo.files) for kind, repo in w.repos.items()}
    w.next()
    w.publish()
    w.accepted()
    w.image.files = old["image"]
    w.refused("rollback_version", "image", "timestamp")


@threat("mirror-mixes-releases", "A mirror serves the new timestamp beside the old snapshot.", "malicious mirror",
        dialect="legacy")
def _(w):
    w.accepted()
    old = w.image.files["snapshot.json"]
    w.next()
    w.image.snapshot["expires"] = "2030-01-01T00:00:01Z"
    w.publish()
    w.image.files["snapshot.json"] = old.ljust(w.image.references["snapshot"]["length"])
    w.refused("hash_mismatch", "image", "snapshot")


@threat("mirror-withholds-the-supplier", "A mirror has all but one delegated role.", "partial bundle")
def _(w):
    w.image.replace["supplier"] = lambda data: None
    w.publish()
    w.refused("missing_file", "image", "supplier")


@threat("mirror-withholds-what-nobody-needs", "A mirror lacks a delegated role that no image that is ordered comes by.",
        "", clause="Uptane 2.1.0, 5.4.4.7 step 1")
def _(w):
    w.image.delegate("other", ["other/*"])
    w.image.replace["other"] = lambda data: None
    w.publish()
    w.accepted()


@threat("mirror-never-ends", "A snapshot without a promised length never ends.", "endless data")
def _(w):
    w.image.reference["snapshot"] = lambda reference: {"version": reference["version"]}
    w.image.replace["snapshot"] = lambda data: Padded(data, 32 * 1024 * 1024 + 1)
    w.publish()
    w.refused("limit_file", "image", "snapshot")


@threat("mirror-sends-as-much-as-it-may", "A snapshot without a promised length is as long as it may be.",
        "endless data", clause="Uptane 2.1.0, 5.4.4.5 step 1")
def _(w):
    w.image.reference["snapshot"] = lambda reference: {"version": reference["version"]}
    w.image.mangle["snapshot"] = lambda data: Padded(data, 32 * 1024 * 1024)
    w.publish()
    w.accepted()


@threat("mirror-is-slow", "The targets trickle in.", "slow retrieval")
def _(w):
    w.image.replace["targets"] = lambda data: Fails("slow_retrieval")
    w.publish()
    w.refused("slow_retrieval", "image", "targets")


@threat("mirror-is-slow-once", "The targets trickle in, and come in time when they are asked for again.",
        "slow retrieval", clause="Uptane 2.1.0, 5.4.4.6 step 1")
def _(w):
    w.image.replace["targets"] = lambda data: Fails("slow_retrieval")
    w.publish()
    w.refused("slow_retrieval", "image", "targets")
    w.publish()
    w.accepted()


@threat("mirror-swaps-repositories", "The image repository's files are served as the director's.", "malicious mirror")
def _(w):
    w.director.files["timestamp.json"] = w.image.files["timestamp.json"]
    w.refused("signature_threshold", "director", "timestamp")


@threat("mirror-swaps-roles", "The snapshot is served as the timestamp.", "malicious mirror")
def _(w):
    w.image.files["timestamp.json"] = w.image.files["3.snapshot.json"]
    w.refused("wrong_role", "image", "timestamp")


# --- a primary that lies to a secondary ---

def lying(name, about, attack, **how):
    return threat(f"primary-{name}", about, attack, world=PartialWorld, **how)


@lying("replays", "The primary hands on the targets of before.", "lying primary")
def _(w):
    old = w.director.files["targets.json"]
    w.next()
    w.publish()
    w.accepted()
    w.director.files["targets.json"] = old
    w.refused("rollback_version", "director", "targets")


@lying("hands-on-another-vehicles", "The primary hands on targets that the director signed for another vehicle.",
       "lying primary")
def _(w):
    w.director.targets["custom"]["vehicle"] = "vehicle-9"
    w.publish()
    w.refused("wrong_vehicle", "director", "targets", clause="Uptane 2.1.0, 5.2.3.1")


@lying("signs-itself", "The primary signs targets of its own.", "lying primary")
def _(w):
    w.accepted()
    w.next()
    w.director.signers["targets"] = [w.director.key("primary")]
    w.publish()
    w.refused("signature_threshold", "director", "targets")


@lying("withholds", "The primary hands on no targets.", "lying primary")
def _(w):
    w.director.replace["targets"] = lambda data: None
    w.publish()
    w.refused("missing_file", "director", "targets")


@lying("withholds-the-root", "The primary hands on targets of a root that it keeps back.", "lying primary")
def _(w):
    w.accepted()
    w.director.next_root(targets=w.director.key("second targets"))
    w.next()
    w.publish()
    del w.director.files["2.root.json"]
    w.director.root["version"] = 1
    w.refused("signature_threshold", "director", "targets")


@lying("freezes", "The primary hands on the same targets until they expire.", "indefinite freeze")
def _(w):
    w.accepted()
    w.time = EXPIRES
    w.director.root["expires"] = "2040-01-01T00:00:00Z"
    w.director.next_root()
    w.refused("expired", "director", "targets")
