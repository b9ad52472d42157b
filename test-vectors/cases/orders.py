# SPDX-License-Identifier: Apache-2.0
"""What the director orders, against the vehicle and against what the image repository signs."""
from maker.repository import Fails, digest, image
from maker.search import together
from maker.vector import vector
from maker.world import BRAKE, DOOR, PRIMARY, PartialWorld, World

BRAKE_IMAGE = "brake-1.0.bin"
DIALECTS = ("tuf", "legacy")
WORLDS = {"full": World, "partial": PartialWorld}


def each(name, about, *, groups=("full", "partial"), dialects=DIALECTS, **how):
    """The same for every kind of verifier and both dialects."""
    def register(play):
        for group in groups:
            for dialect in dialects:
                vector(f"orders/{group}-{dialect}-{name}", about, world=WORLDS[group], dialect=dialect, **how)(play)
        return play
    return register


def is_full(w):
    return w.procedure == "full"


# --- whose targets ---

@each("another-vehicle", "The targets are another vehicle's.", attack="wrong vehicle")
def _(w):
    w.director.targets["custom"]["vehicle"] = "vehicle-2"
    w.publish()
    w.refused("wrong_vehicle", "director", "targets", clause="Uptane 2.1.0, 5.2.3.1")


@each("vehicle-in-another-case", "The vehicle's identifier differs by the case of one letter.", attack="wrong vehicle")
def _(w):
    w.director.targets["custom"]["vehicle"] = "Vehicle-1"
    w.publish()
    w.refused("wrong_vehicle", "director", "targets", clause="Uptane 2.1.0, 5.2.3.1")


@each("no-vehicle", "The targets name no vehicle.", attack="wrong vehicle")
def _(w):
    del w.director.targets["custom"]
    w.publish()
    w.refused("wrong_vehicle", "director", "targets", clause="Uptane 2.1.0, 5.2.3.1")


@each("vehicle-is-a-number", "The vehicle's identifier is a number.", attack="wrong vehicle")
def _(w):
    w.director.targets["custom"]["vehicle"] = 1
    w.publish()
    w.refused("wrong_vehicle", "director", "targets", clause="Uptane 2.1.0, 5.2.3.1")


@each("no-vehicle-configured", "A verifier that knows no vehicle takes targets without one.", dialects=("legacy",),
      clause="Uptane 2.1.0, 5.2.3.1")
def _(w):
    w.vehicle = None
    del w.director.targets["custom"]
    w.publish()
    w.accepted()


@each("no-vehicle-configured", "In tuf a verifier that knows no vehicle takes no targets.", dialects=("tuf",),
      attack="wrong vehicle")
def _(w):
    w.vehicle = None
    w.refused("wrong_vehicle", "director", "targets", clause="Uptane 2.1.0, 5.2.3.1")


# --- delegations ---

@each("director-delegates", "The director's targets delegate.", attack="arbitrary installation")
def _(w):
    w.director.delegate("helper", ["*"])
    del w.director.delegated["helper"]
    w.publish()
    w.refused("director_delegates", "director", "targets", clause="Uptane 2.1.0, 5.4.4.6 step 6")


@each("director-delegates-to-nobody", "The director's targets have an empty list of delegations.",
      clause="Uptane 2.1.0, 5.4.4.6 step 6")
def _(w):
    w.director.delegations("targets")
    w.publish()
    w.accepted()


@each("director-delegates-to-bins", "The director's targets delegate to hash bins.", attack="arbitrary installation")
def _(w):
    key = w.director.key("bins")
    w.director.targets["delegations"] = {
        "keys": {key.keyid(w.director.dialect): key.object(w.director.dialect)},
        "succinct_roles": {**w.director.role_keys([key]), "bit_length": 1, "name_prefix": "bin"}}
    w.publish()
    w.refused("director_delegates", "director", "targets", clause="Uptane 2.1.0, 5.4.4.6 step 6")


