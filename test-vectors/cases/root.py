# SPDX-License-Identifier: Apache-2.0
"""The chain of roots: rotation of keys, its rules and its limits, and recovery from a fast-forward attack."""
from maker.clauses import ROOT
from maker.repository import EXPIRES, NOW, TOP_LEVEL, Fails
from maker.vector import vector
from maker.world import PartialWorld, TufWorld, World

BIGGEST = 2**63 - 1
LONG_AGO = "2020-01-01T00:00:00Z"


def both(name, about, **how):
    """The same for a full and a partial verifier, on the director's root."""
    def register(play):
        vector(f"root/{name}", about, world=World, **how)(play)
        vector(f"root/partial-{name}", about, world=PartialWorld, **how)(play)
        return play
    return register


# --- who must sign a new root ---

@both("rotated", "A new root with a new root key is signed by the old key and the new one.",
      clause="Uptane 2.1.0, 5.4.4.3 step 2.3")
def _(w):
    w.accepted()
    w.director.next_root(root=w.director.key("second root"))
    w.accepted()


@both("signed-by-new-key-only", "The old root key did not sign the new root.", attack="arbitrary installation")
def _(w):
    new = w.director.key("second root")
    w.director.signers["root"] = [new]
    w.director.next_root(root=new)
    w.refused("signature_threshold", "director", "root")


@both("signed-by-old-key-only", "The new root key did not sign the new root.", attack="arbitrary installation")
def _(w):
    w.director.signers["root"] = w.director.keys["root"]
    w.director.next_root(root=w.director.key("second root"))
    w.refused("signature_threshold", "director", "root")


def shared_root(w):
    """Root keys a, b, c with threshold 2 in version 2, signed as it must be."""
    repo = w.director
    keys = [repo.key(f"root {name}") for name in "abc"]
    former = repo.keys["root"]
    repo.root["version"] += 1
    repo.set_keys("root", keys, 2)
    repo.publish_root(former)
    return keys


@both("thresholds-met-exactly", "Two of three old keys and two of three new ones signed the new root.",
      clause="Uptane 2.1.0, 5.4.4.3 step 2.3")
def _(w):
    a, b, c = shared_root(w)
    d, e, f = (w.director.key(f"root {name}") for name in "def")
    w.director.root["version"] += 1
    w.director.set_keys("root", [d, e, f], 2)
    w.director.signers["root"] = [b, c, d, f]
    w.director.publish_root()
    w.accepted()


@both("old-threshold-missed-by-one", "One of three old keys signed, and two are needed.", attack="key compromise")
def _(w):
    a, b, c = shared_root(w)
    d, e, f = (w.director.key(f"root {name}") for name in "def")
    w.director.root["version"] += 1
    w.director.set_keys("root", [d, e, f], 2)
    w.director.signers["root"] = [c, d, e, f]
    w.director.publish_root()
    w.trusted["director"]["root"] = 2
    w.refused("signature_threshold", "director", "root")


@both("new-threshold-missed-by-one", "One of three new keys signed, and two are needed.", attack="key compromise")
def _(w):
    a, b, c = shared_root(w)
    d, e, f = (w.director.key(f"root {name}") for name in "def")
    w.director.root["version"] += 1
    w.director.set_keys("root", [d, e, f], 2)
    w.director.signers["root"] = [a, b, c, d]
    w.director.publish_root()
    w.trusted["director"]["root"] = 2
    w.refused("signature_threshold", "director", "root")


# --- versions ---

@both("version-skipped", "Root 2 says that it is root 3.", attack="rollback")
def _(w):
    w.director.root["version"] = 3
    w.director.publish_root(number=2)
    w.refused("root_version", "director", "root")


@both("version-repeated", "Root 2 says that it is root 1.", attack="rollback")
def _(w):
    w.director.root["expires"] = "2031-01-01T00:00:00Z"
    w.director.publish_root(number=2)
    w.refused("root_version", "director", "root")


@both("fast-forwarded", "Root 2 says that it is the last of all roots.", attack="fast-forward")
def _(w):
    w.director.root["version"] = BIGGEST
    w.director.publish_root(number=2)
    w.refused("root_version", "director", "root")


@both("gap", "Root 3 is there but root 2 is not, so that root 1 is the latest.",
      clause="Uptane 2.1.0, 5.4.4.3 step 2.2")
def _(w):
    w.director.root["version"] = 3
    w.director.publish_root()
    w.director.root["version"] = 1
    w.accepted()


# --- expiry ---

@both("intermediate-expired", "Root 2 expired long ago, root 3 did not.", clause="Uptane 2.1.0, 5.4.4.3 step 3")
def _(w):
    w.director.root["expires"] = LONG_AGO
    w.director.next_root()
    w.director.root["expires"] = EXPIRES
    w.director.next_root()
    w.accepted()


