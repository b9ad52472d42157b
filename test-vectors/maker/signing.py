# SPDX-License-Identifier: Apache-2.0
"""Signatures: by Lampyr's own signer, or by python3-cryptography for keys named "independent".

Signatures by ECDSA and RSA differ each time they are made. One that is already in the vectors is kept as long as it is
valid for its payload.
"""
import base64
import hashlib
import json
import os
import subprocess
import tempfile

from cryptography.exceptions import InvalidSignature

from .canonical import canonical


class LampyrSigner:
    """The program signer.c: a request a line in, an envelope a line out."""

    def __init__(self, program):
        self.keys = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process.wait() != 0:
            raise SystemExit("the signer failed")
        self.keys.cleanup()

    def path(self, key):
        path = os.path.join(self.keys.name, hashlib.sha256(key.name.encode()).hexdigest() + ".pem")
        if not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(key.pem)
        return path

    def sign(self, key, payload, dialect):
        request = {"dialect": dialect, "key": self.path(key), "payload": payload}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("the signer ended before its time")
        return decode(json.loads(answer)["signatures"][0]["sig"], dialect)


def encode(signature, dialect):
    return signature.hex() if dialect == "tuf" else base64.b64encode(signature).decode()


def decode(text, dialect):
    return bytes.fromhex(text) if dialect == "tuf" else base64.b64decode(text)


class Signatures:
    """Makes signatures, and remembers those that cost."""

    def __init__(self, lampyr):
        self.lampyr = lampyr
        self.made = {}
        self.known = {}

    def learn(self, data):
        """Takes the signatures out of a file of the vectors as they stand."""
        try:
            envelope = json.loads(data, strict=False)
            for entry in envelope["signatures"]:
                dialect = "legacy" if "method" in entry else "tuf"
                digest = hashlib.sha256(canonical(envelope["signed"], dialect)).digest()
                known = self.known.setdefault(entry["keyid"], {})
                known.setdefault(digest, []).append(decode(entry["sig"], dialect))
        except Exception:
            return  # attacks are no envelopes, or not whole

    def recall(self, key, message, dialect):
        """A valid signature that stood in the vectors, or None."""
        known = self.known.get(key.keyid(dialect), {})
        exact = known.get(hashlib.sha256(message).digest(), [])
        for signature in exact or [s for others in known.values() for s in others]:  # what it signed may be changed
            try:
                key.verify(signature, message)
                return signature
            except InvalidSignature:
                continue
        return None

    def signature(self, key, payload, dialect):
        message = canonical(payload, dialect)
        at = (key.name, key.keyid(dialect), dialect, hashlib.sha256(message).digest())
        if at not in self.made:
            kept = self.recall(key, message, dialect) if key.algorithm != "ed25519" else None
            if kept:
                self.made[at] = kept
            elif key.independent:
                self.made[at] = key.sign(message, dialect)
            else:
                self.made[at] = self.lampyr.sign(key, payload, dialect)
                key.verify(self.made[at], message)  # Lampyr's signer and canonical form against others
        return self.made[at]

    def entry(self, key, payload, dialect):
        """One element of `signatures`."""
        entry = {"keyid": key.keyid(dialect)}
        if dialect == "legacy":
            entry["method"] = key.method()
        entry["sig"] = encode(self.signature(key, payload, dialect), dialect)
        return entry

    def envelope(self, payload, keys, dialect):
        return {"signed": payload, "signatures": [self.entry(key, payload, dialect) for key in keys]}
