# SPDX-License-Identifier: Apache-2.0
"""What is stored between two runs: never trusted more than what is fetched, never in the way of recovery."""
from maker.repository import EXPIRES, TOP_LEVEL, Fails
from maker.vector import vector
from maker.world import BRAKE, PartialWorld, TufWorld

LATER = "2027-06-01T00:00:00Z"
PLACES = [("director", role) for role in TOP_LEVEL] + [("image", role) for role in (*TOP_LEVEL, "supplier")]
SECTIONS = {"root": "5.4.4.3 step 1", "timestamp": "5.4.4.4", "snapshot": "5.4.4.5", "targets": "5.4.4.6",
            "supplier": "5.4.4.6"}


def stored(name, about, copy):
    """A stored copy is replaced between two runs; the second run ends as the first."""
    for dialect in ("tuf", "legacy"):
        for kind, role in PLACES:
            @vector(f"state/{dialect}-{kind}-{role}-{name}", about, dialect=dialect,
                    clause=f"Uptane 2.1.0, {SECTIONS[role]}")
            def _(w, kind=kind, role=role):
                w.accepted()
                repo = w.repos[kind]
                w.put_stored(kind, role, copy(repo, role, repo.files[repo.paths[role]]))
                w.accepted()


def forged(repo, role, data):
    """The file, signed by a stranger."""
    repo.signers[role] = [repo.key("stranger")]
    repo.make(role, [])
    made = repo.files[repo.paths[role]]
    repo.files[repo.paths[role]] = data
    repo.reset()
    return made


stored("damaged", "The stored copy is cut short: it is fetched again.", lambda repo, role, data: data[:-9])
stored("forged", "The stored copy is signed by a stranger: it is fetched again.", forged)


@vector("state/all-lost", "All stored copies are lost; the provisioned roots remain.",
        clause="Uptane 2.1.0, 5.4.4.3 step 1")
def _(w):
    w.director.next_root()
    w.image.next_root()
    w.accepted()
    for kind, role in PLACES:
        w.put_stored(kind, role, None)
    w.accepted()


# --- rollback of each role ---

def rollback(name, about, code, kind, role, change, **how):
    for dialect in ("tuf", "legacy"):
        @vector(f"state/{dialect}-{kind}-{name}", about, dialect=dialect, attack="rollback" if code else "",
                clause=how.get("clause", ""))
        def _(w):
            w.accepted()
            w.next()
            w.publish()
            w.accepted()
            w.next()
            change(w.repos[kind])
            w.publish()
            if code:
                w.refused(code, kind, role, file=how.get("file"))
            else:
                w.accepted()


for kind in ("director", "image"):
    rollback("timestamp-back-by-one", "The timestamp is one version older than the trusted one.", "rollback_version",
             kind, "timestamp", lambda r: r.timestamp.update(version=4))
    rollback("timestamp-back-to-1", "The timestamp is the first ever.", "rollback_version", kind, "timestamp",
             lambda r: r.timestamp.update(version=1))
    rollback("snapshot-back-by-one", "The timestamp lists a snapshot older than before.", "rollback_snapshot_entry",
             kind, "timestamp", lambda r: r.snapshot.update(version=3))
    rollback("snapshot-the-same", "The timestamp is new and lists a snapshot of the version of before.", None, kind,
             "timestamp", lambda r: r.snapshot.update(version=4), clause="Uptane 2.1.0, 5.4.4.4 step 3")
    rollback("targets-back-by-one", "The snapshot lists targets older than before.", "rollback_snapshot_entry",
             kind, "snapshot", lambda r: r.targets.update(version=2))
    rollback("targets-the-same", "The snapshot is new, the targets are those of before.", None, kind, "targets",
             lambda r: r.targets.update(version=3), clause="Uptane 2.1.0, 5.4.4.5 step 5")
rollback("supplier-back-by-one", "The snapshot lists a delegated role older than before.", "rollback_snapshot_entry",
         "image", "snapshot", lambda r: r.delegated["supplier"].update(version=2))
rollback("supplier-not-listed-any-more", "The snapshot does not list a role that it listed before.",
         "snapshot_entry_missing", "image", "snapshot", lambda r: r.reference.update(supplier=lambda entry: {}))



@vector("state/supplier-retired-and-listed", "A role that nobody delegates to any more is still listed.",
        clause="Uptane 2.1.0, 5.4.4.5 step 6")
def _(w):
    w.accepted()
    w.next()
    w.image.targets["targets"].update(w.image.delegated["supplier"]["targets"])
    w.image.targets["delegations"]["roles"].clear()
    w.publish()
    w.visited = []
    w.accepted()


