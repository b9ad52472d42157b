# SPDX-License-Identifier: Apache-2.0
"""Several image repositories under a repository map (Uptane 2.1.0, 5.2.6; TAP 4)."""
import json

from maker.map import CLAUSE, IMAGE, NAMES, MapFile, MapWorld, entry, map_file
from maker.repository import Fails
from maker.vector import vector

EVIL = b"evil code\n"
DIRECTOR_DISAGREES = "Uptane 2.1.0, 5.4.4.2 step 10.2.1"


def mapped(name, about, *, attack="", clause=CLAUSE, dialects=("tuf", "legacy"), **options):
    """Registers a vehicle that has published one good release of everything."""
    def register(play):
        for dialect in dialects:
            vector(f"mapping/{dialect}-{name}", about, attack=attack, clause=clause, world=MapWorld, dialect=dialect,
                   **options)(play)
        return play
    return register


# --- how many must agree ---

@mapped("two-of-three", "The first two repositories agree, and two must: the third is not asked.")
def _(w):
    w.agreed("ab")


@mapped("three-of-three", "All three repositories must agree, and do.")
def _(w):
    w.entries(entry(["*"], NAMES, 3))
    w.agreed("abc")


@mapped("one-of-one", "One repository, as without a map.")
def _(w):
    w.entries(entry(["*"], "b", 1))
    w.agreed("b")


@mapped("one-of-three-is-silent", "The first repository does not sign the image; the other two agree.")
def _(w):
    w.silent("a")
    w.publish()
    w.agreed("abc")


@mapped("two-of-three-are-silent", "Only one repository signs the image, and two must.", attack="key compromise")
def _(w):
    w.silent("a", "c")
    w.publish()
    w.not_agreed("target_not_found", "a", "abc")


@mapped("one-of-three-is-silent-and-three-must", "Two repositories agree, and three must.", attack="key compromise")
def _(w):
    w.entries(entry(["*"], NAMES, 3))
    w.silent("b")
    w.publish()
    w.not_agreed("target_not_found", "b", "abc")


# --- what stolen keys buy ---

@mapped("one-compromised", "Who has all keys of the first repository signs evil code; the other two outvote it.",
        attack="key compromise")
def _(w):
    w.says("a", content=EVIL)
    w.publish()
    w.agreed("abc")


@mapped("one-and-the-director-compromised", "The director orders the evil code that one repository signs; two do not.",
        attack="key compromise")
def _(w):
    w.says("a", content=EVIL)
    w.director.add(IMAGE, content=EVIL, **w.director.targets["targets"][IMAGE]["custom"])
    w.publish()
    w.not_agreed("target_mismatch", "", "abc", clause=DIRECTOR_DISAGREES)


@mapped("two-and-the-director-compromised", "The director and as many repositories as must agree sign evil code: "
        "nothing is left to notice it.", attack="key compromise")
def _(w):
    for name in "ac":
        w.says(name, content=EVIL)
    w.director.add(IMAGE, content=EVIL, **w.director.targets["targets"][IMAGE]["custom"])
    w.publish()
    w.agreed("abc")


@mapped("all-differ", "Every repository signs other bytes.", attack="arbitrary installation")
def _(w):
    w.says("b", content=EVIL)
    w.says("c", content=EVIL + EVIL)
    w.publish()
    w.not_agreed("target_mismatch", "b", "abc")


@mapped("the-first-wins", "One must agree: the first that signs the image is believed, not the one that the director "
        "agrees with.", attack="key compromise")
def _(w):
    w.entries(entry(["*"], NAMES, 1))
    w.says("a", content=EVIL)
    w.publish()
    w.not_agreed("target_mismatch", "", "a", clause=DIRECTOR_DISAGREES)


@mapped("the-order-of-the-entry", "The entry's order decides who is asked first, not that of the list of repositories.")
def _(w):
    w.entries(entry(["*"], "cba", 1))
    w.says("a", content=EVIL)
    w.publish()
    w.agreed("c")


# --- on what they must agree ---

for what, about, custom in (
        ("counter", "the release counter", {"releaseCounter": 2}),
        ("hardware", "the hardware", {"hardwareIds": ["brake-hw", "door-hw"]}),
        ("must-match", "a field that must match", {"mustMatch": {"region": "eu"}})):
    @mapped(f"{what}-differs", f"Both repositories that must agree sign the same bytes, but not {about}.",
            attack="key compromise")
    def _(w, custom=custom):
        w.entries(entry(["*"], "ab", 2))
        w.says("b", **custom)
        w.publish()
        w.not_agreed("target_mismatch", "b", "ab")


