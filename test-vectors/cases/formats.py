# SPDX-License-Identifier: Apache-2.0
"""What strict JSON allows, and what the fields of each role may hold, at their edges."""
import json
import zlib

from maker.canonical import compact
from maker.clauses import COMMON, STRICT_JSON
from maker.repository import digest
from maker.vector import vector
from maker.world import BRAKE, PartialWorld, TufWorld, World

BIGGEST = 2**63 - 1


# --- JSON as servers may send it ---

def text(name, about, code, member, attack="malformed"):
    """Puts raw bytes as a first member into the targets file as it is served, outside of what is signed. JSON is the
    same in both dialects, so that each gets half of the cases."""
    dialect = ("tuf", "legacy")[zlib.crc32(name.encode()) % 2]

    @vector(f"json/{dialect}-{name}", about, world=TufWorld, dialect=dialect, attack=attack if code else "",
            clause=STRICT_JSON)
    def _(w):
        w.image.mangle["targets"] = lambda data: b"{" + member + b"," + data[1:]
        w.publish()
        if code:
            w.refused(code, "image", "targets")
        else:
            w.accepted()


for name, number in (("exponent", b"1e2"), ("exponent-small", b"1E-2"), ("fraction-zero", b"1.0"),
                     ("below-64-bits", b"-9223372036854775809"), ("twenty-digits", b"10000000000000000000")):
    text(f"number-{name}", f"The number {number.decode()} has no one exact form.", "json_number", b'"a":' + number)
for name, number in (("leading-zero", b"01"), ("plus", b"+1"), ("point-first", b".5"), ("point-last", b"1."),
                     ("hex", b"0x10"), ("nan", b"NaN"), ("infinity", b"-Infinity"), ("minus", b"-"),
                     ("no-exponent", b"1e")):
    text(f"number-{name}", f"{number.decode()} is no number.", "json_syntax", b'"a":' + number)
text("number-edges", "Zero, minus zero and the largest and smallest integers are numbers.", None,
     b'"a":[0,-0,9223372036854775807,-9223372036854775808]')
for name, what, member in (
        ("comma-last", "A list ends with a comma.", b'"a":[1,]'),
        ("comma-missing", "A comma is missing.", b'"a":[1 2]'),
        ("colon-missing", "A colon is missing.", b'"a" 1'),
        ("bracket-wrong", "A list ends with a brace.", b'"a":[1}'),
        ("key-bare", "A key has no quotes.", b'a:1'),
        ("quotes-single", "A string has single quotes.", b"\"a\":'x'"),
        ("comment", "There is a comment.", b'"a":1/* one */'),
        ("literal-cut", "A word is cut short.", b'"a":tru'),
        ("literal-capital", "A word is capitalised.", b'"a":True'),
        ("escape-unknown", "An escape is unknown.", b'"a":"\\x41"'),
        ("escape-short", "An escape has too few digits.", b'"a":"\\u12"'),
        ("newline-in-string", "A string has a raw newline.", b'"a":"\n"'),
        ("control-in-string", "A string has a raw control character.", b'"a":"\x01"'),
        ("form-feed-between", "A form feed is no white space.", b'"a":\x0c1')):
    text(name, what, "json_syntax", member)
for name, what, member in (
        ("surrogate-alone", "A high surrogate stands alone.", b'"a":"\\ud800"'),
        ("surrogate-low-first", "A low surrogate comes first.", b'"a":"\\udc00\\ud800"'),
        ("surrogate-then-letter", "A letter follows a high surrogate.", b'"a":"\\ud800\\u0041"'),
        ("utf8-overlong", "A character has more bytes than it needs.", b'"a":"\xc0\xaf"'),
        ("utf8-surrogate", "A surrogate is encoded in UTF-8.", b'"a":"\xed\xa0\x80"'),
        ("utf8-beyond-unicode", "A character lies beyond U+10FFFF.", b'"a":"\xf4\x90\x80\x80"'),
        ("utf8-cut", "A character is cut short.", b'"a":"\xe2\x82"'),
        ("utf8-continuation", "A continuation byte stands alone.", b'"a":"\x80"')):
    text(name, what, "json_utf8", member)
