# SPDX-License-Identifier: Apache-2.0
"""The same attacks on every file of both repositories, in both dialects: one thing is wrong with the second release."""
import zlib

from maker.clauses import COMMON, DATES, ENVELOPE, EXTENSIBLE, SPECIFICATION, STRICT_JSON, clause_of
from maker.keys import ALGORITHMS
from maker.repository import NOW, NOW_PLUS_1, TOP_LEVEL, Fails, Padded, digest
from maker.vector import vector
from maker.world import PartialWorld, World

FULL = [("director", role) for role in TOP_LEVEL] + [("image", role) for role in (*TOP_LEVEL, "supplier")]
PARTIAL = [("director", "root"), ("director", "targets")]
LIMIT_BYTES = {  # by profile
    "gateway": {"root": 512 * 1024, "timestamp": 16 * 1024},
    "constrained": {"root": 32 * 1024, "targets": 40 * 1024},
}
ATTACKS = []


def attack(name, about, code, kind, *, roles=None, forms=("served", "canonical"), dialects=("tuf", "legacy"),
           clause=None):
    """Registers a change to one file. `code` is what it is refused with, or None if it is just acceptable; then `kind`
    is the code of what it only just is not. `clause` is the one tested, by default that of the refusal."""
    def register(change):
        ATTACKS.append((name, about, code, kind, change, roles, forms, dialects, clause))
        return change
    return register


# --- who signed it ---

@attack("unsigned", "It carries no signature.", "signature_threshold", "arbitrary installation")
def _(repo, role):
    repo.signers[role] = []


@attack("signed-by-a-stranger", "It is signed by a key that nobody delegated to.", "signature_threshold",
        "arbitrary installation")
def _(repo, role):
    repo.signers[role] = [repo.key("stranger")]


@attack("signed-under-a-false-keyid", "A stranger's signature bears the keyid of the role's key.",
        "signature_threshold", "arbitrary installation")
def _(repo, role):
    own = repo.keys[role][0].keyid(repo.dialect)
    repo.signers[role] = [repo.key("stranger").renamed(own)]


@attack("signed-by-another-role", "It is signed by the key of another role of the same root.", "signature_threshold",
        "arbitrary installation")
def _(repo, role):
    repo.signers[role] = [repo.keys["timestamp" if role != "timestamp" else "snapshot"][0]]


@attack("changed-after-signing", "A field was added after it was signed.", "signature_threshold",
        "arbitrary installation")
def _(repo, role):
    repo.tamper[role] = lambda envelope: envelope["signed"].update(zz="added")


@attack("signature-of-the-wrong-form", "The signature does not decode.", "signature_threshold",
        "arbitrary installation")
def _(repo, role):
    repo.tamper[role] = lambda envelope: envelope["signatures"][0].update(sig="=signature=")


@attack("foreign-signatures-beside", "Signatures by strangers, of unknown keyids, stand beside the good one.", None,
        "signature_threshold")
def _(repo, role):
    repo.signers[role] = [repo.key("stranger"), *repo.keys[role], repo.key("stranger 2")]


# --- when ---

@attack("expires-now", "It expires at this very second.", "expired", "indefinite freeze")
def _(repo, role):
    repo.payload(role)["expires"] = NOW


@attack("expires-in-a-second", "It expires one second from now.", None, "expired")
def _(repo, role):
    repo.payload(role)["expires"] = NOW_PLUS_1


@attack("expired-for-ages", "It expired in the year 0.", "expired", "indefinite freeze")
def _(repo, role):
    repo.payload(role)["expires"] = "0000-01-01T00:00:00Z"


# --- not the file that was promised ---

@attack("withheld", "It is not there, although signed metadata promises it.", "missing_file", "partial bundle",
        roles=("snapshot", "targets", "supplier"))
def _(repo, role):
    repo.replace[role] = lambda data: None


@attack("withheld", "It is not there.", "unreachable", "indefinite freeze", roles=("timestamp",))
def _(repo, role):
    repo.replace[role] = lambda data: None


@attack("another-of-the-same-length", "One byte of it differs from what was signed for.", "hash_mismatch",
        "mix-and-match", roles=("snapshot", "targets", "supplier"), forms=("served",))
def _(repo, role):
    repo.replace[role] = lambda data: data.replace(b"2030-01-01", b"2031-01-01")


@attack("shorter-than-promised", "Its last byte is missing.", "length_mismatch", "mix-and-match",
        roles=("snapshot", "targets", "supplier"), forms=("served",))
def _(repo, role):
    repo.replace[role] = lambda data: data[:-1]


@attack("longer-than-promised", "A space follows that was not promised.", "limit_file", "endless data",
        roles=("snapshot", "targets", "supplier"), forms=("served",))
def _(repo, role):
    repo.replace[role] = lambda data: data + b" "