@mapped("notes-differ", "Two repositories agree on all that must match, and differ in a note.")
def _(w):
    w.says("b", note="from b")
    w.publish()
    w.agreed("ab")


@mapped("length-differs", "Two repositories sign the same digest with another length.", attack="mix-and-match")
def _(w):
    w.entries(entry(["*"], "ab", 2))
    w.says("b")["length"] += 1
    w.publish()
    w.not_agreed("target_mismatch", "b", "ab")


@mapped("no-digest-in-common", "One repository lists SHA-256 and the other SHA-512: nothing shows that they agree.",
        attack="mix-and-match")
def _(w):
    w.entries(entry(["*"], "ab", 2))
    w.says("b")["hashes"] = {"sha512": "ab" * 64}
    w.publish()
    w.not_agreed("target_mismatch", "b", "ab")


# --- repositories that fail ---

@mapped("one-unreachable", "The first repository cannot be reached; the other two agree.")
def _(w):
    w.a.replace["timestamp"] = lambda data: Fails("unreachable")
    w.publish()
    w.agreed("abc", {"a": "timestamp"})


@mapped("one-too-slow", "The first repository is too slow; the other two agree.", attack="slow retrieval")
def _(w):
    w.a.replace["timestamp"] = lambda data: Fails("slow_retrieval")
    w.publish()
    w.agreed("abc", {"a": "timestamp"})


@mapped("one-unreachable-too-many", "One repository cannot be reached and another is silent: the third is alone.")
def _(w):
    w.a.replace["timestamp"] = lambda data: Fails("unreachable")
    w.silent("b")
    w.publish()
    w.not_verified("unreachable", "a", "timestamp", "abc")


for role in ("timestamp", "snapshot", "targets"):
    @mapped(f"{role}-forged", f"The {role} of the first repository is signed by a stranger; the other two agree.",
            attack="arbitrary installation")
    def _(w, role=role):
        w.forged("a", role)
        w.publish()
        w.agreed("abc", {"a": role})

    @mapped(f"{role}-forged-where-it-matters", f"The {role} of a repository that is needed is signed by a stranger.",
            attack="arbitrary installation")
    def _(w, role=role):
        w.entries(entry(["*"], "ab", 2))
        w.forged("b", role)
        w.publish()
        w.not_verified("signature_threshold", "b", role, "ab")


@mapped("one-frozen", "The first repository's timestamp has expired; the other two agree.", attack="indefinite freeze")
def _(w):
    w.a.timestamp["expires"] = "2026-12-31T23:59:59Z"
    w.publish()
    w.agreed("abc", {"a": "timestamp"})


@mapped("one-rolled-back", "The second release: one repository serves an older timestamp; the other two agree.",
        attack="rollback")
def _(w):
    w.entries(entry(["*"], NAMES, 2))
    w.agreed("ab")
    w.next()
    w.a.timestamp["version"] = 3
    w.publish()
    w.agreed("bc")


@mapped("one-without-a-root", "For one repository no root was provisioned; the other two agree.")
def _(w):
    w.provisioned["a"] = None
    w.trusted["a"]["root"] = 0
    w.agreed("abc", {"a": "root"})


@mapped("delegated-role-forged", "A delegated role of the first repository is signed by a stranger: it has no voice for "
        "this image.", attack="arbitrary installation")
def _(w):
    w.silent("a")
    w.a.delegate("supplier", ["*"])
    w.says("a")
    w.a.payload("supplier")["targets"] = w.a.targets["targets"]
    w.a.targets["targets"] = {}
    w.forged("a", "supplier")
    w.publish()
    w.agreed("abc")


@mapped("failed-once", "A repository that cannot be reached is not asked again for the second image.")
def _(w):
    w.sign("door/fw.bin")
    w.director.targets["targets"]["door/fw.bin"]["custom"]["ecuIdentifiers"] = {"door-1": {"hardwareId": "door-hw"}}
    for name in NAMES:
        w.repos[name].targets["targets"]["door/fw.bin"]["custom"]["hardwareIds"] = ["door-hw"]
    w.a.replace["timestamp"] = lambda data: Fails("unreachable")
    w.publish()
    w.agreed("abc", {"a": "timestamp"})


