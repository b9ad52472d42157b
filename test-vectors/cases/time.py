# SPDX-License-Identifier: Apache-2.0
"""Signed time: who signs it, whose question it answers, and that it never goes back."""
from maker.repository import Padded
from maker.vector import vector
from maker.world import PartialWorld

NONCE = "0123456789abcdef"
FLOOR = "2027-01-01T00:00:00Z"
LATER = "2027-01-01T00:10:00Z"
CLAUSE = "Uptane 2.1.0, 5.4.2.2"


class TimeWorld(PartialWorld):
    """A director's root with a time key, and the answer to one question."""
    procedure = "time"
    served = False

    def canonical_bytes(self):
        return not self.served

    def fill(self):
        super().fill()
        self.options = {"form": "served" if self.served else "canonical",
                        "profile": "gateway" if self.served else "constrained", "floor": FLOOR}
        self.nonce = NONCE
        self.director.set_time_keys([self.director.key("time")])
        self.director.publish_root()
        self.provisioned = {}
        self.sign()

    def attestation(self):
        return {"_type": "time", "nonces": ["00" * 8, self.nonce, "ff" * 8], "time": LATER}

    def sign(self, keys=None, mangle=None, **changes):
        """Answers with signed time; a change to None drops the field."""
        payload = {k: v for k, v in {**self.attestation(), **changes}.items() if v is not None}
        self.envelope(payload, self.director.keys["time"] if keys is None else keys, mangle)

    def envelope(self, payload, keys, mangle=None):
        repo = self.director
        repo.algorithms_used.update(k.algorithm for k in keys)
        data = repo.bytes_of(self.signatures.envelope(payload, keys, repo.dialect))
        self.answer = mangle(data) if mangle else data

    def told(self, time=LATER):
        self.exchange({"verdict": "accepted", "code": "ok", "time": time})

    def refused(self, code):
        self.exchange({"verdict": "refused", "code": code, "repository": "director", "role": "time", "file": "time"})

    def exchange(self, expect):
        root = self.director.files[self.director.paths["root"]]
        self.steps.append({"root": root, "nonce": self.nonce, "answer": self.answer, "expect": expect})


class ServedTimeWorld(TimeWorld):
    """The same as a gateway gets it."""
    served = True


def asked(name, about, *, attack="", dialects=("tuf", "legacy"), worlds=(TimeWorld, ServedTimeWorld), **options):
    def register(play):
        for world in worlds:
            for dialect in dialects:
                form = "served" if world.served else "canonical"
                vector(f"time/{form}-{dialect}-{name}", about, attack=attack, clause=CLAUSE, world=world,
                       dialect=dialect, **options)(play)
        return play
    return register


@asked("good", "The answer carries the nonce and is signed by the time key.")
def _(w):
    w.told()


for algorithm in ("ecdsa-sha2-nistp256", "rsassa-pss-sha256"):
    @asked(f"good-{algorithm}", "The time key is of another algorithm.", algorithm=algorithm, independent=True,
           worlds=(ServedTimeWorld,) if algorithm.startswith("rsa") else (TimeWorld, ServedTimeWorld))
    def _(w):
        w.told()


@asked("other-nonces", "The answer is to another question.", attack="indefinite freeze")
def _(w):
    w.sign(nonces=["00" * 8, NONCE.upper(), NONCE[:-1]])
    w.refused("time_nonce")


@asked("no-nonces", "The answer is to no question.", attack="indefinite freeze")
def _(w):
    w.sign(nonces=[])
    w.refused("time_nonce")


@asked("replayed", "The answer to the last question is given again.", attack="indefinite freeze")
def _(w):
    w.told()
    w.nonce = "fedcba9876543210"
    w.refused("time_nonce")


@asked("at-the-floor", "The time is exactly what is known already.")
def _(w):
    w.sign(time=FLOOR)
    w.told(FLOOR)


@asked("below-the-floor", "The time is one second before what is known already.", attack="rollback")
def _(w):
    w.sign(time="2026-12-31T23:59:59Z")
    w.refused("rollback_time")


@asked("below-the-last-answer", "The time is before the last answer, which moved the floor.", attack="rollback")
def _(w):
    w.told()
    w.sign(time="2027-01-01T00:09:59Z")
    w.refused("rollback_time")