def snapshot_forgotten_by_timestamp(kind):
    """The stored timestamp is lost, so that only the stored snapshot knows its version."""
    for dialect in ("tuf", "legacy"):
        for behind, code in ((1, "rollback_version"), (0, None)):
            @vector(f"state/{dialect}-{kind}-snapshot-{'older' if code else 'equal'}-without-stored-timestamp",
                    "The stored timestamp is lost: the stored snapshot's own version counts.", dialect=dialect,
                    attack="rollback" if code else "", clause="Uptane 2.1.0, 5.4.4.5 step 4")
            def _(w, behind=behind, code=code):
                w.next()
                w.publish()
                w.accepted()
                w.put_stored(kind, "timestamp", None)
                repo = w.repos[kind]
                repo.next_release()
                repo.snapshot["version"] = 4 - behind
                w.publish()
                if code:
                    w.refused(code, kind, "snapshot")
                else:
                    w.accepted()


for kind in ("director", "image"):
    snapshot_forgotten_by_timestamp(kind)


def targets_forgotten_by_snapshot(kind):
    """The stored snapshot is lost, so that only the stored targets know their version."""
    for dialect in ("tuf", "legacy"):
        for behind, code in ((1, "rollback_version"), (0, None)):
            @vector(f"state/{dialect}-{kind}-targets-{'older' if code else 'equal'}-without-stored-snapshot",
                    "The stored snapshot is lost: the stored targets' own version counts.", dialect=dialect,
                    attack="rollback" if code else "", clause="Uptane 2.1.0, 5.4.4.6 step 4")
            def _(w, behind=behind, code=code):
                w.next()
                w.publish()
                w.accepted()
                w.put_stored(kind, "snapshot", None)
                repo = w.repos[kind]
                repo.next_release()
                repo.targets["version"] = 3 - behind
                w.publish()
                if code:
                    w.refused(code, kind, "targets")
                else:
                    w.accepted()


for kind in ("director", "image"):
    targets_forgotten_by_snapshot(kind)


@vector("state/supplier-older-without-stored-snapshot", "The stored snapshot is lost: a delegated role's own version "
        "counts.", attack="rollback")
def _(w):
    w.next()
    w.publish()
    w.accepted()
    w.put_stored("image", "snapshot", None)
    w.image.next_release()
    w.image.delegated["supplier"]["version"] = 2
    w.publish()
    w.refused("rollback_version", "image", "supplier")


for dialect in ("tuf", "legacy"):
    for name, behind, code in (("older", 1, "rollback_version"), ("equal", 0, None)):
        @vector(f"state/partial-{dialect}-targets-{name}", f"The targets are {name} than, or as, the stored ones.",
                world=PartialWorld, dialect=dialect, attack="rollback" if code else "",
                clause="Uptane 2.1.0, 5.4.4.6 step 4")
        def _(w, behind=behind, code=code):
            w.next()
            w.publish()
            w.accepted()
            w.director.targets["version"] = 3 - behind
            w.publish()
            if code:
                w.refused(code, "director", "targets")
            else:
                w.accepted()

        @vector(f"state/root-and-targets-{dialect}-targets-{name}",
                "A director of which only root and targets are used, in full verification.", dialect=dialect,
                attack="rollback" if code else "", clause="Uptane 2.1.0, 5.4.4.6 step 4", consistent=False)
        def _(w, behind=behind, code=code):
            w.options["director_roles"] = "targets"
            w.next()
            w.publish()
            w.accepted()
            w.director.targets["version"] = 3 - behind
            w.publish()
            if code:
                w.refused(code, "director", "targets")
            else:
                w.accepted()


@vector("state/partial-targets-damaged", "The stored targets are damaged: the version that they had is lost.",
        world=PartialWorld, clause="Uptane 2.1.0, 5.4.4.1")
def _(w):
    w.accepted()
    w.put_stored("director", "targets", w.director.files["targets.json"][:-1])
    w.accepted()


# --- the same version again ---

@vector("state/timestamp-other-of-the-same-version", "Another timestamp of the version that is trusted: the trusted "
        "one stays, and its snapshot.", world=TufWorld, attack="mix-and-match", clause="TUF 1.0.34, 5.4.3.1")
def _(w):
    w.accepted()
    kept = dict(w.image.files)
    w.next()
    w.image.timestamp["version"] = 4
    w.publish()
    newer = w.image.files["timestamp.json"]
    for repo in w.repos.values():
        repo.files = {**kept, "timestamp.json": newer}
        repo.snapshot["version"] -= 1
        repo.targets["version"] -= 1
    w.accepted()


