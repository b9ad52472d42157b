# SPDX-License-Identifier: Apache-2.0
"""Good repositories of every kind. golden/ is the work of other implementations from the first byte; what is in good/
is Lampyr's own."""
from maker.keys import ALGORITHMS
from maker.vector import vector
from maker.world import BRAKE, PartialWorld, TufWorld, World

PROCEDURES = (("full", World, "5.4.4.2"), ("partial", PartialWorld, "5.4.4.1"), ("tuf", TufWorld, "5.4.4.6"))


def two_releases(w):
    w.accepted()
    w.next()
    w.publish()
    w.accepted()


for algorithm in ALGORITHMS:
    for dialect in ("tuf", "legacy"):
        for procedure, world, clause in PROCEDURES:
            for independent in (True, False):
                group = "golden" if independent else "good"
                vector(f"{group}/{procedure}-{dialect}-{algorithm}", "A first release and a second, all good.",
                       clause=f"Uptane 2.1.0, {clause}", world=world, dialect=dialect, algorithm=algorithm,
                       independent=independent)(two_releases)


@vector("golden/mixed-dialects", "The director speaks one dialect, the image repository the other.",
        clause="Uptane 2.1.0, 5.4.4.2", dialect="legacy", image_dialect="tuf")
def _(w):
    two_releases(w)


@vector("golden/mixed-dialects-the-other-way", "The director speaks one dialect, the image repository the other.",
        clause="Uptane 2.1.0, 5.4.4.2", dialect="tuf", image_dialect="legacy")
def _(w):
    two_releases(w)


@vector("golden/mixed-algorithms", "Every role signs with another algorithm, and root with all three.",
        clause="Uptane 2.1.0, 5.4.4.2")
def _(w):
    w.accepted()
    for repo in w.repos.values():
        of = dict(zip(("targets", "snapshot", "timestamp"), (repo.key("mixed", a) for a in ALGORITHMS)))
        repo.next_root(root=[repo.key("mixed root", a) for a in ALGORITHMS], **of)
        repo.root["roles"]["root"]["threshold"] = 3
    w.next()
    w.publish()
    w.accepted()


@vector("golden/inconsistent-snapshot", "Files have no versions in their names, images no digests.",
        clause="TUF 1.0.34, 5.3.12", consistent=False)
def _(w):
    two_releases(w)


@vector("golden/image-repository-turns-consistent", "A new root turns consistent snapshots on.",
        clause="TUF 1.0.34, 5.3.12", consistent=False)
def _(w):
    w.accepted()
    w.image.root["consistent_snapshot"] = True
    w.image.next_root()
    w.image.consistent = True
    w.next()
    w.publish()
    w.accepted()


@vector("golden/nothing-new", "The second run finds what the first one left.", clause="Uptane 2.1.0, 5.4.4.2 step 4")
def _(w):
    w.accepted()
    w.accepted()


@vector("golden/no-orders", "The director orders nothing.", clause="Uptane 2.1.0, 5.4.4.2")
def _(w):
    w.director.targets["targets"] = {}
    w.publish()
    w.visited = []
    w.accepted()


@vector("golden/all-installed", "What is ordered runs already, so that the image repository is not asked.",
        clause="Uptane 2.1.0, 5.4.4.2 step 6")
def _(w):
    orders = {serial: entry["hashes"]["sha256"] for entry in w.director.targets["targets"].values()
              for serial in entry["custom"]["ecuIdentifiers"]}
    for ecu in w.ecus:
        if ecu["serial"] in orders:
            ecu["installed"] = orders[ecu["serial"]]
    w.options["always_check_image_repository"] = False
    w.advance(until=("image", "root"))
    w.step({"verdict": "accepted", "code": "ok", "targets": w.images({})})


@vector("golden/one-image-for-two-ecus", "Two ECUs of the same hardware are ordered the same image.",
        clause="Uptane 2.1.0, 5.4.4.6 step 7")
def _(w):
    twin = {**BRAKE, "serial": "brake-2"}
    w.ecus.append(twin)
    w.order("brake-1.0.bin", BRAKE, twin, releaseCounter=1)
    w.publish()
    w.accepted()


@vector("golden/partial-for-another-ecu", "The targets order nothing for this ECU; their version counts all the same.",
        clause="Uptane 2.1.0, 5.4.4.1", world=PartialWorld)
def _(w):
    w.ecus[0]["serial"] = "other-1"
    w.accepted()


@vector("golden/images", "Every image that is ordered arrives as listed.", clause="Uptane 2.1.0, 5.4.3.4 step 7")
def _(w):
    w.advance()
    w.step({"verdict": "accepted", "code": "ok", "targets": [{**t, "download": "ok"} for t in w.images({})]})