text("surrogate-pair", "A surrogate pair is one character.", None, b'"a":"\\ud83e\\udd8a"')
text("escapes", "All escapes that there are.", None, b'"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"')
text("nul-escaped", "A string has the character U+0000.", "field_value", b'"a":"\\u0000"')
text("key-twice-nested", "A key stands twice in a nested object.", "json_duplicate_key", b'"a":{"b":1,"c":2,"b":3}')
text("key-twice-escaped", "One of two equal keys is written with an escape.", "json_duplicate_key",
     b'"a":{"b":1,"\\u0062":3}')
text("key-twice-in-another-object", "Two objects have the same key.", None, b'"a":{"b":1},"b":{"b":1}')
text("key-empty", "A key is empty.", None, b'"":{"":1}')
text("depth-32", "As deeply nested as a file may be.", None, b'"a":' + b"[" * 31 + b"]" * 31)
text("depth-33", "Nested one level deeper than a file may be.", "limit_depth", b'"a":' + b"[" * 32 + b"]" * 32, "limit")
text("depth-10000", "Nested without end.", "limit_depth", b'"a":' + b"[" * 10000, "limit")


@vector("json/tuf-byte-order-mark", "A byte order mark stands before the document.", world=TufWorld,
        attack="malformed", clause=STRICT_JSON)
def _(w):
    w.image.mangle["targets"] = lambda data: b"\xef\xbb\xbf" + data
    w.publish()
    w.refused("json_syntax", "image", "targets")


@vector("json/tuf-utf16", "The document is in UTF-16.", world=TufWorld, attack="malformed",
        clause=STRICT_JSON)
def _(w):
    w.image.mangle["targets"] = lambda data: data.decode().encode("utf-16-le")
    w.publish()
    w.refused("json_syntax", "image", "targets")


def order(name, about, form):
    for dialect in ("tuf", "legacy"):
        @vector(f"json/{dialect}-{name}", about, world=TufWorld, dialect=dialect, independent=True, clause=STRICT_JSON)
        def _(w):
            w.image.targets["zz"] = {"b": 1, "a": {"d": 1, "c": [{"f": 1, "e": "\t\u00e9\u2028\U0001f98a/\""}]}}
            for role in ("timestamp", "snapshot", "targets"):
                w.image.mangle[role] = lambda data: form(json.loads(data))
            w.publish()
            w.accepted()


def backwards(value):
    """The same value with all keys in descending order."""
    if isinstance(value, dict):
        return {k: backwards(value[k]) for k in sorted(value, reverse=True)}
    return [backwards(v) for v in value] if isinstance(value, list) else value


order("keys-backwards", "All keys descend; the signature is over the canonical form all the same.",
      lambda value: json.dumps(backwards(value)).encode())
order("wide", "White space stands wherever it may.",
      lambda value: json.dumps(value, indent="\t", separators=(" ,", " : ")).replace("\n", "\r\n").encode())
order("ascii", "Everything beyond ASCII is escaped.", lambda value: json.dumps(value, ensure_ascii=True).encode())
order("utf8", "Nothing is escaped that need not be.", compact)


@vector("json/legacy-hash-of-the-canonical-form", "References hash the canonical form but count the served bytes.",
        world=TufWorld, dialect="legacy", clause=STRICT_JSON)
def _(w):
    for role in ("snapshot", "targets"):
        w.image.mangle[role] = lambda data: json.dumps(json.loads(data), indent=2).encode()
        w.image.reference[role] = lambda r, role=role: r["hashes"].update(sha256=digest(compact(
            w.signatures.envelope(w.image.payload(role), w.image.keys[role], "legacy"))))
    w.publish()
    w.accepted()


@vector("json/tuf-hash-of-the-canonical-form", "A reference hashes the canonical form, which only legacy allows.",
        world=TufWorld, attack="mix-and-match")
def _(w):
    w.image.mangle["targets"] = lambda data: json.dumps(json.loads(data), indent=2).encode()
    w.image.reference["targets"] = lambda r: r["hashes"].update(sha256=digest(w.image.canonical(
        w.signatures.envelope(w.image.targets, w.image.keys["targets"], "tuf"))))
    w.publish()
    w.refused("hash_mismatch", "image", "targets")


# --- canonical form, which is all that partial verifiers take ---

def canonical(name, about, code, dialect, change=None, mangle=None):
    @vector(f"json/canonical-{dialect}-{name}", about, world=PartialWorld, dialect=dialect,
            attack="malformed" if code else "", clause=STRICT_JSON)
    def _(w):
        if change:
            change(w.director.targets)
        if mangle:
            w.director.mangle["targets"] = mangle
        w.publish()
        if code:
            w.refused(code, "director", "targets")
        else:
            w.accepted()


