# SPDX-License-Identifier: Apache-2.0
"""A repository in the making: payloads to edit, keys to sign with, and the files that are served in the end.

publish() signs delegated roles, targets, snapshot and timestamp in this order, each with what it must say of the one
before. A case breaks one thing on the way: it edits a payload, or sets one of the hooks, which last for one publish():

    signers[role]     other keys than the role's own
    tamper[role]      changes the envelope after it was signed
    mangle[role]      changes the bytes that are served; references to the file still fit
    reference[role]   changes what snapshot or timestamp says of the role
    replace[role]     changes the bytes that are served after all references were made
"""
import hashlib
import json
import urllib.parse

from .canonical import canonical, compact, indented
from .keys import key
from .signing import encode

NOW = "2027-01-01T00:00:00Z"
NOW_PLUS_1 = "2027-01-01T00:00:01Z"
EXPIRES = "2030-01-01T00:00:00Z"
TOP_LEVEL = ("root", "timestamp", "snapshot", "targets")
FIRST_VERSION = {"root": 1, "timestamp": 4, "snapshot": 3, "targets": 2}
HOOKS = ("signers", "tamper", "mangle", "reference", "replace")


class Padded:
    """A file that is continued with spaces up to a length."""

    def __init__(self, data, length):
        self.data = data
        self.length = length


class Fails:
    """A file whose transfer fails."""

    def __init__(self, code):
        self.code = code


def digest(data, algorithm="sha256"):
    return hashlib.new(algorithm, data).hexdigest()


def image(name):
    """The bytes of the image of that name."""
    return f"This is {name}.\n".encode()