# --- which ECUs ---

@each("ecu-twice", "One ECU is ordered two images.", attack="wrong ECU")
def _(w):
    w.order("brake-1.1.bin", BRAKE, releaseCounter=1)
    w.publish()
    w.refused("repeated_ecu", "director", "targets", clause="Uptane 2.1.0, 5.4.4.6 step 7")


@each("ecu-unknown", "An ECU is ordered an image that the vehicle does not have.", groups=("full",),
      attack="wrong ECU")
def _(w):
    w.order("ghost.bin", {"serial": "ghost-1", "hardware": "ghost-hw"}, releaseCounter=1)
    w.publish()
    w.refused("unknown_ecu", "director", "targets")


@each("ecu-unknown-to-a-secondary", "A full secondary does not know, nor judge, the other ECUs.", groups=("full",),
      clause="Uptane 2.1.0, 5.4.4.6 step 8")
def _(w):
    w.options["only_listed_ecus"] = True
    w.ecus = [dict(BRAKE)]
    w.visited = []
    w.accepted()


@each("ecu-others-unknown", "A partial verifier does not know the other ECUs.", groups=("partial",),
      clause="Uptane 2.1.0, 5.4.4.6 step 8")
def _(w):
    w.order("ghost.bin", {"serial": "ghost-1", "hardware": "ghost-hw"}, releaseCounter=1)
    w.publish()
    w.accepted()


@each("ecu-of-nobody", "An image is ordered for an empty list of ECUs.", groups=("full",), attack="endless data")
def _(w):
    w.order("nobody.bin", releaseCounter=1)
    w.publish()
    w.refused("field_value", "director", "targets", clause="Uptane 2.1.0, 5.2.3.1")


@each("ecu-serial-escaped", "A serial is written with escapes, and twice: it is the same ECU.", groups=("full",),
      attack="wrong ECU")
def _(w):
    w.order("brake-1.1.bin", BRAKE, releaseCounter=1)
    w.director.mangle["targets"] = lambda data: data.replace(b'"brake-1"', b'"\\u0062rake-1"', 1)
    w.publish()
    w.refused("repeated_ecu", "director", "targets")


# --- which hardware ---

@each("hardware-of-another", "The director orders an image for hardware that the ECU is not.", attack="wrong hardware")
def _(w):
    w.director.targets["targets"][BRAKE_IMAGE]["custom"]["ecuIdentifiers"] = {
        BRAKE["serial"]: {"hardwareId": DOOR["hardware"]}}
    w.publish()
    if is_full(w):
        w.image_refused("wrong_hardware", "director", BRAKE_IMAGE)
    else:
        w.refused_own("wrong_hardware", "Uptane 2.1.0, 5.4.3.4 step 3")


@each("hardware-not-in-the-image-repository", "The image is for other hardware, in the image repository's words.",
      groups=("full",), attack="wrong hardware")
def _(w):
    w.image.targets["targets"][BRAKE_IMAGE]["custom"]["hardwareIds"] = ["door-hw", "brake-hw-2", "brake"]
    w.publish()
    w.image_refused("wrong_hardware", "image", BRAKE_IMAGE)


@each("hardware-one-of-several", "The image is for several kinds of hardware.", groups=("full",),
      clause="Uptane 2.1.0, 5.4.4.2 step 10.2.2")
def _(w):
    w.image.targets["targets"][BRAKE_IMAGE]["custom"]["hardwareIds"] = ["door-hw", "brake-hw"]
    w.publish()
    w.accepted()


@each("hardware-nobody-says", "The image repository does not say for which hardware the image is.", groups=("full",),
      attack="wrong hardware")
def _(w):
    del w.image.targets["targets"][BRAKE_IMAGE]["custom"]["hardwareIds"]
    w.publish()
    w.image_refused("wrong_hardware", "image", BRAKE_IMAGE)


@each("hardware-as-text", "hardwareIds is a string that begins with the right one.", groups=("full",),
      attack="wrong hardware")