def nested(depth):
    return [nested(depth - 1)] if depth > 1 else []


CONTROLS = "".join(map(chr, range(1, 32))) + "\x7f"
for dialect in ("tuf", "legacy"):
    canonical("control-characters", "Strings hold all control characters.", None, dialect,
              lambda p: p.update(zz=CONTROLS))
    canonical("beyond-ascii", "Strings hold characters beyond ASCII, which are not escaped.", None, dialect,
              lambda p: p.update({"\u00e9\u2028": "\U0001f98a\u0080"}))
    canonical("order-of-keys", "Keys beyond the basic plane come after those within.", None, dialect,
              lambda p: p.update({"\U0001f98a": 1, "\uff5a": 2}))
    canonical("letter-escaped", "A letter is escaped.", "not_canonical", dialect, lambda p: p.update(zz="QQ"),
              lambda data: data.replace(b'"QQ"', b'"\\u0051Q"'))
    canonical("slash-escaped", "A slash is escaped.", "not_canonical", dialect, lambda p: p.update(zz="Q/"),
              lambda data: data.replace(b'"Q/"', b'"Q\\/"'))
    canonical("minus-zero", "Zero has a sign.", "not_canonical", dialect, lambda p: p.update(zz=0),
              lambda data: data.replace(b'"zz":0', b'"zz":-0'))
    canonical("key-twice", "A key stands twice.", "json_duplicate_key", dialect, lambda p: p.update(zz=0),
              lambda data: data.replace(b'"zz":0', b'"zz":0,"zz":0'))
    canonical("newline-at-the-end", "A newline follows the document.", "not_canonical", dialect,
              mangle=lambda data: data + b"\n")
    canonical("depth-12", "As deeply nested as a file may be for a microcontroller.", None, dialect,
              lambda p: p.update(zz=nested(10)))
    canonical("depth-13", "Nested one level deeper than a file may be for a microcontroller.", "limit_depth", dialect,
              lambda p: p.update(zz=nested(11)))
canonical("newline-escaped", "A newline is escaped, which OLPC canonical JSON does not do.", "not_canonical", "tuf",
          lambda p: p.update(zz="Q\nQ"), lambda data: data.replace(b"Q\nQ", b"Q\\nQ"))
canonical("newline-raw", "A newline is raw, which JSON does not allow.", "json_syntax", "legacy",
          lambda p: p.update(zz="Q\nQ"), lambda data: data.replace(b"Q\\nQ", b"Q\nQ"))
canonical("control-in-upper-case", "A control character's escape has upper-case digits.", "not_canonical", "legacy",
          lambda p: p.update(zz="Q\x1f"), lambda data: data.replace(b"\\u001f", b"\\u001F"))
canonical("nul", "A string has the character U+0000.", "field_value", "tuf", lambda p: p.update(zz="QQ"),
          lambda data: data.replace(b'"QQ"', b'"Q\0Q"'))


# --- fields of timestamp and snapshot ---

def reference(name, about, code, role, change, attack="malformed", clause=None):
    """Changes what the timestamp says of the snapshot, or the snapshot of targets."""
    by = {"snapshot": "timestamp", "targets": "snapshot"}[role]
    where = clause or {"timestamp": "Uptane 2.1.0, 5.2.5", "snapshot": "Uptane 2.1.0, 5.2.4"}[by]
    for dialect in ("tuf", "legacy"):
        @vector(f"fields/{dialect}-{by}-{name}", about, world=TufWorld, dialect=dialect, attack=attack if code else "",
                clause=where)
        def _(w):
            w.image.reference[role] = change
            w.publish()
            if code:
                w.refused(code, "image", by, clause=where)
            else:
                w.accepted()


def replaced(**fields):
    return lambda r: {**r, **fields}