class Repository:
    def __init__(self, kind, dialect, signatures, *, independent=False, algorithm="ed25519", consistent=True,
                 canonical_bytes=False):
        self.kind = kind
        self.dialect = dialect
        self.signatures = signatures
        self.independent = independent
        self.algorithm = algorithm
        self.consistent = consistent and dialect == "tuf"
        self.canonical_bytes = canonical_bytes
        self.files = {}
        self.paths = {}
        self.references = {}
        self.delegated = {}
        self.algorithms_used = set()
        self.reset()
        self.keys = {role: [self.key(role)] for role in TOP_LEVEL}
        self.root = self.head("root")
        if dialect == "tuf":
            self.root["consistent_snapshot"] = consistent
        self.root.update(keys={}, roles={})
        for role in TOP_LEVEL:
            self.set_keys(role, self.keys[role])
        self.timestamp = {**self.head("timestamp"), "meta": {}}
        self.snapshot = {**self.head("snapshot"), "meta": {}}
        self.targets = {**self.head("targets"), "targets": {}}
        self.publish_root()

    def reset(self):
        for hook in HOOKS:
            setattr(self, hook, {})

    # --- payloads ---

    def head(self, role):
        kind = role if role in TOP_LEVEL else "targets"
        if self.dialect == "legacy":
            head = {"_type": kind.capitalize()}
        else:
            head = {"_type": kind, "spec_version": "1.0.31"}
        return {**head, "version": FIRST_VERSION.get(role, 2), "expires": EXPIRES}

    def payload(self, role):
        return getattr(self, role) if role in TOP_LEVEL else self.delegated[role]

    def version(self, role):
        return self.payload(role)["version"]

    # --- keys ---

    def key(self, name, algorithm=None, bits=2048):
        """A test key of this repository. Its name says who signs with it and with what."""
        algorithm = algorithm or self.algorithm
        owner = "independent" if self.independent else "lampyr"
        return key(f"{owner} {self.kind} {name} {algorithm} {bits}", algorithm, bits)

    def set_keys(self, role, keys, threshold=1):
        """Sets who signs a top-level role, in root's payload."""
        self.keys[role] = list(keys)
        self.root["roles"][role] = self.role_keys(keys, threshold)
        self.root["keys"].update({k.keyid(self.dialect): k.object(self.dialect) for k in keys})
        named = {keyid for entry in self.root["roles"].values() for keyid in entry["keyids"]}
        named.update(self.root.get("custom", {}).get("time", {}).get("keyids", ()))
        self.root["keys"] = {keyid: k for keyid, k in self.root["keys"].items() if keyid in named}

    def role_keys(self, keys, threshold=1):
        return {"keyids": [k.keyid(self.dialect) for k in keys], "threshold": threshold}

    def set_time_keys(self, keys, threshold=1):
        self.keys["time"] = list(keys)
        self.root["custom"] = {"time": self.role_keys(keys, threshold)}
        self.root["keys"].update({k.keyid(self.dialect): k.object(self.dialect) for k in keys})

    # --- content ---

    def add(self, name, role="targets", content=None, **custom):
        """Lists an image in a role and serves it."""
        content = image(name) if content is None else content
        entry = {"length": len(content), "hashes": {"sha256": digest(content)}}
        if custom:
            entry["custom"] = custom
        self.payload(role)["targets"][name] = entry
        folder, _, base = name.rpartition("/")
        if self.kind != "director":
            base = f"{digest(content)}.{base}" if self.consistent else base
            self.files["/".join(filter(None, ("targets", folder, base)))] = content
        return entry

    def delegate(self, name, paths=None, by="targets", keys=None, threshold=1, terminating=False, **fields):
        """Delegates to a role, which is made if it is new. Returns the delegation."""
        keys = keys or [self.key(name)]
        entry = {"name": name, **self.role_keys(keys, threshold), "terminating": terminating, **fields}
        if paths is not None:
            entry["paths"] = paths
        self.new_role(name, keys)
        self.delegations(by, keys)["roles"].append(entry)
        return entry

    def new_role(self, name, keys):
        self.keys.setdefault(name, keys)
        self.delegated.setdefault(name, {**self.head(name), "targets": {}})

    def delegations(self, by, keys=()):
        payload = self.payload(by).setdefault("delegations", {"keys": {}, "roles": []})
        payload["keys"].update({k.keyid(self.dialect): k.object(self.dialect) for k in keys})
        return payload

    # --- files ---

    def served(self, with_images):
        return {path: data for path, data in sorted(self.files.items())
                if with_images or not path.startswith("targets/")}

    def canonical(self, value):
        return canonical(value, self.dialect)

    def encode(self, signature):
        return encode(signature, self.dialect)

    def path(self, role, version):
        name = role if role in TOP_LEVEL else urllib.parse.quote(role, safe="")
        if self.dialect == "legacy":
            folder = "" if role in TOP_LEVEL else "delegations/"
            return f"{folder}{version}.root.json" if role == "root" else f"{folder}{name}.json"
        versioned = role == "root" or (self.consistent and role != "timestamp")
        return f"{version}.{name}.json" if versioned else f"{name}.json"

    def file(self, role):
        """The name of a role's file in messages: without its folder, and not percent-encoded."""
        return urllib.parse.unquote(self.paths[role].rsplit("/", 1)[-1])

    def bytes_of(self, envelope):
        if self.canonical_bytes:
            return canonical(envelope, self.dialect)
        return indented(envelope) if self.independent else compact(envelope)

    def make(self, role, signers, number=None):
        """Signs a role. Returns what others must say of it, and serves it; `number` is that in the name of a root."""
        signers = self.signers.get(role, signers)
        self.algorithms_used.update(k.algorithm for k in signers)
        envelope = self.signatures.envelope(self.payload(role), signers, self.dialect)
        if role in self.tamper:
            envelope = json.loads(json.dumps(envelope))  # payloads stay as they are
            envelope = self.tamper[role](envelope) or envelope
        data = self.bytes_of(envelope)
        if role in self.mangle:
            data = self.mangle[role](data)
        whole = data.data + b" " * (data.length - len(data.data)) if isinstance(data, Padded) else data
        reference = {"version": self.version(role)}
        if not isinstance(data, Fails):
            reference.update(length=len(whole), hashes={"sha256": digest(whole)})
        if role in self.reference:
            changed = self.reference[role](reference)
            reference = reference if changed is None else changed
        if self.consistent and role not in ("root", "timestamp"):
            self.files.pop(self.paths.get(role), None)
        named = reference.get("version") if isinstance(reference, dict) else None
        self.paths[role] = self.path(role, number or named or self.version(role))
        self.files[self.paths[role]] = data
        self.references[role] = reference
        return reference

    def publish_root(self, former=(), number=None):
        """Serves root, signed by its own keys and those of the root before."""
        signers = list(former) + [k for k in self.keys["root"] if k not in former]
        self.make("root", signers, number)

    def next_root(self, **changes):
        """Makes the next version of root, with new keys for some roles, and serves it."""
        former = self.keys["root"]
        self.root["version"] += 1
        for role, keys in changes.items():
            self.set_keys(role, keys if isinstance(keys, list) else [keys])
        self.publish_root(former)

    def publish(self):
        for name in self.delegated:
            self.make(name, self.keys[name])
        self.make("targets", self.keys["targets"])
        self.snapshot["meta"] = {f"{role}.json": self.references[role] for role in ("targets", *self.delegated)
                                 if self.references[role]}
        self.make("snapshot", self.keys["snapshot"])
        self.timestamp["meta"] = {"snapshot.json": self.references["snapshot"]}
        self.make("timestamp", self.keys["timestamp"])
        for role, change in self.replace.items():
            changed = change(self.files.pop(self.paths[role]))
            if changed is not None:
                self.files[self.paths[role]] = changed
        self.reset()

    def next_release(self):
        """Counts up what publish() signs."""
        for role in (*TOP_LEVEL[1:], *self.delegated):
            self.payload(role)["version"] += 1