@both("last-expired", "Roots 1 and 2 are fresh, root 3 is not.", attack="indefinite freeze")
def _(w):
    w.director.next_root()
    w.director.root["expires"] = NOW
    w.director.next_root()
    w.refused("expired", "director", "root")


@both("provisioned-expired", "The provisioned root expired long ago, but the chain leads to a fresh one.",
      clause="Uptane 2.1.0, 5.4.4.3 step 3")
def _(w):
    w.director.root["expires"] = LONG_AGO
    w.director.publish_root()
    w.provisioned["director"] = w.director.files["1.root.json"]
    w.director.root["expires"] = EXPIRES
    w.director.next_root()
    w.accepted()


@both("provisioned-expired-and-no-other", "The provisioned root expired and nobody offers a new one.",
      attack="indefinite freeze")
def _(w):
    w.director.root["expires"] = LONG_AGO
    w.director.publish_root()
    w.provisioned["director"] = w.director.files["1.root.json"]
    w.refused("expired", "director", "root")


# --- where to start from ---

@both("none-provisioned", "There is no root to start from.", attack="")
def _(w):
    w.provisioned["director"] = None
    w.trusted["director"].pop("root")
    w.refused("no_trusted_root", "director", "root", file="root.json")


@both("provisioned-not-signed", "The provisioned root is not signed by its own keys.", attack="arbitrary installation")
def _(w):
    w.director.signers["root"] = [w.director.key("stranger")]
    w.director.publish_root()
    w.provisioned["director"] = w.director.files["1.root.json"]
    w.refused("signature_threshold", "director", "root", file="root.json", clause="Uptane 2.1.0, 5.4.4.3 step 1")


@both("stored-damaged", "The stored root is damaged: the chain is walked again from the provisioned one.",
      clause="Uptane 2.1.0, 5.4.4.3 step 1")
def _(w):
    w.director.next_root(root=w.director.key("second root"))
    w.accepted()
    w.put_stored("director", "root", w.director.files["2.root.json"][:-9])
    w.accepted()


@both("stored-forged", "The stored root was replaced by one that its keys did not sign.",
      attack="arbitrary installation", clause="Uptane 2.1.0, 5.4.4.3 step 1")
def _(w):
    w.director.next_root()
    w.accepted()
    good = w.director.files["2.root.json"]
    w.director.signers["root"] = [w.director.key("stranger")]
    w.director.publish_root()
    w.put_stored("director", "root", w.director.files["2.root.json"])
    w.director.files["2.root.json"] = good
    w.director.reset()
    w.accepted()


# --- every role's key ---

def rotation(role, repository, world):
    @vector(f"root/{repository}-{role}-key-rotated" if world is World else f"root/partial-{role}-key-rotated",
            f"A new root names a new key for {role}, which signs from then on.", world=world,
            clause="Uptane 2.1.0, 5.4.4.3 step 2.5")
    def _(w):
        w.accepted()
        repo = w.repos[repository]
        repo.next_root(**{role: repo.key(f"second {role}")})
        w.next()
        w.publish()
        w.accepted()

    if role == "root":
        return

    @vector(f"root/{repository}-{role}-key-retired" if world is World else f"root/partial-{role}-key-retired",
            f"The key that a new root retired still signs {role}.", world=world, attack="key compromise")
    def _(w):
        w.accepted()
        repo = w.repos[repository]
        former = repo.keys[role]
        repo.next_root(**{role: repo.key(f"second {role}")})
        w.next()
        repo.signers[role] = former
        w.publish()
        forgotten = {"root": 2, "timestamp": 0, "snapshot": 0, "targets": 0}
        kept = {**w.trusted[repository], "root": 2}
        before = {"timestamp": {}, "snapshot": {"timestamp": 5}, "targets": {"timestamp": 5, "snapshot": 4}}[role]
        if world is PartialWorld:
            state = kept
        else:
            state = {**(forgotten if role != "targets" else kept), **before}
        if repository == "image":
            w.advance(("image", "root"))
            state["supplier"] = 2
        w.refused("signature_threshold", repository, role, trusted={repository: state})


for repository in ("director", "image"):
    for role in TOP_LEVEL:
        rotation(role, repository, World)
for role in ("root", "targets"):
    rotation(role, "director", PartialWorld)


# --- recovery from a fast-forward attack ---

@vector("root/fast-forward-timestamp", "A thief's timestamp has the highest version: no later one is newer.",
        attack="fast-forward", world=TufWorld)
def _(w):
    w.image.timestamp["version"] = BIGGEST
    w.publish()
    w.accepted()
    w.next()
    w.image.timestamp["version"] = 5
    w.publish()
    w.refused("rollback_version", "image", "timestamp")


@vector("root/fast-forward-timestamp-recovered", "A new timestamp key makes the thief's version be forgotten.",
        world=TufWorld, clause="Uptane 2.1.0, 5.4.4.3 step 4")
