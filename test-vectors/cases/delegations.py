# SPDX-License-Identifier: Apache-2.0
"""The search for an image through delegations: its order, what makes it end, and its limits."""
from maker.search import FORMAT, IMAGE, search, version_of


# --- order ---

@search("found-in-a-delegated-role", "A delegated role lists the image.")
def _(w, repo):
    repo.delegate("a", ["*"])
    repo.add(IMAGE, "a")
    w.publish()
    w.accepted()


@search("nobody-has-it", "No role lists the image.", attack="arbitrary installation")
def _(w, repo):
    repo.delegate("a", ["*"])
    w.publish()
    w.not_found()


@search("top-level-first", "Top-level targets come before every delegated role.")
def _(w, repo):
    repo.delegate("a", ["*"])
    repo.add(IMAGE, "a", version_of(IMAGE, 1))
    repo.add(IMAGE)
    w.signed_in = {IMAGE: "targets"}
    w.publish()
    w.accepted()


@search("first-delegation-wins", "Two roles list the image; the one that is listed first counts.")
def _(w, repo):
    repo.delegate("b", ["*"])
    repo.delegate("a", ["*"])
    repo.add(IMAGE, "a", version_of(IMAGE, 1))
    repo.add(IMAGE, "b", version_of(IMAGE, 2))
    w.signed_in = {IMAGE: "b"}
    w.publish()
    w.accepted()


@search("depth-before-breadth", "What the first role delegates to comes before the second role.")
def _(w, repo):
    repo.delegate("a", ["*"])
    repo.delegate("z", ["*"])
    repo.delegate("a-child", ["*"], by="a")
    repo.add(IMAGE, "a-child", version_of(IMAGE, 1))
    repo.add(IMAGE, "z", version_of(IMAGE, 2))
    w.signed_in = {IMAGE: "a-child"}
    w.publish()
    w.accepted()


@search("back-to-the-second", "The first role and its children do not list the image; the second does.")
def _(w, repo):
    repo.delegate("a", ["*"])
    repo.delegate("a-child", ["*"], by="a")
    repo.delegate("z", ["*"])
    repo.add(IMAGE, "z")
    w.publish()
    w.accepted()


@search("listed-but-not-delegated", "A role lists an image that it was not trusted with.",
        attack="arbitrary installation")
def _(w, repo):
    repo.delegate("a", ["other/*"])
    repo.add(IMAGE, "a")
    w.publish()
    w.not_found()


@search("delegated-twice-but-once-too-narrow", "A child may list only what its parent may, too.",
        attack="arbitrary installation")
def _(w, repo):
    repo.delegate("a", ["other/*"])
    repo.delegate("a-child", ["*"], by="a")
    repo.add(IMAGE, "a-child")
    w.publish()
    w.not_found()


# --- terminating ---

@search("terminating", "A terminating role does not list the image: nothing after it is asked.",
        attack="arbitrary installation")
def _(w, repo):
    repo.delegate("a", ["*"], terminating=True)
    repo.delegate("z", ["*"])
    repo.add(IMAGE, "z")
    w.publish()
    w.not_found()


@search("terminating-elsewhere", "A terminating delegation for other paths ends nothing.")
def _(w, repo):
    repo.delegate("a", ["other/*"], terminating=True)
    repo.delegate("z", ["*"])
    repo.add(IMAGE, "z")
    w.publish()
    w.accepted()


@search("terminating-delegates-on", "A terminating role's own delegations are followed.")
def _(w, repo):
    repo.delegate("a", ["*"], terminating=True)
    repo.delegate("a-child", ["*"], by="a")
    repo.add(IMAGE, "a-child")
    w.publish()
    w.accepted()


@search("terminating-below", "A terminating role below ends the search above as well.", attack="arbitrary installation")
def _(w, repo):
    repo.delegate("a", ["*"])
    repo.delegate("a-child", ["*"], by="a", terminating=True)
    repo.delegate("z", ["*"])
    repo.add(IMAGE, "z")
    w.publish()
    w.not_found()