def _(w):
    w.image.targets["targets"][BRAKE_IMAGE]["custom"]["hardwareIds"] = "brake-hw"
    w.publish()
    w.image_refused("wrong_hardware", "image", BRAKE_IMAGE)


@each("hardware-for-one-of-two", "Two ECUs are ordered an image that is for the hardware of only one.",
      groups=("full",), attack="wrong hardware")
def _(w):
    w.director.targets["targets"].clear()
    w.order(BRAKE_IMAGE, BRAKE, PRIMARY, releaseCounter=1)
    w.publish()
    w.visited = []
    w.image_refused("wrong_hardware", "image", BRAKE_IMAGE)


# --- counters ---

def counters(name, about, director, repository, code, dialects=DIALECTS):
    @each(f"counter-{name}", about, groups=("full",), dialects=dialects, attack="rollback" if code else "",
          clause="Uptane 2.1.0, 5.4.4.2 step 10.2.2")
    def _(w):
        for payload, counter in ((w.director.targets, director), (w.image.targets, repository)):
            custom = payload["targets"][BRAKE_IMAGE]["custom"]
            custom.pop("releaseCounter")
            if counter is not None:
                custom["releaseCounter"] = counter
        w.publish()
        if code:
            w.image_refused(code, "image", BRAKE_IMAGE)
        else:
            w.accepted()


counters("higher-at-the-director", "The director gives the image a higher counter.", 2, 1, "counter_mismatch")
counters("lower-at-the-director", "The director gives the image a lower counter.", 1, 2, "counter_mismatch")
counters("only-at-the-director", "Only the director gives a counter.", 1, None, "counter_mismatch")
counters("only-at-the-image-repository", "Only the image repository gives a counter.", None, 1, "counter_mismatch")
counters("zero-and-none", "A counter of 0 is not the same as none.", 0, None, "counter_mismatch")
counters("nowhere", "Neither gives a counter, which tuf demands.", None, None, "counter_mismatch", dialects=("tuf",))
counters("nowhere", "Neither gives a counter, which legacy allows.", None, None, None, dialects=("legacy",))
counters("largest", "Both give the largest counter that there is.", 2**63 - 1, 2**63 - 1, None)


def floors(name, about, floor, counter, code):
    @each(f"floor-{name}", about, attack="rollback" if code else "", clause="Uptane 2.1.0, 5.4.3.4 step 5")
    def _(w):
        next(ecu for ecu in w.ecus if ecu["serial"] == BRAKE["serial"])["counter_floor"] = floor
        for repo in w.repos.values():
            repo.targets["targets"][BRAKE_IMAGE]["custom"]["releaseCounter"] = counter
        w.publish()
        if not code:
            w.accepted()
        elif is_full(w):
            w.image_refused(code, "director", BRAKE_IMAGE)
        else:
            w.refused_own(code, "Uptane 2.1.0, 5.4.3.4 step 5")


floors("met", "The counter is that of the confirmed image.", 7, 7, None)
floors("missed-by-one", "The counter is one below that of the confirmed image.", 7, 6, "rollback_counter")
floors("exceeded", "The counter is above that of the confirmed image.", 7, 2**63 - 1, None)
floors("highest", "The confirmed image has the highest counter; another may have it too.", 2**63 - 1, 2**63 - 1, None)


@each("floor-without-counter", "An image without a counter comes after one with.", dialects=("legacy",),
      attack="rollback")
def _(w):
    next(ecu for ecu in w.ecus if ecu["serial"] == BRAKE["serial"])["counter_floor"] = 1
    for repo in w.repos.values():
        del repo.targets["targets"][BRAKE_IMAGE]["custom"]["releaseCounter"]
    w.publish()
    if is_full(w):
        w.image_refused("rollback_counter", "director", BRAKE_IMAGE)
    else:
        w.refused_own("rollback_counter", "Uptane 2.1.0, 5.4.3.4 step 5")


