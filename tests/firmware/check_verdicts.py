# SPDX-License-Identifier: Apache-2.0
"""The board gives the verdict of the host on every vector of partial verification, and it is the right one.

usage: check_verdicts.py VECTORS JUDGE_HOST [JUDGE_BOARD]

Three are compared line by line: the firmware on the emulated Cortex-M3 (BearSSL, libsodium), the host built with the
limits of firmware (OpenSSL), and what the vectors expect; without JUDGE_BOARD the last two. Firmware has no RSA: a
vector with RSA keys must end in a refusal for its signatures, whatever the vector expects of others.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import pack_vectors
import qemu


def fields(line):
    """A line of judge.h as a dictionary; the digest of an image is for comparing host and board."""
    name, step, code, repository, role, root, targets, image = line.split(" ", 7)
    if image != "image=-":
        image, length, _ = image.rsplit(",", 2)
        image = json.loads(f'"{image.removeprefix("image=")}"', strict=False) + "," + length
    return {"name": name, "step": int(step), "code": code, "repository": repository, "role": role,
            "root": int(root.removeprefix("root=")), "targets": int(targets.removeprefix("targets=")),
            "image": image.removeprefix("image=")}


def expected(step):
    """What the vector expects of a step, in the words of fields()."""
    expect = step["expect"]
    result = {"code": expect["code"], "repository": expect.get("repository") or "-", "role": expect.get("role") or "-"}
    result.update(expect.get("trusted", {}).get("director", {}))
    images = expect.get("targets")
    if images is not None and expect["code"] == "ok":
        result["image"] = ",".join(f"{image['name']},{image['length']}" for image in images) or "-"
    return result


def wrong(vector, lines):
    """Differences between a vector and the lines on its steps."""
    if "rsassa-pss-sha256" in vector["algorithms"]:
        return [] if lines[-1]["code"] == "signature_threshold" else [f"{vector['name']}: RSA counted"]
    differences = []
    for step, got in zip(vector["steps"], lines, strict=True):
        for name, value in expected(step).items():
            if got.get(name) != value:
                differences.append(f"{got['name']} {got['step']}: {name}: expected {value}, got {got.get(name)}")
    return differences


def main():
    folder, judge_host, *judge_board = pathlib.Path(sys.argv[1]), *sys.argv[2:]
    vectors = pack_vectors.partial_vectors(folder)
    with tempfile.TemporaryDirectory() as scratch:
        block = pathlib.Path(scratch) / "block"
        block.write_bytes(pack_vectors.Packer(folder).pack(vectors))
        host = subprocess.run([judge_host, block], check=True, capture_output=True, text=True).stdout.splitlines()
        *board, peak = qemu.run(*judge_board, *qemu.load(block)) if judge_board else (*host, "0")
    differences = [f"host:  {a}\nboard: {b}" for a, b in zip(host, board) if a != b]
    if len(host) != len(board):
        differences.append(f"{len(host)} lines of the host, {len(board)} of the board")
    by_name = {}
    for line in map(fields, host):
        by_name.setdefault(line["name"], []).append(line)
    for vector in vectors:
        differences += wrong(vector, by_name.get(vector["name"], []))
    print("\n".join(differences))
    rsa = sum("rsassa-pss-sha256" in v["algorithms"] for v in vectors)
    print(f"{len(vectors)} vectors ({rsa} with RSA, refused), {len(board)} steps, {len(differences)} differences; {peak}",
          "bytes")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