def visited_before(repo, terminating):
    """The second delegation is to a role that the search has come by already."""
    repo.delegate("a", ["*"])
    repo.delegate("b", ["*"], by="a")
    repo.delegate("b", ["*"], keys=repo.keys["b"], terminating=terminating)
    repo.delegate("z", ["*"])
    repo.add(IMAGE, "z")


@search("terminating-visited-before", "A terminating delegation applies, to a role that was asked before: nothing "
        "after it is asked.", attack="arbitrary installation")
def _(w, repo):
    visited_before(repo, True)
    w.publish()
    w.not_found()


@search("visited-before", "A delegation that does not terminate applies, to a role that was asked before: the next one "
        "is asked.")
def _(w, repo):
    visited_before(repo, False)
    w.publish()
    w.accepted()


# --- cycles and shared roles ---

@search("cycle", "Two roles delegate to each other.", attack="endless data")
def _(w, repo):
    repo.delegate("a", ["*"])
    repo.delegate("b", ["*"], by="a")
    repo.delegate("a", ["*"], by="b", keys=repo.keys["a"])
    w.publish()
    w.not_found()


@search("to-itself", "A role delegates to itself.", attack="endless data")
def _(w, repo):
    repo.delegate("a", ["*"])
    repo.delegate("a", ["*"], by="a", keys=repo.keys["a"])
    repo.delegate("z", ["*"])
    repo.add(IMAGE, "z")
    w.publish()
    w.accepted()


@search("shared-child", "Two roles delegate to one child under the same key; it is asked once.")
def _(w, repo):
    repo.delegate("a", ["*"])
    repo.delegate("b", ["*"])
    repo.delegate("child", ["*"], by="a")
    repo.delegate("child", ["*"], by="b", keys=repo.keys["child"])
    repo.delegate("z", ["*"])
    repo.add(IMAGE, "z")
    w.publish()
    w.accepted()


@search("shared-child-under-other-keys", "Two roles delegate to one child under different keys: each search goes by "
        "the keys of its own delegator, also where a copy is stored.", attack="arbitrary installation")
def _(w, repo):
    repo.delegate("a", ["a/*"])
    repo.delegate("b", ["b/*"])
    repo.delegate("child", ["*/*"], by="a")
    repo.delegate("child", ["*/*"], by="b", keys=[repo.key("other child")])
    repo.add("a/fw.bin", "child")
    repo.add("b/fw.bin", "child")
    w.publish()
    w.lookup = ["a/fw.bin", "b/fw.bin"]
    w.refused("signature_threshold", "image", "child", image="b/fw.bin")


# --- a role that cannot be trusted ---

def broken(name, about, code, breaking, attack):
    @search(f"unusable-{name}", about, attack=attack, clause="")
    def _(w, repo):
        repo.delegate("a", ["*"])
        repo.delegate("z", ["*"])
        repo.add(IMAGE, "z")
        breaking(repo)
        w.publish()
        w.refused(code, "image", "a", image=IMAGE)


broken("withheld", "The first role's file is withheld: the second is not asked instead.", "missing_file",
       lambda repo: repo.replace.update(a=lambda data: None), "partial bundle")
broken("forged", "The first role's file is forged: the second is not asked instead.", "signature_threshold",
       lambda repo: repo.signers.update(a=[repo.key("stranger")]), "arbitrary installation")
broken("expired", "The first role has expired: the second is not asked instead.", "expired",
       lambda repo: repo.delegated["a"].update(expires="2027-01-01T00:00:00Z"), "indefinite freeze")


@search("not-in-the-snapshot", "The snapshot does not name the role.", attack="mix-and-match", clause="")
def _(w, repo):
    repo.delegate("a", ["*"])
    repo.add(IMAGE, "a")
    repo.reference["a"] = lambda reference: {}
    w.publish()
    w.refused("role_not_listed", "image", "a", image=IMAGE, file="a.json")


