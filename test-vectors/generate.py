#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the test vectors (SCHEMA.md), or checks that making them again gives what stands here.

usage: generate.py --signer PROGRAM [--check]
"""
import argparse
import importlib
import json
import os
import pathlib
import sys

from maker.canonical import indented
from maker.keys import KNOWN_DISTANCES, USED_DISTANCES
from maker.signing import LampyrSigner, Signatures
from maker.vector import REGISTRY

HERE = pathlib.Path(__file__).resolve().parent
PRIMES = "maker/primes.json"  # where the primes of RSA keys are


def committed():
    """What is made, as it stands: path to bytes."""
    paths = [HERE / PRIMES, *(HERE / "blobs").rglob("*"), *(HERE / "vectors").rglob("*")]
    return {str(path.relative_to(HERE)): path.read_bytes() for path in paths if path.is_file()}


def generate(signer, before):
    lampyr = LampyrSigner(signer)
    signatures = Signatures(lampyr)
    KNOWN_DISTANCES.update(json.loads(before.get(PRIMES, b"{}")))
    for path, data in before.items():
        if path.startswith("blobs"):
            signatures.learn(data)
    for module in sorted((HERE / "cases").glob("*.py")):
        importlib.import_module(f"cases.{module.stem}")
    files, blobs = {}, {}
    for name, vector in sorted(REGISTRY.items()):
        files[f"vectors/{name}.json"] = vector.write(signatures, blobs)
    lampyr.close()
    files.update({f"blobs/{name}": data for name, data in blobs.items()})
    files[PRIMES] = indented(dict(sorted(USED_DISTANCES.items()))) + b"\n"
    return files


def write(before, after):
    for path in before.keys() - after.keys():
        (HERE / path).unlink()
    for path, data in after.items():
        if before.get(path) != data:
            (HERE / path).parent.mkdir(parents=True, exist_ok=True)
            (HERE / path).write_bytes(data)
    for folder, _, _ in os.walk(HERE / "vectors", topdown=False):
        if not os.listdir(folder):
            os.rmdir(folder)


def differences(before, after):
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            yield f"{path}: nothing makes it"
        elif path not in before:
            yield f"{path}: it is missing"
        elif before[path] != after[path]:
            yield f"{path}: it differs"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--signer", required=True, help="the program made of signer.c")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if anything would change")
    arguments = parser.parse_args()
    before = committed()
    after = generate(arguments.signer, before)
    if arguments.check:
        wrong = list(differences(before, after))
        print("\n".join(wrong) if wrong else f"{len(REGISTRY)} vectors are as they are made")
        return 1 if wrong else 0
    write(before, after)
    size = sum(len(data) for data in after.values())
    print(f"{len(REGISTRY)} vectors, {len(after)} files, {size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