def _(w):
    w.image.timestamp["version"] = BIGGEST
    w.publish()
    w.accepted()
    w.image.next_root(timestamp=w.image.key("second timestamp"))
    w.next()
    w.image.timestamp["version"] = 5
    w.publish()
    w.accepted()


@vector("root/fast-forward-snapshot", "A thief's snapshot has the highest version: no later one is newer.",
        attack="fast-forward", world=TufWorld)
def _(w):
    w.image.snapshot["version"] = BIGGEST
    w.publish()
    w.accepted()
    w.next()
    w.image.snapshot["version"] = 4
    w.publish()
    w.refused("rollback_snapshot_entry", "image", "timestamp")


@vector("root/fast-forward-snapshot-recovered", "A new snapshot key makes the thief's version be forgotten.",
        world=TufWorld, clause="Uptane 2.1.0, 5.4.4.3 step 4")
def _(w):
    w.image.snapshot["version"] = BIGGEST
    w.publish()
    w.accepted()
    w.image.next_root(snapshot=w.image.key("second snapshot"))
    w.next()
    w.image.snapshot["version"] = 4
    w.publish()
    w.accepted()


@vector("root/fast-forward-targets", "A thief's targets have the highest version: no later ones are newer.",
        attack="fast-forward", world=TufWorld)
def _(w):
    w.image.targets["version"] = BIGGEST
    w.publish()
    w.accepted()
    w.next()
    w.image.targets["version"] = 3
    w.publish()
    w.refused("rollback_snapshot_entry", "image", "snapshot")


@vector("root/fast-forward-targets-recovered", "The version of targets is forgotten with the snapshot that named it.",
        world=TufWorld, clause="Uptane 2.1.0, 5.4.4.3 step 4")
def _(w):
    w.image.targets["version"] = BIGGEST
    w.publish()
    w.accepted()
    w.image.next_root(snapshot=w.image.key("second snapshot"), targets=w.image.key("second targets"))
    w.next()
    w.image.targets["version"] = 3
    w.publish()
    w.accepted()


@vector("root/fast-forward-targets-recovered-by-timestamp-key",
        "A new timestamp key alone discards the snapshot, and with it the version of targets.",
        world=TufWorld, clause="TUF 1.0.34, 5.3.11")
def _(w):
    w.image.targets["version"] = BIGGEST
    w.publish()
    w.accepted()
    w.image.next_root(timestamp=w.image.key("second timestamp"))
    w.next()
    w.image.targets["version"] = 3
    w.publish()
    w.accepted()


@vector("root/partial-fast-forward", "A thief's targets have the highest version: no later ones are newer.",
        attack="fast-forward", world=PartialWorld)
def _(w):
    w.director.targets["version"] = BIGGEST
    w.publish()
    w.accepted()
    w.next()
    w.director.targets["version"] = 3
    w.publish()
    w.refused("rollback_version", "director", "targets")


@vector("root/partial-fast-forward-recovered", "A new targets key makes the thief's version be forgotten.",
        world=PartialWorld, clause="Uptane 2.1.0, 5.4.4.3 step 4")
def _(w):
    w.director.targets["version"] = BIGGEST
    w.publish()
    w.accepted()
    w.director.next_root(targets=w.director.key("second targets"))
    w.next()
    w.director.targets["version"] = 3
    w.publish()
    w.accepted()


@vector("root/partial-rotated-without-fast-forward", "A new root whose targets key is the old one forgets nothing.",
        world=PartialWorld, attack="rollback")
def _(w):
    w.next()
    w.publish()
    w.accepted()
    w.director.next_root(root=w.director.key("second root"))
    w.director.targets["version"] = 2
    w.publish()
    w.trusted["director"]["root"] = 2
    w.refused("rollback_version", "director", "targets")


@vector("root/rotated-then-interrupted",
        "One of two targets keys is withdrawn, and the run breaks off before there are new targets: the thief's version, "
        "which both keys signed, is forgotten all the same.", consistent=False, clause="Uptane 2.1.0, 5.4.4.3 step 4")
def _(w):
    w.options["director_roles"] = "targets"
    keys = [w.director.key("targets"), w.director.key("other targets")]
    w.director.next_root(targets=keys)
    w.director.targets["version"] = BIGGEST
    w.publish()
    w.accepted()
    w.director.next_root(targets=keys[:1])
    w.director.targets["version"] = 3
    w.director.replace["targets"] = lambda data: Fails("unreachable")
    w.publish()
    w.refused("unreachable", "director", "targets", trusted={"director": {"root": 3, "targets": 0}})
    w.publish()
    w.accepted()


# --- limits ---