for role in ("snapshot", "targets"):
    reference("reference-without-version", "A reference has no version.", "field_missing", role,
              lambda r: {k: v for k, v in r.items() if k != "version"})
    reference("reference-version-zero", "A reference names version 0.", "field_value", role, replaced(version=0))
    reference("reference-version-negative", "A reference names version -1.", "field_value", role, replaced(version=-1))
    reference("reference-version-as-text", "A reference's version is a string.", "field_type", role,
              replaced(version="3"))
    reference("reference-length-negative", "A reference's length is negative.", "field_value", role,
              replaced(length=-1))
    reference("reference-hashes-list", "A reference's hashes are a list.", "field_type", role, replaced(hashes=[]))
    reference("reference-hash-short", "A SHA-256 has 31 bytes.", "field_value", role,
              lambda r: {**r, "hashes": {"sha256": r["hashes"]["sha256"][2:]}})
    reference("reference-hash-unknown", "The only digest is of an unknown algorithm.", "field_value", role,
              replaced(hashes={"md5": "00"}))
    reference("reference-hash-unknown-beside", "A digest of an unknown algorithm stands beside a good one.", None, role,
              lambda r: {**r, "hashes": {**r["hashes"], "md5": "00"}})
    reference("reference-hash-in-upper-case", "A digest is in upper-case hex.", None, role,
              lambda r: {**r, "hashes": {"sha256": r["hashes"]["sha256"].upper()}})
    reference("reference-no-object", "A reference is a number.", "field_type", role, lambda r: 3)


def meta(name, about, code, by, change, **how):
    for dialect in ("tuf", "legacy"):
        @vector(f"fields/{dialect}-{by}-{name}", about, world=TufWorld, dialect=dialect, attack="malformed",
                clause=how.get("clause", ""))
        def _(w):
            repo = w.image
            repo.publish()
            change(repo.payload(by))
            repo.make(by, repo.keys[by])
            if by == "snapshot":
                repo.timestamp["meta"]["snapshot.json"] = repo.references["snapshot"]
                repo.make("timestamp", repo.keys["timestamp"])
            w.refused(code, "image", by, clause=how.get("clause"))


for by, clause in (("timestamp", "Uptane 2.1.0, 5.2.5"), ("snapshot", "Uptane 2.1.0, 5.2.4")):
    meta("without-meta", "It refers to nothing.", "field_missing", by, lambda p: p.pop("meta"), clause=clause)
    meta("meta-list", "Its references are a list.", "field_type", by, lambda p: p.update(meta=[1]), clause=clause)
    meta("meta-empty", "It names no file.", "role_not_listed", by, lambda p: p.update(meta={}), clause=clause)


# --- versions ---

def version(name, about, number, code, role="timestamp"):
    @vector(f"fields/version-{name}-{role}", about, world=TufWorld, attack="malformed" if code else "",
            clause=COMMON)
    def _(w):
        if code:
            w.image.mangle[role] = lambda data: data.replace(b'"version":4', b'"version":' + number).replace(
                b'"version": 4', b'"version": ' + number)
            w.publish()
            w.refused(code, "image", role)
        else:
            w.image.payload(role)["version"] = int(number)
            w.publish()
            w.accepted()


version("largest", "The largest version that there is.", b"9223372036854775807", None)
version("largest", "The largest version that there is.", b"9223372036854775807", None, "snapshot")
version("largest", "The largest version that there is.", b"9223372036854775807", None, "targets")
version("beyond", "A version beyond 63 bits.", b"9223372036854775808", "json_number")
version("fraction", "The version 4.0 is not the version 4.", b"4.0", "json_number")
version("negative", "A version below 1.", b"-4", "field_value")
version("true", "A version that is true.", b"true", "field_type")
version("null", "A version that is null.", b"null", "field_type")


# --- fields of targets: what the director says of images ---

def entry(name, about, code, change, attack="malformed", clause="Uptane 2.1.0, 5.2.3.1", image="brake-1.0.bin"):
    """Changes the director's entry of one image (and the image repository's, where both must stay the same)."""
    for world in (World, PartialWorld):
        for dialect in ("tuf", "legacy"):
            group = "full" if world is World else "partial"

            @vector(f"fields/{group}-{dialect}-image-{name}", about, world=world, dialect=dialect,
                    attack=attack if code else "", clause=clause)
            def _(w, group=group):
                targets = w.director.targets["targets"]
                changed = change(targets[image])
                if isinstance(changed, str):
                    targets[changed] = targets.pop(image)
                    if group == "full":
                        w.image.targets["targets"][changed] = w.image.targets["targets"].pop(image)
                w.publish()
                if code:
                    w.refused(code, "director", "targets",
                              clause=clause if group == "full" else "Uptane 2.1.0, 5.4.4.6 step 7")
                else:
                    w.accepted()


