# SPDX-License-Identifier: Apache-2.0
"""Keys, thresholds and signatures: what counts, and how often. All on the top-level targets of one repository, unless
the name says otherwise."""
import base64

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from maker.keys import ALGORITHMS, key
from maker.clauses import ENVELOPE, KEY_OBJECTS
from maker.vector import vector
from maker.world import PartialWorld, TufWorld

ED25519, P256, RSA = ALGORITHMS
SIGNED = "Uptane 2.1.0, 5.4.4.6 step 3.1"
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
WORLDS = {"tuf": (TufWorld, "image", "tuf"), "legacy": (TufWorld, "image", "legacy"),
          "partial": (PartialWorld, "director", "tuf")}


def case(name, about, code=None, *, attack="key-threshold misuse", worlds=("tuf", "legacy", "partial"), clause=SIGNED,
         **options):
    """Registers a change to who signs targets, for several kinds of verifier. `code` is the refusal, if any; `clause`
    is the one tested."""
    def register(play):
        for suffix in worlds:
            world, kind, dialect = WORLDS[suffix]

            def run(w, kind=kind):
                repo = w.repos[kind]
                play(repo)
                w.publish()
                if code:
                    w.refused(code, kind, "targets", clause=SIGNED)
                else:
                    w.accepted()

            vector(f"keys/{suffix}-{name}", about, world=world, dialect=dialect, attack=attack if code else "",
                   clause=clause, **options)(run)
        return play
    return register


def keys_of(repo, names, algorithm=None):
    return [repo.key(f"targets {name}", algorithm) for name in names]


def set_targets_keys(repo, keys, threshold=1):
    """A second root, so that the provisioned one can stay."""
    repo.root["version"] += 1
    repo.set_keys("targets", keys, threshold)


# --- thresholds ---

for algorithm in ALGORITHMS:
    worlds = ("tuf", "legacy") if algorithm == RSA else ("tuf", "legacy", "partial")

    @case(f"threshold-met-exactly-{algorithm}", "Two of three keys signed, and two are needed.", worlds=worlds)
    def _(repo, algorithm=algorithm):
        keys = keys_of(repo, "abc", algorithm)
        set_targets_keys(repo, keys, 2)
        repo.publish_root()
        repo.signers["targets"] = keys[1:]

    @case(f"threshold-missed-by-one-{algorithm}", "One of three keys signed, and two are needed.",
          "signature_threshold", attack="key compromise", worlds=worlds)
    def _(repo, algorithm=algorithm):
        keys = keys_of(repo, "abc", algorithm)
        set_targets_keys(repo, keys, 2)
        repo.publish_root()
        repo.signers["targets"] = keys[1:2]


@case("one-good-among-bad", "The threshold is met although other signatures are bad.")
def _(repo):
    a, b, c = keys_of(repo, "abc")
    set_targets_keys(repo, [a, b, c], 1)
    repo.publish_root()
    stranger = repo.key("stranger")
    repo.signers["targets"] = [stranger.renamed(a.keyid(repo.dialect)), stranger.renamed(b.keyid(repo.dialect)), c]


def signed_twice(repo):
    a, b = keys_of(repo, "ab")
    set_targets_keys(repo, [a, b], 2)
    repo.publish_root()
    repo.signers["targets"] = [a, a]


case("one-signature-twice", "One key's signature stands there twice, and two are needed.", "signature_threshold",
     worlds=("legacy",), clause=ENVELOPE)(signed_twice)
case("one-signature-twice", "One key's signature stands there twice, which makes the file invalid.", "field_value",
     worlds=("tuf", "partial"), clause=ENVELOPE)(signed_twice)


@case("one-key-under-two-keyids", "One key has two keyids and signed under both, and two are needed.",
      "signature_threshold")
def _(repo):
    a, b = keys_of(repo, "ab")
    twin = a.renamed("f" * 64)
    set_targets_keys(repo, [a, twin, b], 2)
    repo.publish_root()
    repo.signers["targets"] = [a, twin]


@case("one-key-under-two-keyids-and-another", "One key signed under two keyids, and a second key signed as well.")
def _(repo):
    a, b = keys_of(repo, "ab")
    twin = a.renamed("f" * 64)
    set_targets_keys(repo, [a, twin, b], 2)
    repo.publish_root()
    repo.signers["targets"] = [a, twin, b]