# --- fields that must match ---

def members(count, depth):
    """That many members in all, `depth` levels deep, in ascending or descending order of names at each."""
    value = {f"k{i:03}": i for i in range(count - depth + 1)}
    for _ in range(depth - 1):
        value = {"m": value}
    return value


def backwards(value):
    return {k: backwards(v) for k, v in reversed(value.items())} if isinstance(value, dict) else value


def must_match(name, about, director, repository, code, attack="mix-and-match"):
    """What both repositories say in the field; None: nothing."""
    @each(f"must-match-{name}", about, groups=("full",), attack=attack if code else "",
          clause="Uptane 2.1.0, 5.4.4.2 step 10.2.2")
    def _(w):
        for payload, value in ((w.director.targets, director), (w.image.targets, repository)):
            if value is not None:
                payload["targets"][BRAKE_IMAGE]["custom"]["mustMatch"] = value
        w.publish()
        if code:
            w.image_refused(code, "image", BRAKE_IMAGE)
        else:
            w.accepted()


must_match("same", "Both repositories say the same, the one in another order.", {"a": 1, "b": ["x", {"c": None}]},
           {"b": ["x", {"c": None}], "a": 1}, None)
must_match("differs", "The repositories differ in a value deep down.", {"a": 1, "b": ["x", {"c": None}]},
           {"a": 1, "b": ["x", {"c": False}]}, "custom_mismatch")
must_match("one-more-member", "The image repository says something more.", {"a": 1}, {"a": 1, "b": 2},
           "custom_mismatch")
must_match("list-in-another-order", "A list in another order is another list.", ["x", "y"], ["y", "x"],
           "custom_mismatch")
must_match("only-at-the-director", "Only the director has the field.", "x", None, "custom_mismatch")
must_match("only-at-the-image-repository", "Only the image repository has the field.", None, "x", "custom_mismatch")
must_match("192-members", "As many members as are compared, in opposite orders.", members(192, 20),
           backwards(members(192, 20)), None)
must_match("193-members", "One member more than are compared.", members(193, 20), backwards(members(193, 20)),
           "custom_mismatch", "limit")


# --- length and digests ---

def listing(name, about, change, code):
    """Changes the image repository's entry."""
    @each(f"image-{name}", about, groups=("full",), attack="arbitrary installation" if code else "",
          clause="Uptane 2.1.0, 5.4.4.2 step 10.2.1")
    def _(w):
        change(w.image.targets["targets"][BRAKE_IMAGE])
        w.publish()
        if code:
            w.image_refused(code, "image", BRAKE_IMAGE)
        else:
            w.accepted()


SHA512 = digest(image(BRAKE_IMAGE), "sha512")
listing("of-another-length", "The repositories disagree on the length.", lambda e: e.update(length=e["length"] + 1),
        "target_mismatch")
listing("of-another-digest", "The repositories disagree on the digest.", lambda e: e["hashes"].update(sha256="0" * 64),
        "target_mismatch")
listing("with-one-more-digest", "The image repository gives SHA-512 as well.",
        lambda e: e["hashes"].update(sha512=SHA512), None)
listing("with-no-common-digest", "The repositories have no digest in common.",
        lambda e: e.update(hashes={"sha512": SHA512}), "target_mismatch")
listing("with-upper-case-digest", "The image repository writes the digest in upper case.",
        lambda e: e["hashes"].update(sha256=e["hashes"]["sha256"].upper()), None)


@each("image-second-digest-differs", "Both give two digests, and one of them differs.", groups=("full",),
      attack="arbitrary installation")
def _(w):
    w.director.targets["targets"][BRAKE_IMAGE]["hashes"]["sha512"] = SHA512
    w.image.targets["targets"][BRAKE_IMAGE]["hashes"]["sha512"] = "0" * 128
    w.publish()
    w.image_refused("target_mismatch", "image", BRAKE_IMAGE)