# --- which entry ---

@mapped("goes-on", "The first entry's repository does not sign the image; the next entry's does.")
def _(w):
    w.entries(entry(["brake/*"], "a", 1, False), entry(["*"], "b", 1))
    w.silent("a")
    w.publish()
    w.agreed("ab")


@mapped("goes-on-after-a-conflict", "The first entry's repositories contradict each other; the next entry's agree.")
def _(w):
    w.entries(entry(["brake/*"], "ab", 2, False), entry(["*"], "bc", 2))
    w.says("a", content=EVIL)
    w.publish()
    w.agreed("abc")


@mapped("terminating", "The first entry terminates: the next one is not looked at.", attack="arbitrary installation")
def _(w):
    w.entries(entry(["brake/*"], "a", 1), entry(["*"], "b", 1))
    w.silent("a")
    w.publish()
    w.not_agreed("target_not_found", "a", "a")


@mapped("terminating-conflict", "The repositories of a terminating entry contradict each other.",
        attack="arbitrary installation")
def _(w):
    w.entries(entry(["brake/*"], "ab", 2), entry(["*"], "c", 1))
    w.says("b", content=EVIL)
    w.publish()
    w.not_agreed("target_mismatch", "b", "ab")


@mapped("a-conflict-is-told", "A conflict in the first entry, and nobody in the second: the conflict is the reason.",
        attack="arbitrary installation")
def _(w):
    w.entries(entry(["brake/*"], "ab", 2, False), entry(["*"], "c", 1, False))
    w.says("b", content=EVIL)
    w.silent("c")
    w.publish()
    w.not_agreed("target_mismatch", "b", "abc")


@mapped("cut-off", "The first entry's repository cannot be reached: whoever cut it off must not choose the next one.",
        attack="arbitrary installation")
def _(w):
    w.entries(entry(["brake/*"], "a", 1, False), entry(["*"], "b", 1))
    w.a.replace["timestamp"] = lambda data: Fails("unreachable")
    w.publish()
    w.not_verified("unreachable", "a", "timestamp", "a")


@mapped("cut-off-in-vain", "A repository cannot be reached, but the rest of its entry could not have sufficed with it: "
        "the next entry is looked at.")
def _(w):
    w.entries(entry(["brake/*"], "ab", 2, False), entry(["*"], "c", 1))
    w.a.replace["timestamp"] = lambda data: Fails("unreachable")
    w.silent("b")
    w.publish()
    w.agreed("abc", {"a": "timestamp"})


@mapped("no-entry", "No entry is for the image.", attack="arbitrary installation")
def _(w):
    w.entries(entry(["door/*"], NAMES, 1))
    w.not_agreed("target_not_found", "", "")


@mapped("nothing-ordered", "Nothing is ordered: no image repository is asked.")
def _(w):
    w.director.targets["targets"] = {}
    w.publish()
    w.agreed("")


for name, pattern, image, matches in (
        ("star", "brake/*", "brake/fw.bin", True),
        ("star-in-the-middle", "brake/*.bin", "brake/fw.bin", True),
        ("other-ending", "brake/*.hex", "brake/fw.bin", False),
        ("question-mark", "brake/f?.bin", "brake/fw.bin", True),
        ("question-mark-too-few", "brake/f?.bin", "brake/f.bin", False),
        ("whole-name", "brake/fw.bin", "brake/fw.bin", True),
        ("other-case", "Brake/fw.bin", "brake/fw.bin", False),
        ("star-alone", "*", "brake/front/left.bin", True)):
    @mapped(f"path-{name}", f"The pattern {pattern} and the image {image}.")
    def _(w, pattern=pattern, image=image, matches=matches):
        w.entries(entry([pattern], "a", 1), entry(["*"], "b", 1))
        w.director.targets["targets"] = {}
        w.sign(image)
        w.publish()
        w.agreed("a" if matches else "b")


for dialect, asked in (("tuf", "b"), ("legacy", "a")):
    @mapped("path-across-folders", "A star crosses / in legacy only.", dialects=(dialect,))
    def _(w, asked=asked):
        w.entries(entry(["brake/*"], "a", 1), entry(["*"], "b", 1))
        w.director.targets["targets"] = {}
        w.sign("brake/front/left.bin")
        w.publish()
        w.agreed(asked)


