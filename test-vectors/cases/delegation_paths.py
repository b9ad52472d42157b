# SPDX-License-Identifier: Apache-2.0
"""Which delegations apply to an image: patterns, prefixes of digests, names of roles, hardware identifiers."""
import hashlib

from maker.search import FORMAT, IMAGE, SEARCH, search
from maker.vector import vector
from maker.world import BRAKE, DOOR, PRIMARY, TufWorld, World


# --- patterns ---

def pattern(name, path, target, tuf, legacy):
    """Does the pattern match, in each dialect?"""
    for dialect, matches in (("tuf", tuf), ("legacy", legacy)):
        verb = "matches" if matches else "does not match"

        @vector(f"paths/{dialect}-{name}", f"The pattern {path} {verb} {target}.", world=TufWorld, dialect=dialect,
                clause=f"{SEARCH} step 4.1", attack="" if matches else "arbitrary installation")
        def _(w, matches=matches):
            w.image.delegate("a", [path])
            w.image.add(target, "a")
            w.lookup = [target]
            w.publish()
            if matches:
                w.accepted()
            else:
                w.not_found()


pattern("exact", "a/fw.bin", "a/fw.bin", True, True)
pattern("exact-but-one", "a/fw.bin", "a/fw.bim", False, False)
pattern("prefix-only", "a/fw", "a/fw.bin", False, False)
pattern("case", "A/*", "a/fw.bin", False, False)
pattern("star", "*.bin", "fw.bin", True, True)
pattern("star-nothing", "fw*.bin", "fw.bin", True, True)
pattern("star-slash", "*", "a/fw.bin", False, True)
pattern("star-slash-inside", "a*.bin", "a/fw.bin", False, True)
pattern("star-per-folder", "*/*.bin", "a/fw.bin", True, True)
pattern("star-one-folder-too-few", "*/*.bin", "fw.bin", False, False)
pattern("star-one-folder-too-many", "*/*.bin", "a/b/fw.bin", False, True)
pattern("star-again", "*a*b*", "xaxxbxaxb.", True, True)
pattern("star-last-folder", "a/*", "a/b/fw.bin", False, True)
pattern("question", "f?.bin", "fw.bin", True, True)
pattern("question-none", "fw?.bin", "fw.bin", False, False)
pattern("question-slash", "a?fw.bin", "a/fw.bin", False, True)
pattern("question-wide-character", "f?.bin", "f\U0001f98a.bin", True, True)
pattern("question-half-a-character", "f??.bin", "f\u00e9.bin", False, False)
pattern("brackets", "f[w].bin", "fw.bin", False, False)
pattern("folder", "a/", "a/fw.bin", False, False)
pattern("star-slow", "*a" * 30 + "b", "a" * 120 + ".", False, False)


@search("paths-second", "The second of three patterns matches.")
def _(w, repo):
    repo.delegate("a", ["no/*", "fw.*", "neither"])
    repo.add(IMAGE, "a")
    w.publish()
    w.accepted()


@search("paths-none", "A delegation without any pattern applies to nothing.", attack="arbitrary installation")
def _(w, repo):
    repo.delegate("a", [])
    repo.add(IMAGE, "a")
    w.publish()
    w.not_found()


DIGEST = hashlib.sha256(IMAGE.encode()).hexdigest()
OTHER = "0" if DIGEST[0] != "0" else "1"
for name, prefixes, matches in (("one-digit", [DIGEST[0]], True), ("whole", [DIGEST], True),
                                ("second", [OTHER, DIGEST[:6]], True), ("other", [OTHER], False),
                                ("differs-at-the-end", [DIGEST[:-1] + ("1" if DIGEST[-1] == "0" else "0")], False),
                                ("longer", [DIGEST + "0"], False), ("empty-list", [], False)):
    @search(f"hash-prefix-{name}", f"The digest of the name {'begins' if matches else 'does not begin'} with a prefix.",
            clause=f"{SEARCH} step 4.1", attack="" if matches else "arbitrary installation")
    def _(w, repo, prefixes=prefixes, matches=matches):
        repo.delegate("a", path_hash_prefixes=prefixes)
        repo.add(IMAGE, "a")
        w.publish()
        if matches:
            w.accepted()
        else:
            w.not_found()


# --- names of roles ---

for name, role in (("slash", "team/a"), ("parent", "../root"), ("space", "team a %"), ("beyond-ascii", "\u00e9quipe"),
                   ("dots", ".."), ("url", "a?b#c&d"), ("upper-case", "Root"), ("json", "a.json")):
    @search(f"role-name-{name}", "An unusual name of a role cannot leave the folder.", clause="Uptane 2.1.0, 5.2.3.2")
    def _(w, repo, role=role):
        repo.delegate(role, ["*"])
        repo.add(IMAGE, role)
        w.publish()
        w.accepted()

for role in ("root", "timestamp", "snapshot", "targets"):
    @search(f"role-name-{role}", "A delegated role bears the name of a top-level one.",
            attack="arbitrary installation", clause=FORMAT)
    def _(w, repo, role=role):
        entry = repo.delegate("a", ["*"])
        entry["name"] = role
        w.publish()
        w.refused("name_unsafe", "image", "targets", clause=FORMAT)


# --- hardware identifiers on delegations ---

def hardware(name, about, identifiers, found, ecus=(DOOR,)):
    @vector(f"delegations/hardware-{name}", about, world=World, clause=f"{SEARCH} step 4.1",
            attack="" if found else "wrong hardware")
    def _(w):
        w.image.targets["delegations"]["roles"][0]["hardwareIds"] = identifiers
        if len(ecus) > 1:
            w.director.targets["targets"].clear()
            w.order("supplier/door-1.0.bin", *ecus, releaseCounter=1)
            w.image.delegated["supplier"]["targets"]["supplier/door-1.0.bin"]["custom"]["hardwareIds"] = [
                ecu["hardware"] for ecu in ecus]
        w.publish()
        if found:
            w.accepted()
        else:
            w.visited = []
            w.image_refused("target_not_found", "image", "supplier/door-1.0.bin")


hardware("of-the-ecu", "The delegation is for the ECU's hardware.", ["door-hw"], True)
hardware("of-several", "The delegation is for several kinds of hardware.", ["brake-hw", "door-hw"], True)
hardware("of-another", "The delegation is for other hardware.", ["brake-hw"], False)
hardware("of-none", "The delegation is for no hardware.", [], False)
hardware("of-both-ecus", "The delegation is for the hardware of both ECUs that are ordered the image.",
         ["gateway-hw", "door-hw"], True, (PRIMARY, DOOR))
hardware("of-one-of-two-ecus", "The delegation is for the hardware of one of two ECUs.", ["door-hw"], False,
         (BRAKE, DOOR))