@search("second-not-in-the-snapshot", "The snapshot names the first role that is asked, but not the second.",
        attack="mix-and-match", clause="")
def _(w, repo):
    repo.delegate("a", ["*"])
    repo.delegate("b", ["*"])
    repo.add(IMAGE, "b")
    repo.reference["b"] = lambda reference: {}
    w.publish()
    w.refused("role_not_listed", "image", "b", image=IMAGE, file="b.json")


@search("unused-role-not-in-the-snapshot", "A role that is not asked need not be in the snapshot.")
def _(w, repo):
    repo.delegate("a", ["other/*"])
    repo.delegate("b", ["*"])
    repo.add(IMAGE, "b")
    repo.reference["a"] = lambda reference: {}
    w.publish()
    w.accepted()


for count, code in ((2, None), (1, "signature_threshold")):
    @search(f"threshold-of-two-signed-by-{count}", f"Two of three keys must sign the role, and {count} did.",
            attack="key compromise" if code else "", clause="Uptane 2.1.0, 5.4.4.6 step 3.2")
    def _(w, repo, count=count, code=code):
        keys = [repo.key(f"a {i}") for i in range(3)]
        repo.delegate("a", ["*"], keys=keys, threshold=2)
        repo.signers["a"] = keys[:count]
        repo.add(IMAGE, "a")
        w.publish()
        if code:
            w.refused(code, "image", "a", image=IMAGE)
        else:
            w.accepted()


@search("threshold-above-keys", "Two keys must sign the role, and it has one.", attack="key-threshold misuse",
        clause="Uptane 2.1.0, 5.4.4.6 step 3.2")
def _(w, repo):
    repo.delegate("a", ["*"], threshold=2)
    repo.add(IMAGE, "a")
    w.publish()
    w.refused("threshold_invalid", "image", "a", image=IMAGE)


@search("key-of-the-delegator", "A role is signed by the key of its delegator, not its own.",
        attack="arbitrary installation")
def _(w, repo):
    repo.delegate("a", ["*"])
    repo.signers["a"] = repo.keys["targets"]
    repo.add(IMAGE, "a")
    w.publish()
    w.refused("signature_threshold", "image", "a", image=IMAGE)


@search("key-rotated-by-the-delegator", "The delegator names a new key; the stored copy, signed by the old one, does "
        "not count.", clause="Uptane 2.1.0, 5.4.4.6 step 3.2")
def _(w, repo):
    repo.delegate("a", ["*"])
    repo.add(IMAGE, "a")
    w.publish()
    w.accepted()
    w.next()
    repo.delegated["a"]["version"] -= 1
    repo.targets["delegations"]["roles"].clear()
    repo.keys["a"] = [repo.key("second a")]
    repo.delegate("a", ["*"], keys=repo.keys["a"])
    w.publish()
    w.accepted()


# --- limits ---

@search("depth-limit", "As deep as a search goes: 15 roles below top-level targets.")
def _(w, repo):
    chain(repo, 15)
    w.publish()
    w.accepted()


@search("depth-beyond-limit", "One role deeper than a search goes.", attack="limit", clause="")
def _(w, repo):
    chain(repo, 16)
    w.publish()
    w.refused("limit_delegation_depth", "image", "role 15", image=IMAGE)


def chain(repo, length):
    """Each role delegates to the next; the last one lists the image."""
    key = [repo.key("chain")]
    for i in range(length):
        repo.delegate(f"role {i}", ["*"], by=f"role {i - 1}" if i else "targets", keys=key)
    repo.add(IMAGE, f"role {length - 1}")


@search("count-limit", "As many roles as a search visits: 64.", dialects=("tuf",), independent=False)
def _(w, repo):
    row(repo, 64)
    w.publish()
    w.accepted()


@search("count-beyond-limit", "One role more than a search visits.", attack="limit", clause="", dialects=("tuf",),
        independent=False)
def _(w, repo):
    row(repo, 65)
    w.publish()
    w.refused("limit_delegations", "image", "role 64", image=IMAGE)