@attack("older-than-promised", "The reference names a version that the file does not carry.", "version_mismatch",
        "mix-and-match", roles=("snapshot", "targets", "supplier"), forms=("served",))
def _(repo, role):
    repo.reference[role] = lambda reference: reference.update(version=reference["version"] + 1)


@attack("reference-by-version-only", "The reference gives neither length nor digest.", None, "version_mismatch",
        roles=("snapshot", "targets", "supplier"), forms=("served",))
def _(repo, role):
    repo.reference[role] = lambda reference: {"version": reference["version"]}


@attack("reference-with-two-digests", "The reference gives SHA-256 and SHA-512, and both are right.", None,
        "hash_mismatch", roles=("snapshot", "targets", "supplier"), forms=("served",))
def _(repo, role):
    data = {}
    repo.mangle[role] = lambda made: data.setdefault("bytes", made)
    repo.reference[role] = lambda reference: reference["hashes"].update(sha512=digest(data["bytes"], "sha512"))


@attack("reference-with-one-false-digest", "Of two digests in the reference, only one is right.", "hash_mismatch",
        "mix-and-match", roles=("snapshot", "targets", "supplier"), forms=("served",))
def _(repo, role):
    repo.reference[role] = lambda reference: reference["hashes"].update(sha512="00" * 64)


# --- transfers ---

@attack("slow", "Its transfer falls below the slowest rate allowed.", "slow_retrieval", "slow retrieval")
def _(repo, role):
    repo.replace[role] = lambda data: Fails("slow_retrieval")


@attack("cut-off", "Its transfer breaks off.", "unreachable", "malicious mirror", roles=("root", "targets", "supplier"))
def _(repo, role):
    repo.replace[role] = lambda data: Fails("unreachable")


@attack("endless", "It is a byte longer than a file of its kind may be.", "limit_file", "endless data",
        roles=("root", "timestamp"), forms=("served",))
def _(repo, role):
    repo.mangle[role] = lambda data: Padded(data, LIMIT_BYTES["gateway"][role] + 1)


@attack("as-long-as-allowed", "It is as long as a file of its kind may be.", None, "limit_file",
        roles=("root", "timestamp"), forms=("served",))
def _(repo, role):
    repo.mangle[role] = lambda data: Padded(data, LIMIT_BYTES["gateway"][role])


def filled(repo, role, length):
    """Fills a canonical file up to a length."""
    repo.payload(role)["zz"] = ""
    repo.make(role, repo.keys[role])
    repo.payload(role)["zz"] = "x" * (length - len(repo.files[repo.paths[role]]))


@attack("endless", "It is a byte longer than a file of its kind may be.", "limit_file", "endless data",
        forms=("canonical",))
def _(repo, role):
    filled(repo, role, LIMIT_BYTES["constrained"][role] + 1)


@attack("as-long-as-allowed", "It is as long as a file of its kind may be.", None, "limit_file", forms=("canonical",))
def _(repo, role):
    filled(repo, role, LIMIT_BYTES["constrained"][role])


# --- strict JSON ---

def mangling(name, about, code, mangle, **how):
    @attack(name, about, code, "malformed", clause=STRICT_JSON, **how)
    def _(repo, role):
        repo.mangle[role] = mangle


