# SPDX-License-Identifier: Apache-2.0
"""Several roles that must agree on an image (TAP 3)."""
from maker.search import FORMAT, IMAGE, search, together, version_of


def multi(name, about, *, attack="", clause="Uptane 2.1.0, 5.4.4.8", **how):
    return search(f"multi-role-{name}", about, attack=attack, clause=clause, **how)


@multi("all-agree", "All three roles say the same.")
def _(w, repo):
    together(repo, "abc", 3)
    for role in "abc":
        repo.add(IMAGE, role, hardwareIds=["x"], releaseCounter=1)
    w.publish()
    w.accepted()


@multi("enough-agree", "Two of three roles say the same, and two must.")
def _(w, repo):
    together(repo, "abc", 2)
    repo.add(IMAGE, "a", version_of(IMAGE, 9))
    repo.add(IMAGE, "b")
    repo.add(IMAGE, "c")
    w.signed_in = {IMAGE: "b"}
    w.publish()
    w.accepted()


@multi("one-too-few-agree", "Two of three roles say the same, and three must.", attack="key compromise")
def _(w, repo):
    together(repo, "abc", 3)
    repo.add(IMAGE, "a", version_of(IMAGE, 9))
    repo.add(IMAGE, "b")
    repo.add(IMAGE, "c")
    w.publish()
    w.not_found()


@multi("one-is-silent", "One of two roles does not list the image, and two must agree.", attack="key compromise")
def _(w, repo):
    together(repo, "ab", 2)
    repo.add(IMAGE, "a")
    w.publish()
    w.not_found()


@multi("conflict", "Two pairs of roles agree on different images: the pair with the first role wins.")
def _(w, repo):
    together(repo, "abcd", 2)
    for role, number in zip("abcd", (1, 2, 2, 1)):
        repo.add(IMAGE, role, version_of(IMAGE, number))
    w.signed_in = {IMAGE: "a"}
    w.publish()
    w.accepted()


@multi("conflict-without-the-first", "The first role is alone; of two pairs, the one with the second role wins.")
def _(w, repo):
    together(repo, "abcde", 2)
    for role, number in zip("abcde", (1, 2, 3, 3, 2)):
        repo.add(IMAGE, role, version_of(IMAGE, number))
    w.signed_in = {IMAGE: "b"}
    w.publish()
    w.accepted()


@multi("counters-differ", "Two roles agree on the bytes but not on the release counter.", attack="key compromise")
def _(w, repo):
    together(repo, "ab", 2)
    for role, counter in zip("ab", (1, 2)):
        repo.add(IMAGE, role, releaseCounter=counter)
    w.publish()
    w.not_found()


def lists_sha512(repo, role, digit):
    """Has the role list a second digest, of one digit only."""
    repo.payload(role)["targets"][IMAGE]["hashes"]["sha512"] = digit * 128


@multi("digests-contradict", "All three roles must agree. Two contradict each other in a digest that the first does "
       "not list.", attack="key compromise")
def _(w, repo):
    together(repo, "abc", 3)
    for role in "abc":
        repo.add(IMAGE, role)
    lists_sha512(repo, "b", "1")
    lists_sha512(repo, "c", "2")
    w.publish()
    w.not_found()


@multi("digests-of-two-only", "All three roles must agree. Two list a digest that the first does not, and the same one.")
def _(w, repo):
    together(repo, "abc", 3)
    for role in "abc":
        repo.add(IMAGE, role)
    lists_sha512(repo, "b", "1")
    lists_sha512(repo, "c", "1")
    w.publish()
    w.accepted()


@multi("digests-contradict-beside", "Two of four roles contradict each other in a digest; three must agree, and do "
       "without the one or the other.")
def _(w, repo):
    together(repo, "abcd", 3)
    for role in "abcd":
        repo.add(IMAGE, role)
    lists_sha512(repo, "b", "1")
    lists_sha512(repo, "c", "2")
    w.publish()
    w.accepted()


@multi("encryption-differs", "Two roles agree on the bytes, but only one says that they are encrypted.",
       attack="key compromise")
def _(w, repo):
    together(repo, "ab", 2)
    repo.add(IMAGE, "a")
    repo.add(IMAGE, "b", encrypted=True)
    w.publish()
    w.not_found()


@multi("hardware-differs", "Two roles agree on the bytes but not on the hardware.", attack="key compromise")
def _(w, repo):
    together(repo, "ab", 2)
    for role, hardware_ids in zip("ab", (["x"], ["x", "y"])):
        repo.add(IMAGE, role, hardwareIds=hardware_ids)
    w.publish()
    w.not_found()


@multi("other-custom-fields-differ", "Two roles agree on all that must match, and differ in a note.")
def _(w, repo):
    together(repo, "ab", 2)
    for role in "ab":
        repo.add(IMAGE, role, releaseCounter=1, note=role)
    w.signed_in = {IMAGE: "a"}
    w.publish()
    w.accepted()


@multi("hardware-listed-twice", "The first role lists one kind of hardware twice, the second that one and another.",
       attack="key compromise")
def _(w, repo):
    together(repo, "ab", 2)
    for role, hardware_ids in zip("ab", (["x", "x"], ["x", "y"])):
        repo.add(IMAGE, role, hardwareIds=hardware_ids)
    w.publish()
    w.not_found()


@multi("hardware-in-another-order", "Two roles list the same hardware in different orders.")
def _(w, repo):
    together(repo, "ab", 2)
    for role, hardware_ids in zip("ab", (["x", "y"], ["y", "x"])):
        repo.add(IMAGE, role, hardwareIds=hardware_ids)
    w.signed_in = {IMAGE: "a"}
    w.publish()
    w.accepted()