@case("keyid-listed-twice", "The role lists one keyid twice, and two signatures are needed.", "signature_threshold")
def _(repo):
    (a,) = keys_of(repo, "a")
    set_targets_keys(repo, [a, a], 2)
    repo.publish_root()
    repo.signers["targets"] = [a]


@case("keyid-is-no-digest", "A keyid is just a name: it need not be a digest of the key.", clause=KEY_OBJECTS)
def _(repo):
    a = keys_of(repo, "a")[0].renamed("key number one")
    set_targets_keys(repo, [a])
    repo.publish_root()


@case("key-of-another-role", "A key that root lists, but not for this role, signed.", "signature_threshold",
      attack="arbitrary installation")
def _(repo):
    a, b = keys_of(repo, "ab")
    set_targets_keys(repo, [a])
    repo.root["keys"][b.keyid(repo.dialect)] = b.object(repo.dialect)
    repo.publish_root()
    repo.signers["targets"] = [b]


# --- keys that do not count ---

def with_object(repo, key_object, signer):
    """Sets one targets key whose key object is another than that of `signer`."""
    set_targets_keys(repo, [signer])
    repo.root["keys"][signer.keyid(repo.dialect)] = key_object
    repo.publish_root()


@case("keyid-without-key", "The role lists a keyid for which there is no key, beside one that there is.",
      clause=KEY_OBJECTS)
def _(repo):
    set_targets_keys(repo, keys_of(repo, "a"))
    repo.root["roles"]["targets"]["keyids"].insert(0, "0" * 64)
    repo.publish_root()


@case("only-keyids-without-key", "The role lists only a keyid for which there is no key.", "signature_threshold",
      clause=KEY_OBJECTS)
def _(repo):
    (a,) = keys_of(repo, "a")
    set_targets_keys(repo, [a])
    del repo.root["keys"][a.keyid(repo.dialect)]
    repo.publish_root()


@case("unknown-type-beside", "A key of an unknown type stands beside one that is known and signed.",
      clause=KEY_OBJECTS)
def _(repo):
    set_targets_keys(repo, keys_of(repo, "a"))
    repo.root["keys"]["zz"] = {"keytype": "post-quantum", "scheme": "post-quantum", "keyval": {"public": "?"}}
    repo.root["roles"]["targets"]["keyids"].append("zz")
    repo.publish_root()


@case("unknown-type", "The only key is of an unknown type.", "signature_threshold", clause=KEY_OBJECTS)
def _(repo):
    (a,) = keys_of(repo, "a")
    with_object(repo, {**a.object(repo.dialect), "keytype": "post-quantum"}, a)


@case("unknown-scheme", "The only key is to be used with an unknown scheme.", "signature_threshold",
      worlds=("tuf", "partial"), clause=KEY_OBJECTS)
def _(repo):
    (a,) = keys_of(repo, "a")
    with_object(repo, {**a.object(repo.dialect), "scheme": "ed448"}, a)


@case("scheme-of-another-type", "The only key's scheme belongs to another type of key.", "signature_threshold",
      worlds=("tuf", "partial"), clause=KEY_OBJECTS)
def _(repo):
    (a,) = keys_of(repo, "a")
    with_object(repo, {**a.object(repo.dialect), "scheme": P256}, a)


@case("key-with-unknown-fields", "A key object has fields that nobody knows.", clause=KEY_OBJECTS)
def _(repo):
    (a,) = keys_of(repo, "a")
    with_object(repo, {**a.object(repo.dialect), "keyid_hash_algorithms": ["sha256"], "zz": {"a": 1}}, a)


@case("key-too-short", "An ed25519 key lacks a byte.", "signature_threshold", clause=KEY_OBJECTS)
def _(repo):
    (a,) = keys_of(repo, "a")
    with_object(repo, {**a.object(repo.dialect), "keyval": {"public": a.public[:-2]}}, a)


@case("key-in-upper-case", "An ed25519 key is written in upper-case hex, as some servers do.", clause=KEY_OBJECTS)
def _(repo):
    (a,) = keys_of(repo, "a")
    with_object(repo, {**a.object(repo.dialect), "keyval": {"public": a.public.upper()}}, a)


