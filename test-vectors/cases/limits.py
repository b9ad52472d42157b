# SPDX-License-Identifier: Apache-2.0
"""Limits and lists, met in full verification on the way to a supplier's image."""
from maker.repository import TOP_LEVEL
from maker.vector import vector
from maker.world import World

DOOR_IMAGE = "supplier/door-1.0.bin"


def limit(name, about, attack="limit", **options):
    return vector(f"full/limits-{name}", about, attack=attack, world=World, **options)


@limit("depth", "A delegated role is nested too deeply.")
def _(w):
    deep = []
    for _ in range(40):
        deep = [deep]
    w.image.delegated["supplier"]["zz"] = deep
    w.publish()
    w.refused("limit_depth", "image", "supplier")


@limit("keys", "A delegation has more keys than a role may have.")
def _(w):
    entry = w.image.targets["delegations"]["roles"][0]
    entry["keyids"] += [f"nobody {i}" for i in range(64)]
    w.publish()
    w.refused("limit_keys", "image", "targets", clause="Uptane 2.1.0, 5.2.3.2")


@limit("signatures", "A delegated role has more signatures than a file may have.")
def _(w):
    w.image.tamper["supplier"] = lambda e: e["signatures"].extend(
        {**e["signatures"][0], "keyid": f"nobody {i}"} for i in range(128))
    w.publish()
    w.refused("limit_signatures", "image", "supplier")


@limit("record", "A signature of a delegated role has too many fields.")
def _(w):
    w.image.tamper["supplier"] = lambda e: e["signatures"][0].update({f"z{i}": i for i in range(100)})
    w.publish()
    w.refused("limit_record", "image", "supplier", clause="Uptane 2.1.0, 5.4.4.6 step 3.2")


@limit("delegations", "More roles would have to be asked than a search visits.")
def _(w):
    key = [w.image.key("row")]
    w.image.targets["delegations"]["roles"].clear()
    for i in range(65):
        w.image.delegate(f"role {i}", ["*/*"], keys=key)
    w.publish()
    w.visited = []
    w.refused("limit_delegations", "image", "role 64", image=DOOR_IMAGE)


@limit("delegation-depth", "Delegations are nested more deeply than a search goes.")
def _(w):
    key = [w.image.key("chain")]
    w.image.targets["delegations"]["roles"].clear()
    for i in range(16):
        w.image.delegate(f"role {i}", ["*/*"], by=f"role {i - 1}" if i else "targets", keys=key)
    w.publish()
    w.visited = []
    w.refused("limit_delegation_depth", "image", "role 15", image=DOOR_IMAGE)


@limit("not-listed", "The snapshot does not name the supplier's role.", attack="mix-and-match")
def _(w):
    w.image.reference["supplier"] = lambda reference: {}
    w.publish()
    w.refused("role_not_listed", "image", "supplier", file="supplier.json")


@limit("no-root", "There is no root of the image repository to start from.", attack="")
def _(w):
    w.provisioned["image"] = None
    w.trusted["image"] = {role: 0 for role in TOP_LEVEL}
    w.refused("no_trusted_root", "image", "root", file="root.json")
