#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the golden files of this folder with other people's code.

Needs Debian's python3-securesystemslib, python3-nacl (its ed25519) and python3-cryptography.

usage: make_golden.py

NAME.served.json is written by hand: one JSON document with something tricky in it. From each are made
  NAME.DIALECT.canonical    its canonical form
  NAME.DIALECT.signed.json  a targets role with the document, as it is served, as its custom field; signed by all keys
and once
  DIALECT.keys.json         the keys, and per scheme a role with that key; role "all" wants every key

The tuf dialect is what securesystemslib makes of it, the legacy one what Python's json and cryptography make.
The keys are for these tests only: two come from fixed seeds, the RSA key stands in rsa-test-key.pem. Signatures that
still fit are kept, so that a second run changes nothing.
"""
import base64
import hashlib
import json
import pathlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from securesystemslib import keys as securesystems
from securesystemslib.formats import encode_canonical

FOLDER = pathlib.Path(__file__).resolve().parent
SCHEMES = "ed25519", "ecdsa-sha2-nistp256", "rsassa-pss-sha256"


def seed(scheme):
    return hashlib.sha256(f"lampyr golden {scheme}".encode()).digest()


PRIVATE = {
    "ed25519": ed25519.Ed25519PrivateKey.from_private_bytes(seed("ed25519")),
    "ecdsa-sha2-nistp256": ec.derive_private_key(int.from_bytes(seed("ecdsa-sha2-nistp256"), "big"), ec.SECP256R1()),
    "rsassa-pss-sha256": serialization.load_pem_private_key((FOLDER / "rsa-test-key.pem").read_bytes(), None),
}


def private_pem(scheme):
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return PRIVATE[scheme].private_bytes(serialization.Encoding.PEM, *form).decode()


def public_text(scheme):
    key = PRIVATE[scheme].public_key()
    if scheme == "ed25519":
        return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


class Tuf:
    """TUF 1.0.34: OLPC canonical JSON, signatures in hex."""

    type = "targets"
    spec_version = '\n    "spec_version": "1.0.34",'
    keytypes = dict(zip(SCHEMES, ("ed25519", "ecdsa", "rsa")))

    @staticmethod
    def canonical(value):
        return encode_canonical(value).encode()

    @classmethod
    def public(cls, scheme):
        return {"keytype": cls.keytypes[scheme], "scheme": scheme, "keyval": {"public": public_text(scheme)}}

    @classmethod
    def keyid(cls, scheme):
        return hashlib.sha256(cls.canonical(cls.public(scheme))).hexdigest()

    @classmethod
    def private(cls, scheme):
        key = cls.public(scheme)
        key["keyid"] = cls.keyid(scheme)
        key["keyval"]["private"] = seed(scheme).hex() if scheme == "ed25519" else private_pem(scheme)
        return key

    @classmethod
    def sign(cls, scheme, message):
        return securesystems.create_signature(cls.private(scheme), message)

    @classmethod
    def fits(cls, scheme, entry, message):
        return securesystems.verify_signature(cls.private(scheme), entry, message)


class Legacy:
    """The older dialect: compact sorted JSON, signatures in base64, ed25519 keys in upper case."""

    type = "Targets"
    spec_version = ""
    keytypes = dict(zip(SCHEMES, ("ED25519", "ECPRIME256V1", "RSA")))
    methods = dict(zip(SCHEMES, ("ed25519", "ecdsa-sha2-nistp256", "rsassa-pss")))
    arguments = {
        "ed25519": (),
        "ecdsa-sha2-nistp256": (ec.ECDSA(hashes.SHA256()),),
        "rsassa-pss-sha256": (padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH), hashes.SHA256()),
    }

    @staticmethod
    def canonical(value):
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def public(cls, scheme):
        text = public_text(scheme)
        return {"keytype": cls.keytypes[scheme], "keyval": {"public": text.upper() if scheme == "ed25519" else text}}

    @classmethod
    def keyid(cls, scheme):
        return hashlib.sha256(cls.canonical(cls.public(scheme)["keyval"]["public"])).hexdigest()

    @classmethod
    def sign(cls, scheme, message):
        signature = PRIVATE[scheme].sign(message, *cls.arguments[scheme])
        return {"keyid": cls.keyid(scheme), "method": cls.methods[scheme], "sig": base64.b64encode(signature).decode()}

    @classmethod
    def fits(cls, scheme, entry, message):
        try:
            PRIVATE[scheme].public_key().verify(base64.b64decode(entry["sig"]), message, *cls.arguments[scheme])
        except InvalidSignature:
            return False
        return True


def signatures(form, path, message):
    """One per scheme; those in the file at `path` that are good for `message` are kept."""
    former = json.loads(path.read_bytes())["signatures"] if path.exists() else []
    by_keyid = {entry["keyid"]: entry for entry in former}
    result = []
    for scheme in SCHEMES:
        entry = by_keyid.get(form.keyid(scheme))
        if entry is None or not form.fits(scheme, entry, message):
            entry = form.sign(scheme, message)
        result.append(entry)
    return result


def envelope(form, path, served):
    """The signed document: its payload neither sorted nor compact."""
    payload = f"""{{
    "version": 7, "_type": "{form.type}",{form.spec_version}
    "targets": {{}}, "expires": "2033-01-01T00:00:00Z",
    "custom": {served}}}"""
    entries = signatures(form, path, form.canonical(json.loads(payload)))
    return f'{{"signed": {payload},\n "signatures": {json.dumps(entries, indent=1)}}}\n'


def key_file(form):
    roles = {scheme: {"keyids": [form.keyid(scheme)], "threshold": 1} for scheme in SCHEMES}
    roles["all"] = {"keyids": [form.keyid(scheme) for scheme in SCHEMES], "threshold": len(SCHEMES)}
    return json.dumps({"keys": {form.keyid(s): form.public(s) for s in SCHEMES}, "roles": roles}, indent=1) + "\n"


def main():
    for dialect, form in ("tuf", Tuf), ("legacy", Legacy):
        (FOLDER / f"{dialect}.keys.json").write_text(key_file(form), encoding="utf-8")
        for source in sorted(FOLDER.glob("*.served.json")):
            name = source.name.removesuffix(".served.json")
            served = source.read_bytes().decode()
            (FOLDER / f"{name}.{dialect}.canonical").write_bytes(form.canonical(json.loads(served)))
            signed = FOLDER / f"{name}.{dialect}.signed.json"
            signed.write_bytes(envelope(form, signed, served).encode())


if __name__ == "__main__":
    main()