entry("without-length", "An image has no length.", "field_missing", lambda e: e.pop("length") and None)
entry("length-negative", "An image has a negative length.", "field_value", lambda e: e.update(length=-1))
entry("length-as-text", "An image's length is a string.", "field_type", lambda e: e.update(length="1"))
entry("without-hashes", "An image has no digests.", "field_missing", lambda e: e.pop("hashes") and None)
entry("hashes-empty", "An image's list of digests is empty.", "field_value", lambda e: e.update(hashes={}))
entry("hash-unknown-only", "An image has only a digest that nobody knows.", "field_value",
      lambda e: e.update(hashes={"md5": "00"}))
entry("hash-not-hex", "A digest is not in hex.", "field_value", lambda e: e["hashes"].update(sha256="g" * 64))
entry("hash-number", "A digest is a number.", "field_type", lambda e: e["hashes"].update(sha256=1))
entry("custom-list", "An image's custom field is a list.", "field_type", lambda e: e.update(custom=[]))
entry("counter-as-text", "A release counter is a string.", "field_type",
      lambda e: e["custom"].update(releaseCounter="1"))
entry("counter-negative", "A release counter is negative.", "field_value",
      lambda e: e["custom"].update(releaseCounter=-1))
entry("without-ecus", "An image is ordered for no ECU at all.", "field_missing",
      lambda e: e["custom"].pop("ecuIdentifiers") and None)
entry("ecus-list", "The ECUs of an image are a list.", "field_type", lambda e: e["custom"].update(ecuIdentifiers=[]))
entry("ecu-without-hardware", "An ECU is ordered an image without its hardware identifier.", "field_missing",
      lambda e: e["custom"]["ecuIdentifiers"].update({BRAKE["serial"]: {}}))
entry("ecu-text", "An ECU's entry is a string.", "field_type",
      lambda e: e["custom"]["ecuIdentifiers"].update({BRAKE["serial"]: "brake-hw"}))
entry("with-unknown-fields", "An image has fields that nobody knows.", None,
      lambda e: e.update(zz=[1]) or e["custom"].update(correlationId="c", zz={"a": [None]}))

for name, bad in (("parent", "../brake.bin"), ("parent-inside", "a/../../brake.bin"), ("absolute", "/etc/passwd"),
                  ("here", "./brake.bin"), ("empty", ""), ("folder", "brake/"), ("double-slash", "a//brake.bin"),
                  ("backslash", "a\\brake.bin"), ("newline", "a\nbrake.bin"), ("delete", "brake\x7f.bin")):
    entry(f"name-{name}", "The name of an image would leave its folder, or hide what it is.", "name_unsafe",
          lambda e, bad=bad: bad, attack="arbitrary installation")
entry("name-512-bytes", "An image's name is longer than names may be.", "limit_string", lambda e: "n" * 512, "limit")
entry("name-511-bytes", "An image's name is as long as names may be.", None, lambda e: "n" * 511)
for name, good in (("dots", "..brake...bin"), ("space", "brake 1 %20.bin"), ("quotes", "\"brake\"'1'.bin"),
                   ("beyond-ascii", "fr\u00e9in/\U0001f98a.bin"), ("url", "a/b?c=d&e#f;g:h@i.bin")):
    entry(f"name-with-{name}", "An unusual name is a name.", None, lambda e, good=good: good)


@vector("fields/full-image-name-of-another-normal-form", "Director and image repository write one name in two forms.",
        attack="arbitrary installation")
def _(w):
    composed, decomposed = "fr\u00e9in.bin", "fre\u0301in.bin"
    w.director.targets["targets"][composed] = w.director.targets["targets"].pop("brake-1.0.bin")
    w.image.targets["targets"][decomposed] = w.image.targets["targets"].pop("brake-1.0.bin")
    w.publish()
    w.image_refused("target_not_found", "image", composed)


def targets_field(name, about, code, change, clause="Uptane 2.1.0, 5.2.3"):
    for kind, world in (("director", World), ("image", World), ("director", PartialWorld)):
        group = "full" if world is World else "partial"

        @vector(f"fields/{group}-{kind}-targets-{name}", about, world=world, attack="malformed", clause=clause)
        def _(w, kind=kind):
            change(w.repos[kind].targets)
            w.publish()
            w.refused(code, kind, "targets", clause=clause)


targets_field("without-targets", "It has no list of images.", "field_missing", lambda p: p.pop("targets"))
targets_field("targets-list", "Its images are a list.", "field_type", lambda p: p.update(targets=[]))
