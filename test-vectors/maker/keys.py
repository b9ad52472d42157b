# SPDX-License-Identifier: Apache-2.0
"""Test keys. Each private key follows from its name alone, so that none has to be kept, and none is secret."""
import functools
import hashlib
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from .canonical import canonical

ALGORITHMS = ("ed25519", "ecdsa-sha2-nistp256", "rsassa-pss-sha256")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

SPELLING = {  # algorithm: keytype in tuf, keytype in legacy, method of signatures in legacy
    "ed25519": ("ed25519", "ED25519", "ed25519"),
    "ecdsa-sha2-nistp256": ("ecdsa", "ECPRIME256V1", "ecdsa-sha2-nistp256"),
    "rsassa-pss-sha256": ("rsa", "RSA", "rsassa-pss"),
}


def stream(name, length):
    """`length` bytes that follow from a name."""
    return hashlib.shake_256(b"lampyr test vector: " + name.encode()).digest(length)


def small_primes(limit):
    sieve = bytearray([1]) * limit
    for n in range(2, limit):
        if sieve[n]:
            yield n
            sieve[n * n::n] = bytes(len(range(n * n, limit, n)))


SMALL_PRIMES = list(small_primes(20000))[1:]
KNOWN_DISTANCES = {}  # by name: looking for primes is what takes longest
USED_DISTANCES = {}


def is_prime(n):
    """Miller and Rabin's test. The numbers come from a hash, so that few bases are enough."""
    d, r = n - 1, 0
    while d % 2 == 0:
        d, r = d // 2, r + 1
    for base in (2, 3, 5):
        powers = [pow(base, d * 2**i, n) for i in range(r)]
        if powers[0] != 1 and n - 1 not in powers:
            return False
    return True


def distance_to_prime(start, span=16384):
    """How far the first prime lies above an odd number."""
    candidates = bytearray([1]) * span  # start, start + 2, start + 4, ...
    for p in SMALL_PRIMES:
        first = -start * pow(2, -1, p) % p
        candidates[first::p] = bytes(len(range(first, span, p)))
    distances = (2 * i for i in range(span) if candidates[i])
    return next(d for d in distances if (start + d) % 65537 != 1 and is_prime(start + d))


def prime(name, bits):
    """The first prime at or after a number that follows from the name and whose two top bits are set."""
    start = int.from_bytes(stream(name, bits // 8 + 1), "big") % (1 << bits)
    start |= 3 << (bits - 2) | 1
    if name not in KNOWN_DISTANCES:
        KNOWN_DISTANCES[name] = distance_to_prime(start)
    USED_DISTANCES[name] = KNOWN_DISTANCES[name]
    return start + KNOWN_DISTANCES[name]


def rsa_key(name, bits):
    p = prime(name + " p", bits - bits // 2)
    q = prime(name + " q", bits // 2)
    d = pow(65537, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    key = numbers.private_key()
    assert key.key_size == bits
    return key


def private_key(name, algorithm, bits):
    if algorithm == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(stream(name, 32))
    if algorithm == "ecdsa-sha2-nistp256":
        return ec.derive_private_key(int.from_bytes(stream(name, 48), "big") % (P256_ORDER - 1) + 1, ec.SECP256R1())
    return rsa_key(name, bits)


class Key:
    """A key pair. Names that begin with "independent" are signed with by python3-cryptography, never by Lampyr."""

    def __init__(self, name, algorithm, bits):
        self.name = name
        self.algorithm = algorithm
        self.independent = name.startswith("independent")
        self.private = private_key(name, algorithm, bits)
        self.alias = None  # a keyid other than the one that the dialect defines

    @property
    def public(self):
        """The text under `keyval.public`."""
        public = self.private.public_key()
        if self.algorithm == "ed25519":
            return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return pem.decode()

    @property
    def pem(self):
        return self.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption())

    def object(self, dialect):
        """The key object of root and of delegations."""
        tuf, legacy, _ = SPELLING[self.algorithm]
        if dialect == "tuf":
            return {"keytype": tuf, "scheme": self.algorithm, "keyval": {"public": self.public}}
        return {"keytype": legacy, "keyval": {"public": self.public}}

    @functools.lru_cache(maxsize=None)
    def keyid(self, dialect):
        if self.alias:
            return self.alias
        named = self.object("tuf") if dialect == "tuf" else json.dumps(self.public)
        text = canonical(named, "tuf") if dialect == "tuf" else named.encode()
        return hashlib.sha256(text).hexdigest()

    def method(self):
        return SPELLING[self.algorithm][2]

    def renamed(self, keyid):
        """The same key under another keyid."""
        twin = object.__new__(Key)
        twin.__dict__.update(self.__dict__, alias=keyid)
        return twin

    def sign(self, message, dialect):
        """Signs with python3-cryptography."""
        if self.algorithm == "ed25519":
            return self.private.sign(message)
        if self.algorithm == "ecdsa-sha2-nistp256":
            return self.private.sign(message, ec.ECDSA(hashes.SHA256()))
        salt = padding.PSS.MAX_LENGTH if dialect == "legacy" else hashes.SHA256.digest_size
        return self.private.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256())

    def verify(self, signature, message):
        """Raises InvalidSignature."""
        public = self.private.public_key()
        if self.algorithm == "ed25519":
            public.verify(signature, message)
        elif self.algorithm == "ecdsa-sha2-nistp256":
            public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        else:
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
            public.verify(signature, message, pss, hashes.SHA256())


@functools.lru_cache(maxsize=None)
def key(name, algorithm="ed25519", bits=2048):
    return Key(name, algorithm, bits)