for name, about, values, agree in (
        ("differs", "Two roles agree on the bytes but not on a custom field that must match.",
         ({"region": "eu"}, {"region": "us"}), False),
        ("in-one-only", "Only one of two roles has a custom field that must match.", ({"region": "eu"}, None), False),
        ("in-another-order", "Two roles agree on a custom field that must match, and write it in different orders.",
         ({"a": 1, "b": 2}, {"b": 2, "a": 1}), True)):
    @multi(f"must-match-{name}", about, attack="" if agree else "key compromise")
    def _(w, repo, values=values, agree=agree):
        together(repo, "ab", 2)
        for role, value in zip("ab", values):
            repo.add(IMAGE, role, hardwareIds=["x"], **({} if value is None else {"mustMatch": value}))
        w.signed_in = {IMAGE: "a"}
        w.publish()
        if agree:
            w.accepted()
        else:
            w.not_found()


def one_useless(name, about, spoil, useless="a"):
    """Something about one role ends the search of that role; the other two agree, which is enough."""
    @multi(f"one-{name}", about)
    def _(w, repo):
        together(repo, "abc", 2)
        for role in "abc":
            if role != useless:
                repo.add(IMAGE, role)
        spoil(repo)
        w.signed_in = {IMAGE: "b"}
        w.publish()
        w.accepted()


def without_length(repo):
    del repo.add(IMAGE, "a")["length"]


def chain_below(repo):
    """More roles below the first one than a search goes deep."""
    key = [repo.key("chain")]
    for i in range(16):
        repo.delegate(f"role {i}", ["*"], by=f"role {i - 1}" if i else "a", keys=key)


def nested(repo):
    """More multi-role delegations inside each other than a search goes into, by the first role's delegating to itself
    along with another."""
    keys = repo.keys["a"]
    repo.delegations("a", keys)["roles"].append(
        {"paths": ["*"], "min_roles_in_agreement": 1, "terminating": False,
         "roles": [{"name": "a", **repo.role_keys(keys)}]})


one_useless("not-in-the-snapshot", "The snapshot does not name one role; the other two agree, which is enough.",
            lambda repo: repo.reference.update(a=lambda reference: {}))
one_useless("with-a-malformed-entry", "One role's entry has no length; the other two agree, which is enough.",
            without_length)
one_useless("too-deep", "One role delegates deeper than a search goes; the other two agree, which is enough.",
            chain_below)
one_useless("within-itself", "One role delegates to itself and others; the other two agree, which is enough.", nested)


@multi("one-role-twice", "One role stands twice among those that must agree.", attack="key-threshold misuse",
       clause=FORMAT)
def _(w, repo):
    together(repo, "aa", 2)
    repo.add(IMAGE, "a")
    w.publish()
    w.refused("field_value", "image", "targets", clause=FORMAT)


@multi("one-unusable", "One role's file is forged; the other two agree, which is enough.")
def _(w, repo):
    together(repo, "abc", 2)
    for role in "abc":
        repo.add(IMAGE, role)
    repo.signers["a"] = [repo.key("stranger")]
    w.signed_in = {IMAGE: "b"}
    w.publish()
    w.accepted()


@multi("one-unusable-too-many", "One of two roles' files is withheld, and two must agree.", attack="partial bundle")
def _(w, repo):
    together(repo, "ab", 2)
    for role in "ab":
        repo.add(IMAGE, role)
    repo.replace["a"] = lambda data: None
    w.publish()
    w.not_found()


@multi("goes-on", "The roles do not agree, and the delegation does not terminate: the next one is asked.")
def _(w, repo):
    together(repo, "ab", 2)
    repo.add(IMAGE, "a")
    repo.delegate("z", ["*"])
    repo.add(IMAGE, "z", version_of(IMAGE, 3))
    w.signed_in = {IMAGE: "z"}
    w.publish()
    w.accepted()


@multi("terminating", "The roles do not agree, and the delegation terminates.", attack="arbitrary installation")
def _(w, repo):
    together(repo, "ab", 2, terminating=True)
    repo.add(IMAGE, "a")
    repo.delegate("z", ["*"])
    repo.add(IMAGE, "z")
    w.publish()
    w.not_found()


@multi("through-children", "One of the roles that agree delegates further to its child.")
def _(w, repo):
    together(repo, "ab", 2)
    repo.delegate("a-child", ["*"], by="a")
    repo.add(IMAGE, "a-child")
    repo.add(IMAGE, "b")
    w.publish()
    w.accepted()


for name, about, code, change in (
        ("agreement-zero", "No role would have to agree.", "threshold_invalid",
         lambda d: d.update(min_roles_in_agreement=0)),
        ("agreement-above-roles", "More roles must agree than there are.", "threshold_invalid",
         lambda d: d.update(min_roles_in_agreement=3)),
        ("without-agreement", "Nobody says how many must agree.", "field_missing",
         lambda d: d.pop("min_roles_in_agreement")),
        ("roles-object", "The roles that must agree are an object.", "field_type", lambda d: d.update(roles={}))):
    @multi(name, about, attack="malformed", clause=FORMAT)
    def _(w, repo, code=code, change=change):
        change(together(repo, "ab", 2))
        w.publish()
        w.refused(code, "image", "targets", clause=FORMAT)


@multi("8-roles", "As many roles as may have to agree.")
def _(w, repo):
    together(repo, "abcdefgh", 8)
    for role in "abcdefgh":
        repo.add(IMAGE, role)
    w.publish()
    w.accepted()


@multi("9-roles", "One role more than may have to agree.", attack="limit", clause=FORMAT)
def _(w, repo):
    together(repo, "abcdefghi", 9)
    w.publish()
    w.refused("limit_delegations", "image", "targets", clause=FORMAT)