@vector("state/timestamp-of-the-same-version-lists-older", "Another timestamp of the trusted version lists an older "
        "snapshot: the trusted one stays.", world=TufWorld, attack="rollback", clause="TUF 1.0.34, 5.4.3.1")
def _(w):
    w.next()
    w.publish()
    w.accepted()
    kept = dict(w.image.files)
    w.image.snapshot["version"] = 3
    w.publish()
    w.image.files = {**kept, "timestamp.json": w.image.files["timestamp.json"]}
    w.image.snapshot["version"] = 4
    w.accepted()


@vector("state/timestamp-of-the-same-version-expires-later", "Another timestamp of the trusted version does not renew "
        "it.", world=TufWorld, attack="indefinite freeze")
def _(w):
    w.image.timestamp["expires"] = LATER
    w.publish()
    w.accepted()
    w.image.timestamp["expires"] = EXPIRES
    w.publish()
    w.time = LATER
    w.refused("expired", "image", "timestamp")


# --- stored copies that expired ---

def expiring(kind, role):
    for dialect in ("tuf", "legacy"):
        @vector(f"state/{dialect}-{kind}-{role}-expired-since", "The stored copy has expired; there is no new one.",
                dialect=dialect, attack="indefinite freeze")
        def _(w):
            repo = w.repos[kind]
            repo.payload(role)["expires"] = LATER
            w.publish()
            w.accepted()
            w.time = LATER
            w.refused("expired", kind, role)

        @vector(f"state/{dialect}-{kind}-{role}-expired-and-renewed",
                "The stored copy has expired; there is a new one.", dialect=dialect,
                clause=f"Uptane 2.1.0, {SECTIONS[role]}")
        def _(w):
            repo = w.repos[kind]
            repo.payload(role)["expires"] = LATER
            w.publish()
            w.accepted()
            w.time = LATER
            w.next()
            repo.payload(role)["expires"] = EXPIRES
            w.publish()
            w.accepted()


for kind, role in PLACES:
    if role != "root":
        expiring(kind, role)


# --- a run that was refused leaves what is trusted as it was ---

@vector("state/refused-then-repaired", "A forged snapshot is refused; when it is repaired, the run succeeds.",
        clause="Uptane 2.1.0, 5.4.4.2")
def _(w):
    w.accepted()
    w.next()
    w.image.signers["snapshot"] = [w.image.key("stranger")]
    w.publish()
    w.refused("signature_threshold", "image", "snapshot")
    w.image.timestamp["version"] += 1  # the refused run trusted a timestamp that names the forged file
    w.publish()
    w.accepted()


@vector("state/image-repository-behind", "The image repository lags behind the director's order, then catches up.",
        clause="Uptane 2.1.0, 5.4.4.2 step 10.1")
def _(w):
    w.accepted()
    w.next()
    image = dict(w.image.files)
    w.publish()
    caught_up = w.image.files
    w.image.files = image
    for role in ("timestamp", "snapshot", "targets", "supplier"):
        w.image.payload(role)["version"] -= 1
    w.image_refused("target_not_found", "image", ["brake-2.0.bin", "supplier/door-2.0.bin"])
    w.image.files = caught_up
    for role in ("timestamp", "snapshot", "targets", "supplier"):
        w.image.payload(role)["version"] += 1
    w.accepted()


@vector("state/interrupted", "A run broke off between director and image repository; the next finds the update.",
        clause="Uptane 2.1.0, 5.4.4.2 step 6")
def _(w):
    w.accepted()
    w.next()
    w.image.replace["timestamp"] = lambda data: Fails("unreachable")
    w.publish()
    w.refused("unreachable", "image", "timestamp")
    w.image.publish()
    w.accepted()


@vector("state/installed-but-one", "One of two ECUs runs its image already: the other's is news.",
        clause="Uptane 2.1.0, 5.4.4.2 step 6")
def _(w):
    w.options["always_check_image_repository"] = False
    brake = next(ecu for ecu in w.ecus if ecu["serial"] == BRAKE["serial"])
    brake["installed"] = w.director.targets["targets"]["brake-1.0.bin"]["hashes"]["sha256"]
    w.accepted()


@vector("state/clock", "One reading of the clock holds for the whole run: all expire one second after it.",
        clause="TUF 1.0.34, 5.1")
def _(w):
    w.accepted()
    w.next()
    for repo in w.repos.values():
        for role in (*TOP_LEVEL[1:], *repo.delegated):
            repo.payload(role)["expires"] = "2027-01-01T00:00:01Z"
    w.publish()
    w.accepted()
    w.time = "2027-01-01T00:00:01Z"
    w.refused("expired", "director", "timestamp")