@each("image-never-signed", "The director orders an image that the image repository never signed.", groups=("full",),
      attack="key compromise")
def _(w):
    w.order("evil.bin", PRIMARY, releaseCounter=1)
    w.publish()
    w.image_refused("target_not_found", "image", "evil.bin")


@each("image-name-differs-by-case", "The image repository signs a name that differs by case.", groups=("full",),
      attack="arbitrary installation")
def _(w):
    w.image.targets["targets"]["Brake-1.0.bin"] = w.image.targets["targets"].pop(BRAKE_IMAGE)
    w.publish()
    w.image_refused("target_not_found", "image", BRAKE_IMAGE)


@each("two-images-refused", "One image is for other hardware, another was never signed: both are refused.",
      groups=("full",), attack="key compromise")
def _(w):
    w.image.targets["targets"][BRAKE_IMAGE]["custom"]["hardwareIds"] = ["other-hw"]
    w.director.targets["targets"].pop("supplier/door-1.0.bin")
    w.order("evil.bin", DOOR, releaseCounter=1)
    w.publish()
    w.visited = []
    other = {"verdict": "refused", "code": "target_not_found", "repository": "image", "role": "targets",
             "clause": "Uptane 2.1.0, 5.4.4.2 step 10.1"}
    w.image_refused("wrong_hardware", "image", BRAKE_IMAGE, also={"evil.bin": other})


# --- encrypted images ---

def encrypted(name, about, value, code, field="encrypted"):
    @each(f"encrypted-{name}-by-the-director", about, attack="eavesdropping" if code else "",
          clause="Uptane 2.1.0, 5.4.3.4 step 6")
    def _(w):
        w.director.targets["targets"][BRAKE_IMAGE]["custom"][field] = value
        w.publish()
        if not code:
            w.accepted()
        elif is_full(w):
            w.image_refused(code, "director", BRAKE_IMAGE)
        else:
            w.refused_own(code, "Uptane 2.1.0, 5.4.3.4 step 6")

    @each(f"encrypted-{name}-by-the-image-repository", about, groups=("full",), attack="eavesdropping" if code else "",
          clause="Uptane 2.1.0, 5.4.4.2 step 10.2.2")
    def _(w):
        w.image.targets["targets"][BRAKE_IMAGE]["custom"][field] = value
        w.publish()
        if code:
            w.image_refused(code, "image", BRAKE_IMAGE)
        else:
            w.accepted()


encrypted("marked", "An image is marked as encrypted.", True, "encrypted_image")
encrypted("described", "The encryption of an image is described.", {"algorithm": "x"}, "encrypted_image", "encryption")
encrypted("marked-as-not", "An image is marked as not encrypted.", False, None)


# --- the images themselves ---

def arrives(name, about, change, code, attack):
    @each(f"download-{name}", about, groups=("full",), attack=attack if code != "ok" else "",
          clause="Uptane 2.1.0, 5.4.3.4 step 7" if code != "missing_file" else "Uptane 2.1.0, 5.4.3.3")
    def _(w):
        path = next(path for path in w.image.files if path.endswith(BRAKE_IMAGE))
        change(w.image.files, path)
        w.advance()
        w.step({"verdict": "accepted", "code": "ok", "targets": [
            {**t, "download": code if t["name"] == BRAKE_IMAGE else "ok"} for t in w.images({})]})


arrives("flipped", "One bit of the image is another.", lambda files, path: files.update(
    {path: bytes([files[path][0] ^ 1]) + files[path][1:]}), "image_hash", "arbitrary installation")
arrives("shorter", "The image lacks a byte.", lambda files, path: files.update({path: files[path][:-1]}),
        "image_length", "endless data")
arrives("longer", "The image has a byte too many.", lambda files, path: files.update({path: files[path] + b"\0"}),
        "image_length", "endless data")