def row(repo, length):
    """So many roles side by side; the last one lists the image."""
    key = [repo.key("row")]
    for i in range(length):
        repo.delegate(f"role {i}", ["*"], keys=key)
    repo.add(IMAGE, f"role {length - 1}")


# --- format ---

def malformed(name, about, code, change):
    """Breaks the first delegation of top-level targets; then those of a delegated role in the same way."""
    @search(f"format-{name}", about, attack="malformed", clause=FORMAT)
    def _(w, repo):
        repo.delegate("a", ["*"])
        change(repo.targets["delegations"], repo.targets["delegations"]["roles"][0])
        w.publish()
        w.refused(code, "image", "targets", clause=FORMAT)

    @search(f"format-below-{name}", about, attack="malformed", clause=FORMAT, dialects=("tuf",))
    def _(w, repo):
        repo.delegate("a", ["*"])
        repo.delegate("b", ["*"], by="a")
        change(repo.delegated["a"]["delegations"], repo.delegated["a"]["delegations"]["roles"][0])
        w.publish()
        w.refused(code, "image", "a", image=IMAGE, clause=FORMAT)


malformed("without-keys", "The delegations have no keys.", "field_missing", lambda d, r: d.pop("keys"))
malformed("keys-list", "The keys of the delegations are a list.", "field_type", lambda d, r: d.update(keys=[]))
malformed("without-roles", "The delegations have no roles.", "field_missing", lambda d, r: d.pop("roles"))
malformed("roles-object", "The delegated roles are an object.", "field_type", lambda d, r: d.update(roles={}))
malformed("role-text", "A delegation is a string.", "field_type", lambda d, r: d.update(roles=["a"]))
malformed("without-name", "A delegation has no name.", "field_missing", lambda d, r: r.pop("name"))
malformed("name-number", "A delegated role's name is a number.", "field_type", lambda d, r: r.update(name=1))
malformed("without-keyids", "A delegation has no keyids.", "field_missing", lambda d, r: r.pop("keyids"))
malformed("without-threshold", "A delegation has no threshold.", "field_missing", lambda d, r: r.pop("threshold"))
malformed("threshold-zero", "A delegated role needs no signature.", "threshold_invalid",
          lambda d, r: r.update(threshold=0))
malformed("without-terminating", "A delegation does not say if it terminates.", "field_missing",
          lambda d, r: r.pop("terminating"))
malformed("terminating-number", "A delegation terminates 1.", "field_type", lambda d, r: r.update(terminating=1))
malformed("without-paths", "A delegation has neither patterns nor prefixes.", "field_missing",
          lambda d, r: r.pop("paths"))
malformed("paths-and-prefixes", "A delegation has both patterns and prefixes.", "field_value",
          lambda d, r: r.update(path_hash_prefixes=["00"]))
malformed("paths-text", "The patterns of a delegation are a string.", "field_type", lambda d, r: r.update(paths="*"))
malformed("hardware-text", "The hardware that a delegation is for is a string.", "field_type",
          lambda d, r: r.update(hardwareIds="x"))
malformed("hardware-257", "A delegation is for one kind of hardware more than may be listed.", "limit_record",
          lambda d, r: r.update(hardwareIds=["x"] * 257))
malformed("name-512-bytes", "A delegated role's name is longer than names may be.", "limit_string",
          lambda d, r: r.update(name="n" * 512))


@search("format-name-511-bytes", "A delegated role's name is as long as names may be.", clause=FORMAT)
def _(w, repo):
    repo.delegate("n" * 511, ["other/*"])
    repo.add(IMAGE)
    w.publish()
    w.accepted()


@search("format-hardware-256", "A delegation is for as many kinds of hardware as may be listed.", clause=FORMAT)
def _(w, repo):
    repo.delegate("a", ["*"], hardwareIds=["x"] * 256)
    repo.add(IMAGE, "a")
    w.publish()
    w.accepted()
