# SPDX-License-Identifier: Apache-2.0
"""The list of vectors, and how one is written down."""
import hashlib
import json

from .repository import Fails, Padded
from .world import World

REGISTRY = {}
LINE_CHARACTERS = 110
BLOB_DIGITS = 16  # of the SHA-256 that names a file in blobs/; enough to tell them apart


def vector(name, about, *, attack="", clause="", world=World, independent=None, **options):
    """Registers a function that plays a vector's steps in a world. `name` is "group/what-is-done".

    `clause` is the clause tested; by default that of the refusal that the last step expects. All golden vectors and
    about a third of the others are signed by the independent implementation; `independent` overrides the choice.
    """
    if independent is None:
        independent = name.startswith("golden/") or hashlib.sha256(name.encode()).digest()[0] < 96

    def register(play):
        assert name not in REGISTRY, name
        REGISTRY[name] = Vector(name, about, attack, clause, world, {**options, "independent": independent}, play)
        return play
    return register


class Vector:
    def __init__(self, name, about, attack, clause, world, options, play):
        self.name = name
        self.about = about
        self.attack = attack
        self.clause = clause
        self.world = world
        self.options = options
        self.play = play

    def write(self, signatures, blobs):
        """The JSON document of this vector; adds the files that it refers to to `blobs`."""
        world = self.world(signatures, **self.options)
        self.play(world)
        assert world.steps, self.name
        clause = self.clause or world.steps[-1]["expect"].get("clause", "")
        assert clause, f"{self.name}: which clause?"
        document = {
            "name": self.name, "about": self.about, "clause": clause, "attack": self.attack,
            "signed_by": "python3-cryptography" if world.independent else "lampyr",
            "algorithms": sorted({a for repo in world.repos.values() for a in repo.algorithms_used}),
            **world.describe(), "steps": world.steps,
        }
        return readable(refer(document, blobs)).encode() + b"\n"


def readable(value, indent=0):
    """JSON in which what fits on a line stands on one."""
    line = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, (dict, list)) or indent + len(line) <= LINE_CHARACTERS:
        return line
    margin = "\n" + " " * (indent + 1)
    if isinstance(value, list):
        return "[" + ",".join(margin + readable(v, indent + 1) for v in value) + "]"
    members = (f"{margin}{json.dumps(k, ensure_ascii=False)}: {readable(v, indent + 1)}" for k, v in value.items())
    return "{" + ",".join(members) + "}"


def refer(value, blobs):
    """Puts references in the place of file contents."""
    if isinstance(value, dict):
        return {name: refer(member, blobs) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [refer(member, blobs) for member in value]
    if isinstance(value, bytes):
        name = hashlib.sha256(value).hexdigest()[:BLOB_DIGITS]
        blobs[name] = value
        return name
    if isinstance(value, Padded):
        return {"blob": refer(value.data, blobs), "pad_to": value.length}
    if isinstance(value, Fails):
        return {"fails": value.code}
    return value