@mapped("second-pattern", "The second of an entry's patterns is for the image.")
def _(w):
    w.entries(entry(["door/*", "brake/*"], "a", 1), entry(["*"], "b", 1))
    w.agreed("a")


# --- the director in the map ---

@mapped("director-listed", "The entry lists the director too: it is one of two that must agree.",
        clause="Uptane 2.1.0, 5.2.6")
def _(w):
    w.entries(entry(["*"], ["director", "a", "b"], 2))
    w.agreed("a")


@mapped("director-not-listed", "The map has no URL of the director, which is known otherwise.",
        clause="Uptane 2.1.0, 5.2.6")
def _(w):
    w.entries(entry(["*"], ["director", "a"], 2), director=False)
    w.agreed("a")


# --- the file itself ---

def changed(change):
    document = json.loads(map_file([entry(["*"], NAMES, 2), entry(["x"], "a", 1)]))
    change(document)
    return json.dumps(document).encode()


def read(name, about, data, code="ok", attack="malformed"):
    @vector(f"mapping/file-{name}", about, attack=attack if code != "ok" else "", clause="Uptane 2.1.0, 5.2.6",
            world=MapFile)
    def _(w):
        w.read(data, code)


def read_changed(name, about, change, code="ok", **how):
    read(name, about, changed(change), code, **how)


def in_entry(**members):
    return lambda document: document["mapping"][1].update(members)


def without(*path):
    def change(document):
        for step in path[:-1]:
            document = document[step]
        del document[path[-1]]
    return change


def repositories(**members):
    return lambda document: document["repositories"].update(members)


URLS = ["https://x.example/"]
GOOD = map_file([entry(["*"], "ab", 2)])

read("good", "A map of three repositories.", GOOD)
read_changed("director-alone", "The director could reach the threshold alone.",
             in_entry(repositories=["director", "a"]), "threshold_invalid", attack="key-threshold misuse")
read_changed("director-with-one", "The director and one image repository.",
             in_entry(repositories=["director", "a"], threshold=2))
read_changed("only-director", "An entry of the director only.", in_entry(repositories=["director"]),
             "threshold_invalid", attack="key-threshold misuse")
read_changed("director-twice", "The director is listed twice in an entry.",
             in_entry(repositories=["director", "director", "a"], threshold=2), "name_repeated")
read("empty", "No bytes at all.", b"", "json_syntax")
read("not-json", "No JSON.", b"repositories: a", "json_syntax")
read("trailing", "A second document follows.", GOOD + b"{}", "json_trailing")
read("repository-twice", "Two repositories of one name.", GOOD.replace(b'"b":', b'"a":'), "json_duplicate_key")
read("fraction", "A threshold with a fraction.", GOOD.replace(b'"threshold": 2', b'"threshold": 2.0'), "json_number")
read("too-long", "One byte more than a map may have.", GOOD.ljust(64 * 1024 + 1), "limit_file", attack="endless data")
read("as-long-as-may-be", "As many bytes as a map may have.", GOOD.ljust(64 * 1024))
read("too-deep", "Nested beyond what a map needs.",
     GOOD.replace(b'"*"', b"[" * 8 + b"]" * 8), "limit_depth", attack="limit")
read("array", "A list instead of an object.", b"[]", "field_type")
read_changed("no-repositories", "No repositories.", without("repositories"), "field_missing")
read_changed("no-mapping", "No mapping.", without("mapping"), "field_missing")
read_changed("unknown-member", "A member that nobody knows.", lambda d: d.update(mappings=[]), "field_value")
read_changed("repositories-list", "The repositories are a list.", lambda d: d.update(repositories=["a"]), "field_type")
read_changed("mapping-object", "The mapping is an object.", lambda d: d.update(mapping={}), "field_type")
read_changed("mapping-empty", "The mapping has no entry.", lambda d: d.update(mapping=[]), "field_value")
for number, name in enumerate((".a", "..", "a/b", "a b", "ä", "", "a\n", "a%2f")):
    read_changed(f"repository-name-{number}", f"A repository is called {json.dumps(name)}.",
                 repositories(**{name: URLS}), "name_unsafe")
read_changed("repository-name-usual", "A repository with every kind of character that a name may have.",
             repositories(**{"Supplier_1-b.example": URLS}))
read_changed("repository-name-63", "The longest name that a repository may have.", repositories(**{"n" * 63: URLS}))
read_changed("repository-name-64", "A name one character longer.", repositories(**{"n" * 64: URLS}), "limit_string",
             attack="limit")
