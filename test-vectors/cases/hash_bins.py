# SPDX-License-Identifier: Apache-2.0
"""Succinct hash bins (TAP 15)."""
import hashlib

from maker.search import FORMAT, IMAGE, search

DIGEST = hashlib.sha256(IMAGE.encode()).hexdigest()


def bins(repo, bits, prefix="bin", signer=None):
    """Delegates to bins, and makes the one that the image belongs to."""
    key = repo.key("bins")
    digits = (bits + 3) // 4
    number = int(DIGEST[:8], 16) >> (32 - bits)
    name = f"{prefix}-{number:0{digits}x}"
    repo.targets["delegations"] = {
        "keys": {key.keyid(repo.dialect): key.object(repo.dialect)},
        "succinct_roles": {**repo.role_keys([key]), "bit_length": bits, "name_prefix": prefix}}
    repo.new_role(name, [signer or key])
    return name


for bits in (1, 3, 4, 8, 13, 32):
    @search(f"bins-{bits}-bits", f"The image is in a hash bin of {bits} bits.", clause="TAP 15")
    def _(w, repo, bits=bits):
        repo.add(IMAGE, bins(repo, bits))
        w.publish()
        w.accepted()


@search("bins-other-bin", "The image is listed in a bin that it does not belong to.", clause="TAP 15",
        attack="arbitrary installation")
def _(w, repo):
    name = bins(repo, 4)
    other = f"bin-{int(name[-1], 16) ^ 1:x}"
    repo.new_role(other, repo.keys[name])
    repo.add(IMAGE, other)
    w.publish()
    w.not_found()


@search("bins-visited-before", "A role's bin was asked before, under an ordinary delegation: no other bin can hold the "
        "image, so nothing after it is asked.", clause="TAP 15", attack="arbitrary installation")
def _(w, repo):
    name = bins(repo, 4)
    bin_delegations = repo.targets.pop("delegations")
    repo.delegate(name, ["*"], keys=repo.keys[name])
    repo.delegate("a", ["*"])
    repo.delegated["a"]["delegations"] = bin_delegations
    repo.delegate("z", ["*"])
    repo.add(IMAGE, "z")
    w.publish()
    w.not_found()


@search("bins-forged", "A bin is signed by a stranger.", attack="arbitrary installation", clause="")
def _(w, repo):
    name = bins(repo, 4, signer=repo.key("stranger"))
    repo.add(IMAGE, name)
    w.publish()
    w.refused("signature_threshold", "image", name, image=IMAGE)


@search("bins-not-in-the-snapshot", "The snapshot does not name the bin.", attack="mix-and-match", clause="")
def _(w, repo):
    name = bins(repo, 4)
    repo.reference[name] = lambda reference: {}
    w.publish()
    w.refused("role_not_listed", "image", name, image=IMAGE, file=f"{name}.json")


for name, about, code, change in (
        ("no-bits", "Bins of 0 bits.", "field_value", lambda s: s.update(bit_length=0)),
        ("33-bits", "Bins of 33 bits.", "field_value", lambda s: s.update(bit_length=33)),
        ("without-bits", "Bins of nobody knows how many bits.", "field_missing", lambda s: s.pop("bit_length")),
        ("without-prefix", "Bins without a prefix.", "field_missing", lambda s: s.pop("name_prefix")),
        ("threshold-zero", "Bins that need no signature.", "threshold_invalid", lambda s: s.update(threshold=0))):
    @search(f"bins-{name}", about, attack="malformed", clause=FORMAT)
    def _(w, repo, code=code, change=change):
        bins(repo, 4)
        change(repo.targets["delegations"]["succinct_roles"])
        w.publish()
        w.refused(code, "image", "targets", clause=FORMAT)


@search("bins-and-roles", "Delegations to bins and to roles in one file.", attack="malformed", clause=FORMAT)
def _(w, repo):
    bins(repo, 4)
    repo.targets["delegations"]["roles"] = []
    w.publish()
    w.refused("field_value", "image", "targets", clause=FORMAT)
