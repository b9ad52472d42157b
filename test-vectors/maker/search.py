# SPDX-License-Identifier: Apache-2.0
"""What the cases about delegations share."""
from .vector import vector
from .world import TufWorld

SEARCH = "Uptane 2.1.0, 5.4.4.7"
FORMAT = "Uptane 2.1.0, 5.2.3.2"
IMAGE = "fw.bin"


def search(name, about, *, attack="", clause=SEARCH, dialects=("tuf", "legacy"), **options):
    """Registers a repository whose top-level targets do not list the image that is looked up."""
    def register(play):
        for dialect in dialects:
            def run(w):
                w.lookup = [IMAGE]
                play(w, w.image)
            vector(f"delegations/{dialect}-{name}", about, attack=attack, clause=clause, world=TufWorld,
                   dialect=dialect, **options)(run)
        return play
    return register


def version_of(name, number):
    """Another image under the same name."""
    return f"{name} as {number} has it. {'.' * number}\n".encode()


def together(repo, names, agreement, terminating=False, paths=("*",)):
    """One delegation to several roles."""
    keys = {name: [repo.key(name)] for name in names}
    entry = {"paths": list(paths), "min_roles_in_agreement": agreement, "terminating": terminating,
             "roles": [{"name": name, **repo.role_keys(keys[name])} for name in names]}
    for name in names:
        repo.new_role(name, keys[name])
    repo.delegations("targets", [k for each in keys.values() for k in each])["roles"].append(entry)
    return entry