read_changed("urls-text", "The URLs are no list.", repositories(a=URLS[0]), "field_type")
read_changed("urls-empty", "A repository without URL.", repositories(a=[]), "field_value")
read_changed("director-urls-empty", "The director without URL.", repositories(director=[]), "field_value")
read_changed("url-number", "A URL is a number.", repositories(a=[1]), "field_type")
read_changed("url-empty", "A URL is empty.", repositories(a=[""]), "field_value")
read_changed("8-urls", "As many URLs as a repository may have.", repositories(a=URLS * 8))
read_changed("9-urls", "One URL more.", repositories(a=URLS * 9), "limit_record", attack="limit")
read_changed("url-1023", "The longest URL.", repositories(a=["h" * 1023]))
read_changed("url-1024", "A URL one character longer.", repositories(a=["h" * 1024]), "limit_string", attack="limit")
read_changed("16-repositories", "As many image repositories as there may be, and the director.",
             repositories(**{f"r{n}": URLS for n in range(13)}))
read_changed("17-repositories", "One image repository more.", repositories(**{f"r{n}": URLS for n in range(14)}),
             "limit_record", attack="limit")
read_changed("entry-text", "An entry is text.", lambda d: d.update(mapping=["a"]), "field_type")
for member in ("paths", "repositories", "threshold", "terminating"):
    read_changed(f"entry-without-{member}", f"An entry does not say {member}.", without("mapping", 1, member),
                 "field_missing")
read_changed("entry-unknown-member", "An entry has a member that nobody knows.", in_entry(treshold=1), "field_value")
read_changed("paths-text", "The paths are no list.", in_entry(paths="*"), "field_type")
read_changed("paths-empty", "An entry is for no path.", in_entry(paths=[]), "field_value")
read_changed("path-number", "A path is a number.", in_entry(paths=[1]), "field_type")
read_changed("path-empty", "A path is empty.", in_entry(paths=[""]), "field_value")
for number, path in enumerate(("/brake/*", "brake/../*", "./brake", "brake//*", "brake/", "a\\b", "a\tb")):
    read_changed(f"path-unsafe-{number}", f"No image can match {json.dumps(path)}.", in_entry(paths=[path]),
                 "name_unsafe")
read_changed("path-511", "The longest path.", in_entry(paths=["p" * 511]))
read_changed("path-512", "A path one character longer.", in_entry(paths=["p" * 512]), "limit_string", attack="limit")
read_changed("64-paths", "As many paths as an entry may have.", in_entry(paths=["*"] * 64))
read_changed("65-paths", "One path more.", in_entry(paths=["*"] * 65), "limit_record", attack="limit")
read_changed("entry-repositories-text", "The repositories of an entry are no list.", in_entry(repositories="a"),
             "field_type")
read_changed("entry-repositories-empty", "An entry without repositories.", in_entry(repositories=[]), "field_value")
read_changed("entry-repository-number", "A repository of an entry is a number.", in_entry(repositories=[1]),
             "field_type")
read_changed("entry-repository-unknown", "An entry names a repository that is not listed.",
             in_entry(repositories=["a", "d"]), "name_unknown")
read_changed("entry-repository-in-another-case", "An entry writes a repository's name in another case.",
             in_entry(repositories=["A"]), "name_unknown")
read_changed("entry-repository-twice", "An entry names a repository twice, so that it could count twice.",
             in_entry(repositories=["a", "a"], threshold=2), "name_repeated", attack="key-threshold misuse")
for name, threshold, code in (("zero", 0, "threshold_invalid"), ("above", 2, "threshold_invalid"),
                              ("huge", 2**63 - 1, "threshold_invalid"), ("negative", -1, "field_value"),
                              ("text", "1", "field_type"), ("null", None, "field_type")):
    read_changed(f"threshold-{name}", f"The threshold is {json.dumps(threshold)}, of one repository.",
                 in_entry(threshold=threshold), code,
                 attack="key-threshold misuse" if code == "threshold_invalid" else "malformed")
read_changed("terminating-text", "Terminating is neither true nor false.", in_entry(terminating="yes"), "field_type")
read_changed("64-entries", "As many entries as there may be.", lambda d: d.update(mapping=d["mapping"][1:] * 64))
read_changed("65-entries", "One entry more.", lambda d: d.update(mapping=d["mapping"][1:] * 65), "limit_record",
             attack="limit")