mangling("empty", "It has no bytes.", "json_syntax", lambda data: b"")
mangling("cut-in-half", "Its second half is missing.", "json_syntax", lambda data: data[:len(data) // 2])
mangling("not-json", "It is a web page.", "json_syntax", lambda data: b"<html></html>")
mangling("bytes-after-the-end", "A brace follows the document.", "json_trailing", lambda data: data + b"}")
mangling("not-utf8", "A key has a byte that UTF-8 never has.", "json_utf8",
         lambda data: data.replace(b'"signed"', b'"\xffsigned"', 1))
mangling("key-twice", "It has two lists of signatures.", "json_duplicate_key",
         lambda data: b'{"signatures":[],' + data[1:])
mangling("fraction", "It contains a fraction.", "json_number", lambda data: b'{"a":1.5,' + data[1:])
mangling("beyond-64-bits", "It contains 2^63.", "json_number", lambda data: b'{"a":9223372036854775808,' + data[1:])
mangling("not-an-object", "It is a JSON array.", "field_type", lambda data: b"[]")
mangling("indented", "It has white space, which the canonical form has not.", "not_canonical",
         lambda data: data[:1] + b"\n" + data[1:], forms=("canonical",))
mangling("keys-out-of-order", "Its keys do not ascend.", "not_canonical",
         lambda data: data[:-1] + b',"a":1}', forms=("canonical",))


@attack("space-around", "White space stands around the document.", None, "json_trailing", forms=("served",),
        clause=STRICT_JSON)
def _(repo, role):
    repo.mangle[role] = lambda data: b"\r\n\t " + data + b"\n"


@attack("largest-numbers", "It contains the largest and the smallest integer of 64 bits.", None, "json_number",
        clause=STRICT_JSON)
def _(repo, role):
    repo.payload(role)["zz"] = [9223372036854775807, -9223372036854775808]


@attack("unknown-fields", "Fields that nobody knows stand in it, and are signed.", None, "signature_threshold",
        clause=EXTENSIBLE)
def _(repo, role):
    repo.payload(role)["x-note"] = {"text": "caf\u00e9 \"quoted\" \\ \U0001f98a", "deep": [None, True, {"": []}]}
    repo.tamper[role] = lambda envelope: {**envelope, "unsigned": "note"}


# --- the fields that all roles have ---

def editing(name, about, code, edit, **how):
    @attack(name, about, code, "malformed", **{"clause": COMMON, **how})
    def _(repo, role):
        edit(repo.payload(role))


editing("of-another-role", "It says that it is a mirror list.", "wrong_role", lambda p: p.update(_type="mirrors"))
editing("without-expiry", "It does not say when it expires.", "field_missing", lambda p: p.pop("expires"))
editing("version-as-text", "Its version is a string.", "field_type", lambda p: p.update(version=str(p["version"])),
        roles=("root", "timestamp"))
editing("version-zero", "Its version is 0.", "field_value", lambda p: p.update(version=0), roles=("root", "timestamp"))
editing("expiry-with-offset", "Its expiry is not in UTC.", "field_value",
        lambda p: p.update(expires="2030-01-01T00:00:00+00:00"), clause=DATES)
editing("expiry-impossible", "It expires on 30 February.", "field_value",
        lambda p: p.update(expires="2030-02-30T00:00:00Z"), clause=DATES)
editing("of-another-specification", "It is of version 2 of the specification.", "spec_version",
        lambda p: p.update(spec_version="2.0.0"), dialects=("tuf",), clause=SPECIFICATION)
editing("without-specification", "It does not say of which specification it is.", "field_missing",
        lambda p: p.pop("spec_version"), dialects=("tuf",), clause=SPECIFICATION)


@attack("of-a-later-specification", "It is of a later version 1 of the specification.", None, "spec_version",
        dialects=("tuf",), clause=SPECIFICATION)
def _(repo, role):
    repo.payload(role)["spec_version"] = "1.99.0"


def enveloping(name, about, code, change):
    @attack(name, about, code, "malformed", clause=ENVELOPE)
    def _(repo, role):
        repo.tamper[role] = change


enveloping("without-signatures", "It has no list of signatures.", "field_missing", lambda e: {"signed": e["signed"]})
enveloping("without-signed", "It has no signed part.", "field_missing", lambda e: {"signatures": e["signatures"]})
enveloping("signatures-no-list", "Its signatures are no list.", "field_type",
           lambda e: {**e, "signatures": e["signatures"][0]})


# --- all of them, everywhere ---

def algorithm_for(name, kind, world):
    """One of the three, spread over all that is about signatures; elsewhere the one with signatures that can be made
    again."""
    about_signatures = kind in ("arbitrary installation", "signature_threshold")
    algorithms = ALGORITHMS if world is World else ALGORITHMS[:2]  # microcontrollers have no RSA
    return algorithms[zlib.crc32(name.encode()) % len(algorithms)] if about_signatures else "ed25519"


def register(world, place, group, dialect, entry):
    name, about, code, kind, change, roles, forms, dialects, clause = entry
    repository, role = place
    form = "canonical" if world is PartialWorld else "served"
    if form not in forms or dialect not in dialects or (roles and role not in roles):
        return
    references = world is World
    expected_role = role if role in TOP_LEVEL else "delegated"

    def play(w):
        repo = w.repos[repository]
        w.accepted()
        w.next()
        if role == "root":
            repo.root["version"] += 1
        change(repo, role)
        if role == "root":
            repo.publish_root(number=2)
        w.publish()
        if code is None:
            w.accepted()
        else:
            w.refused(code, repository, role)

    half = ("tuf", "legacy")[zlib.crc32(f"{place} {name}".encode()) % 2]
    if world is World and kind == "malformed" and len(dialects) == 2 and dialect != half:
        return  # formats are much the same in both dialects: each gets half of these cases
    full_name = f"{group}/{dialect}/{repository}-{role}-{name}"
    vector(full_name, about, attack=kind if code else "", world=world, dialect=dialect,
           algorithm=algorithm_for(full_name, kind, world),
           clause=clause or clause_of(expected_role, code or kind, references))(play)


for dialect in ("tuf", "legacy"):
    for entry in ATTACKS:
        for place in FULL:
            register(World, place, "full", dialect, entry)
        for place in PARTIAL:
            register(PartialWorld, place, "partial", dialect, entry)