@asked("back-after-rotation", "A new time key makes the floor be forgotten.")
def _(w):
    w.sign(time="2099-01-01T00:00:00Z")
    w.told("2099-01-01T00:00:00Z")
    w.director.root["version"] += 1
    w.director.set_time_keys([w.director.key("second time")])
    w.director.publish_root()
    w.sign()
    w.told()


@asked("not-back-after-another-rotation", "A new root with the same time key forgets nothing.", attack="rollback")
def _(w):
    w.sign(time="2099-01-01T00:00:00Z")
    w.told("2099-01-01T00:00:00Z")
    w.director.next_root(targets=w.director.key("second targets"))
    w.sign()
    w.refused("rollback_time")


@asked("rotated-away", "The time key that a new root retired still signs.", attack="key compromise")
def _(w):
    former = w.director.keys["time"]
    w.director.root["version"] += 1
    w.director.set_time_keys([w.director.key("second time")])
    w.director.publish_root()
    w.sign(keys=former)
    w.refused("signature_threshold")


@asked("by-the-targets-key", "A stolen targets key signs time.", attack="key compromise")
def _(w):
    w.sign(keys=w.director.keys["targets"])
    w.refused("signature_threshold")


@asked("unsigned", "Nobody signed the answer.", attack="key compromise")
def _(w):
    w.sign(keys=[])
    w.refused("signature_threshold")


for count, code in ((2, None), (1, "signature_threshold")):
    @asked(f"threshold-of-two-signed-by-{count}", f"Two of three time keys are needed, and {count} signed.",
           attack="key compromise" if code else "")
    def _(w, count=count, code=code):
        keys = [w.director.key(f"time {n}") for n in "abc"]
        w.director.set_time_keys(keys, 2)
        w.director.publish_root()
        w.sign(keys=keys[:count])
        w.refused(code) if code else w.told()


@asked("no-time-key", "Root names no key for time.")
def _(w):
    del w.director.root["custom"]
    w.director.publish_root()
    w.refused("time_no_key")


@asked("of-another-kind", "A file of another kind, signed by the time key.", attack="mix-and-match")
def _(w):
    w.sign(_type="timestamp")
    w.refused("wrong_role")


for name, changes, code in (("without-time", {"time": None}, "field_missing"),
                            ("time-number", {"time": 1}, "field_type"),
                            ("time-impossible", {"time": "2027-02-29T00:00:00Z"}, "field_value"),
                            ("time-with-fraction", {"time": "2027-01-01T00:10:00.5Z"}, "field_value"),
                            ("leap-second", {"time": "2027-01-01T00:10:60Z"}, "field_value"),
                            ("without-nonces", {"nonces": None}, "field_missing"),
                            ("nonces-text", {"nonces": NONCE}, "field_type"),
                            ("without-type", {"_type": None}, "field_missing")):
    @asked(name, "The answer lacks what it must say, or says it in another form.", attack="malformed")
    def _(w, changes=changes, code=code):
        w.sign(**changes)
        w.refused(code)


for name, mangle, code in (("cut", lambda data: data[:-1], "json_syntax"),
                           ("trailing", lambda data: data + b"x", "json_trailing"),
                           ("not-utf8", lambda data: data.replace(b'"signed"', b'"\xffsigned"'), "json_utf8"),
                           ("fraction", lambda data: b'{"a":0.5,' + data[1:], "json_number")):
    @asked(name, "The answer is not strict JSON.", attack="malformed")
    def _(w, mangle=mangle, code=code):
        w.sign(mangle=mangle)
        w.refused(code)


@asked("indented", "The answer is not in canonical form.", attack="malformed", worlds=(TimeWorld,))
def _(w):
    w.sign(mangle=lambda data: data[:1] + b" " + data[1:])
    w.refused("not_canonical")


@asked("as-long-as-allowed", "The answer is as long as it may be.", worlds=(ServedTimeWorld,))
def _(w):
    w.sign(mangle=lambda data: Padded(data, 64 * 1024))
    w.told()


@asked("too-long", "The answer is a byte longer than it may be.", attack="endless data", worlds=(ServedTimeWorld,))
def _(w):
    w.sign(mangle=lambda data: Padded(data, 64 * 1024 + 1))
    w.refused("limit_file")
