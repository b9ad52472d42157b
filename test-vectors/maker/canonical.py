# SPDX-License-Identifier: Apache-2.0
"""Canonical forms, by implementations that share nothing with Lampyr's."""
import json

from securesystemslib.formats import encode_canonical


def canonical(value, dialect):
    if dialect == "tuf":
        return encode_canonical(value).encode()
    return compact(value)


def compact(value):
    """JSON without white space and with sorted keys: the canonical form of the legacy dialect."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def indented(value):
    """JSON as people like to read it: indented, keys as they come."""
    return json.dumps(value, indent=1, ensure_ascii=False).encode()