def rotations(w, count):
    """Adds `count` roots, the last of which names a new key for targets."""
    kind = w.repositories[0]
    repo = w.repos[kind]
    for _ in range(count - 1):
        repo.next_root()
    repo.next_root(targets=repo.key("last targets"))
    w.publish()
    return repo, kind


@vector("root/as-many-rotations-as-one-run-takes", "256 new roots, and the targets are signed by the key of the last.",
        world=TufWorld, clause="Uptane 2.1.0, 5.4.4.3 step 2.6", independent=False)
def _(w):
    rotations(w, 256)
    w.accepted()


@vector("root/more-rotations-than-one-run-takes",
        "257 new roots: a run takes 256 and keeps them, the next run goes on from there.", world=TufWorld,
        attack="endless data", clause="Uptane 2.1.0, 5.4.4.3 step 2.6", independent=False)
def _(w):
    rotations(w, 257)
    w.trusted["image"]["root"] = 257
    w.refused("signature_threshold", "image", "targets",
              trusted={"image": {"root": 257, "timestamp": 4, "snapshot": 3, "targets": 0}})
    w.accepted()


@vector("root/partial-as-many-rotations-as-one-run-takes", "16 new roots, and the last names the key of targets.",
        world=PartialWorld, clause="Uptane 2.1.0, 5.4.4.3 step 2.6")
def _(w):
    rotations(w, 16)
    w.accepted()


@vector("root/partial-more-rotations-than-one-run-takes",
        "17 new roots: a run takes 16 and keeps them, the next run goes on from there.", world=PartialWorld,
        attack="endless data", clause="Uptane 2.1.0, 5.4.4.3 step 2.6")
def _(w):
    rotations(w, 17)
    w.refused("signature_threshold", "director", "targets", trusted={"director": {"root": 17, "targets": 0}})
    w.accepted()


# --- what root must say ---

def content(name, about, code, change, attack="malformed"):
    @both(name, about, attack=attack if code else "", clause=ROOT)
    def _(w):
        w.accepted()
        w.director.root["version"] += 1
        change(w.director.root)
        w.director.publish_root()
        if code:
            w.refused(code, "director", "root")
        else:
            w.accepted()


content("without-keys", "It lists no keys at all.", "field_missing", lambda r: r.pop("keys"))
content("keys-no-object", "Its keys are a list.", "field_type", lambda r: r.update(keys=[]))
content("without-roles", "It names no roles.", "field_missing", lambda r: r.pop("roles"))
content("without-timestamp-role", "It does not say who signs the timestamp.", "field_missing",
        lambda r: r["roles"].pop("timestamp"))
content("without-threshold", "It gives no threshold for snapshot.", "field_missing",
        lambda r: r["roles"]["snapshot"].pop("threshold"))
content("threshold-as-text", "A threshold is a string.", "field_type",
        lambda r: r["roles"]["targets"].update(threshold="1"))
content("threshold-zero", "No signature would be needed for targets.", "threshold_invalid",
        lambda r: r["roles"]["targets"].update(threshold=0), attack="key-threshold misuse")
content("threshold-negative", "The threshold of targets is -1.", "field_value",
        lambda r: r["roles"]["targets"].update(threshold=-1), attack="key-threshold misuse")
content("keyids-no-list", "The keyids of a role are a string.", "field_type",
        lambda r: r["roles"]["timestamp"].update(keyids="abc"))
content("consistent-snapshot-as-text", "consistent_snapshot is a string.", "field_type",
        lambda r: r.update(consistent_snapshot="true"))
content("unknown-roles", "It names a role that nobody knows.", None,
        lambda r: r["roles"].update(mirrors={"keyids": [], "threshold": 0}))
content("unknown-key", "It lists a key of a type that nobody knows.", None,
        lambda r: r["keys"].update(zz={"keytype": "post-quantum", "scheme": "x", "keyval": {"public": "?"}}))


# --- thresholds that cannot be met: such a root is followed, but the role that it maims can never verify ---

def unreachable(name, about, change):
    @both(name, about, attack="key-threshold misuse")
    def _(w):
        w.accepted()
        w.director.root["version"] += 1
        change(w.director.root["roles"])
        w.director.publish_root()
        w.next()
        w.publish()
        w.refused("threshold_invalid", "director", "targets")


unreachable("threshold-above-keys", "Two signatures are needed for targets, and there is one key.",
            lambda roles: roles["targets"].update(threshold=2))
unreachable("role-without-keyids", "Nobody can sign targets.", lambda roles: roles["targets"].update(keyids=[]))


@both("own-threshold-above-keys", "Two signatures are needed for root, and there is one key.",
      attack="key-threshold misuse")
def _(w):
    w.director.root["version"] += 1
    w.director.root["roles"]["root"]["threshold"] = 2
    w.director.publish_root()
    w.refused("threshold_invalid", "director", "root", clause="Uptane 2.1.0, 5.4.4.3 step 2.3")