arrives("withheld", "The image is not there.", lambda files, path: files.pop(path), "missing_file", "partial bundle")
arrives("slow", "The image's transfer falls below the slowest rate allowed.",
        lambda files, path: files.update({path: Fails("slow_retrieval")}), "slow_retrieval", "slow retrieval")


@each("download-empty-image", "An image of no bytes is an image.", groups=("full",),
      clause="Uptane 2.1.0, 5.4.3.4 step 7")
def _(w):
    w.director.targets["targets"].pop(BRAKE_IMAGE)
    w.order("empty.bin", BRAKE, content=b"", releaseCounter=1)
    w.image.add("empty.bin", content=b"", hardwareIds=["brake-hw"], releaseCounter=1)
    w.publish()
    w.advance()
    w.step({"verdict": "accepted", "code": "ok", "targets": [{**t, "download": "ok"} for t in w.images({})]})


@each("download-second-digest-false", "Both repositories list a false SHA-512 beside a good SHA-256.",
      groups=("full",), attack="arbitrary installation", clause="Uptane 2.1.0, 5.4.3.4 step 7")
def _(w):
    for repo in w.repos.values():
        repo.targets["targets"][BRAKE_IMAGE]["hashes"]["sha512"] = "0" * 128
    w.publish()
    w.advance()
    w.step({"verdict": "accepted", "code": "ok", "targets": [
        {**t, "download": "image_hash" if t["name"] == BRAKE_IMAGE else "ok"} for t in w.images({})]})


for lister in ("director", "image"):
    @each(f"download-second-digest-of-the-{lister}-false",
          "Both repositories list a good SHA-256, and only one of them a SHA-512, which is false.", groups=("full",),
          attack="arbitrary installation", clause="Uptane 2.1.0, 5.4.3.4 step 7")
    def _(w, lister=lister):
        w.repos[lister].targets["targets"][BRAKE_IMAGE]["hashes"]["sha512"] = "0" * 128
        w.publish()
        w.advance()
        w.step({"verdict": "accepted", "code": "ok", "targets": [
            {**t, "download": "image_hash" if t["name"] == BRAKE_IMAGE else "ok"} for t in w.images({})]})


@each("download-second-digest-of-a-role-false", "Two roles of the image repository must agree. Both list a good "
      "SHA-256, and the second a SHA-512, which is false.", groups=("full",), attack="arbitrary installation",
      clause="Uptane 2.1.0, 5.4.3.4 step 7")
def _(w):
    together(w.image, "ab", 2)
    entry = w.image.targets["targets"].pop(BRAKE_IMAGE)
    for role, sums in (("a", {}), ("b", {"sha512": "0" * 128})):
        w.image.payload(role)["targets"][BRAKE_IMAGE] = {**entry, "hashes": {**entry["hashes"], **sums}}
    w.publish()
    w.advance()
    w.step({"verdict": "accepted", "code": "ok", "targets": [
        {**t, "download": "image_hash" if t["name"] == BRAKE_IMAGE else "ok"} for t in w.images({})]})


# --- entries of the image repository that cannot be read ---

@each("image-entry-malformed", "The image repository's entry has no length.", groups=("full",), attack="malformed")
def _(w):
    del w.image.targets["targets"][BRAKE_IMAGE]["length"]
    w.publish()
    refusal = {"verdict": "refused", "code": "field_missing", "repository": "image", "role": "targets",
               "file": w.image.file("targets"), "clause": "Uptane 2.1.0, 5.2.3.1"}
    w.advance()
    w.step({**refusal, "targets": w.images({BRAKE_IMAGE: refusal})})


@each("supplier-entry-malformed", "A delegated role's entry has no length.", groups=("full",), attack="malformed")
def _(w):
    del w.image.delegated["supplier"]["targets"]["supplier/door-1.0.bin"]["length"]
    w.publish()
    w.advance()
    w.refused("field_missing", "image", "supplier", clause="Uptane 2.1.0, 5.2.3.1",
              trusted={"image": dict(w.trusted["image"])})