@case("curve-of-another-size", "An ECDSA key is on P-384, not P-256.", "signature_threshold", clause=KEY_OBJECTS)
def _(repo):
    (a,) = keys_of(repo, "a", P256)
    other = ec.derive_private_key(12345, ec.SECP384R1()).public_key()
    pem = other.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    with_object(repo, {**a.object(repo.dialect), "keyval": {"public": pem}}, a)


@case("ecdsa-type-by-its-scheme", "The key type is written as the scheme, as older tools do.",
      worlds=("tuf", "partial"), clause=KEY_OBJECTS)
def _(repo):
    (a,) = keys_of(repo, "a", P256)
    with_object(repo, {**a.object(repo.dialect), "keytype": P256}, a)


@case("pem-without-end", "A PEM key has no last line.", "signature_threshold", clause=KEY_OBJECTS)
def _(repo):
    (a,) = keys_of(repo, "a", P256)
    with_object(repo, {**a.object(repo.dialect), "keyval": {"public": a.public[:-26]}}, a)


def rsa_key(bits):
    """Lampyr does not sign with weak keys, so that another must."""
    return key(f"independent targets rsa {bits}", RSA, bits)


for bits, code in ((2048, None), (2047, "signature_threshold"), (1024, "signature_threshold"), (3072, None)):
    @case(f"rsa-{bits}", f"The only key is RSA of {bits} bits; 2048 are the least that counts.", code,
          worlds=("tuf", "legacy"), clause=KEY_OBJECTS)
    def _(repo, bits=bits):
        set_targets_keys(repo, [rsa_key(bits)])
        repo.publish_root()


@case("weak-rsa-beside", "A weak RSA key stands beside a good key, which signed.", worlds=("tuf", "legacy"),
      clause=KEY_OBJECTS)
def _(repo):
    good = keys_of(repo, "a")
    set_targets_keys(repo, [rsa_key(1024), *good])
    repo.publish_root()
    repo.signers["targets"] = good


# --- forms of signatures ---

def signature(repo, form):
    """Replaces the signature of targets by form(private key, message)."""
    def change(envelope):
        message = repo.canonical(envelope["signed"])
        text = form(repo.keys["targets"][0], message)
        envelope["signatures"][0]["sig"] = repo.encode(text)
    repo.tamper["targets"] = change


@case("ed25519-with-large-s", "An ed25519 signature has the group's order added to its second half.",
      "signature_threshold", attack="arbitrary installation")
def _(repo):
    def form(k, message):
        good = k.sign(message, repo.dialect)
        return good[:32] + (int.from_bytes(good[32:], "little") + ED25519_ORDER).to_bytes(32, "little")
    signature(repo, form)


@case("ed25519-prehashed", "An ed25519 signature is over the digest of the message.", "signature_threshold",
      attack="arbitrary installation")
def _(repo):
    def form(k, message):
        digest = hashes.Hash(hashes.SHA512())
        digest.update(message)
        return k.sign(digest.finalize(), repo.dialect)
    signature(repo, form)


def fixed_p256(repo, text):
    """The targets key is a P-256 key, and its signature is what it is."""
    set_targets_keys(repo, keys_of(repo, "a", P256))
    repo.publish_root()
    signature(repo, lambda k, message: text)


@case("ecdsa-empty", "An ECDSA signature is an empty sequence.", "signature_threshold", attack="arbitrary installation")
def _(repo):
    fixed_p256(repo, bytes.fromhex("3000"))


@case("ecdsa-zero", "An ECDSA signature consists of two zeros.", "signature_threshold", attack="arbitrary installation")
def _(repo):
    fixed_p256(repo, bytes.fromhex("3006020100020100"))


@case("ecdsa-not-der", "An ECDSA signature is not in DER.", "signature_threshold", attack="arbitrary installation")
def _(repo):
    fixed_p256(repo, bytes(range(64)))


@case("rsa-pkcs1", "An RSA signature has the padding of PKCS #1 v1.5, not PSS.", "signature_threshold",
      attack="arbitrary installation", worlds=("tuf", "legacy"))
def _(repo):
    set_targets_keys(repo, keys_of(repo, "a", RSA))
    repo.publish_root()
    signature(repo, lambda k, message: k.private.sign(message, padding.PKCS1v15(), hashes.SHA256()))


@case("in-upper-case", "A signature is written in upper-case hex.", worlds=("tuf", "partial"), clause=ENVELOPE)
def _(repo):
    def change(envelope):
        envelope["signatures"][0]["sig"] = envelope["signatures"][0]["sig"].upper()
    repo.tamper["targets"] = change


@case("in-the-other-dialect", "A signature is written as the other dialect writes it.", "signature_threshold",
      attack="malformed", clause=ENVELOPE)
def _(repo):
    def change(envelope):
        sig = repo.keys["targets"][0].sign(repo.canonical(envelope["signed"]), repo.dialect)
        envelope["signatures"][0]["sig"] = base64.b64encode(sig).decode() if repo.dialect == "tuf" else sig.hex()
    repo.tamper["targets"] = change


@case("without-padding", "A signature's base64 lacks its padding.", "signature_threshold", attack="malformed",
      worlds=("legacy",), clause=ENVELOPE)
def _(repo):
    def change(envelope):
        envelope["signatures"][0]["sig"] = envelope["signatures"][0]["sig"].rstrip("=")
    repo.tamper["targets"] = change


@case("slashes-escaped", "The slashes in a signature's base64 are escaped, as some JSON encoders do.",
      worlds=("legacy",), clause=ENVELOPE)
def _(repo):
    repo.mangle["targets"] = lambda data: data.replace(b"/", b"\\/")


@case("signature-without-keyid", "An entry of the signatures has no keyid.", "field_missing", attack="malformed",
      clause=ENVELOPE)
def _(repo):
    repo.tamper["targets"] = lambda envelope: envelope["signatures"][0].pop("keyid") and None


@case("signature-as-number", "A signature is a number.", "field_type", attack="malformed", clause=ENVELOPE)
def _(repo):
    repo.tamper["targets"] = lambda envelope: envelope["signatures"][0].update(sig=1)


# --- limits ---

def crowd(repo, count):
    """So many keys, the last of which signs."""
    keys = [key(f"{'independent' if repo.independent else 'lampyr'} crowd {i} ed25519") for i in range(count)]
    set_targets_keys(repo, keys)
    repo.publish_root()
    repo.signers["targets"] = keys[-1:]


@case("64-keys", "As many keys as a role may have.", worlds=("tuf", "legacy"))
def _(repo):
    crowd(repo, 64)


@case("8-keys", "As many keys as a role may have for a microcontroller.", worlds=("partial",))
def _(repo):
    crowd(repo, 8)


def many_signatures(repo, count):
    """So many signatures, of which the last is good."""
    def change(envelope):
        bad = [{**envelope["signatures"][0], "keyid": f"nobody {i}", "sig": "00"} for i in range(count - 1)]
        envelope["signatures"] = bad + envelope["signatures"]
    repo.tamper["targets"] = change


for profile, worlds, most in (("gateway", ("tuf", "legacy"), 128), ("constrained", ("partial",), 16)):
    @case(f"{most}-signatures", "As many signatures as a file may have.", worlds=worlds)
    def _(repo, most=most):
        many_signatures(repo, most)

    @case(f"{most + 1}-signatures", "One signature more than a file may have.", "limit_signatures", attack="limit",
          worlds=worlds)
    def _(repo, most=most):
        many_signatures(repo, most + 1)


def fields(repo, count):
    """The signature has so many fields."""
    def change(envelope):
        entry = envelope["signatures"][0]
        entry.update({f"z{i:02}": 0 for i in range(count - len(entry))})
    repo.tamper["targets"] = change


@case("signature-with-95-fields", "An entry of the signatures has as many fields as are looked through.",
      worlds=("tuf", "legacy"), clause=ENVELOPE)
def _(repo):
    fields(repo, 95)


@case("signature-with-96-fields", "An entry of the signatures has one field more than are looked through.",
      "limit_record", attack="limit", worlds=("tuf", "legacy"), clause=ENVELOPE)
def _(repo):
    fields(repo, 96)


@vector("keys/tuf-65-keys", "Root names one key more than a role may have.", world=TufWorld, attack="limit")
def _(w):
    crowd(w.image, 65)
    w.refused("limit_keys", "image", "root", clause="Uptane 2.1.0, 5.4.4.3 step 2.2")


@vector("keys/partial-9-keys", "Root names one key more than a role may have for a microcontroller.",
        world=PartialWorld, attack="limit")
def _(w):
    crowd(w.director, 9)
    w.refused("limit_keys", "director", "root", clause="Uptane 2.1.0, 5.4.4.3 step 2.2")
