# SPDX-License-Identifier: Apache-2.0
"""Version reports: an ECU's own word on what it runs, as the director must check it."""
from maker.canonical import canonical
from maker.repository import digest, image
from maker.vector import vector
from maker.world import BRAKE, PartialWorld

CLAUSE = "Uptane 2.1.0, 5.3.2.1"


class ReportWorld(PartialWorld):
    """One ECU with its key, and a report."""
    procedure = "report"

    def fill(self):
        super().fill()
        self.key = self.director.key("ecu")
        self.options = {"form": "served", "profile": "gateway", "key": self.key.object(self.director.dialect)}
        self.provisioned = {}
        self.ecus = [dict(BRAKE)]
        self.sign()

    def report(self):
        fileinfo = {"hashes": {"sha256": digest(image("brake-1.0.bin"))}, "length": len(image("brake-1.0.bin"))}
        return {"attacks_detected": "", "ecu_serial": BRAKE["serial"],
                "installed_image": {"fileinfo": fileinfo, "filepath": "brake-1.0.bin"},
                "previous_timeserver_time": "2026-12-31T00:00:00Z", "report_counter": "5",
                "timeserver_time": "2027-01-01T00:00:00Z"}

    def sign(self, key=None, tamper=None, **changes):
        """Signs a report; a change to None drops the field."""
        key = key or self.key
        repo = self.director
        repo.algorithms_used.add(key.algorithm)
        payload = {k: v for k, v in {**self.report(), **changes}.items() if v is not None}
        envelope = self.signatures.envelope(payload, [key], repo.dialect)
        if tamper:
            envelope["signed"] = {**payload, **tamper}
        self.sent = canonical(envelope, repo.dialect)

    def taken(self, counter, fresh=True):
        self.exchange({"verdict": "accepted", "code": "ok", "counter": counter, "fresh": fresh})

    def refused(self, code):
        self.exchange({"verdict": "refused", "code": code})

    def exchange(self, expect):
        step = {"report": self.sent, "expect": expect}
        if self.ecus_differ():
            step["ecus"] = [dict(ecu) for ecu in self.ecus]
        self.steps.append(step)


def reported(name, about, *, attack="", **options):
    def register(play):
        for dialect in ("tuf", "legacy"):
            vector(f"report/{dialect}-{name}", about, attack=attack, clause=CLAUSE, world=ReportWorld,
                   dialect=dialect, **options)(play)
        return play
    return register


for algorithm in ("ed25519", "ecdsa-sha2-nistp256"):
    @reported(f"good-{algorithm}", "A report that the ECU's key signed.", algorithm=algorithm, independent=True)
    def _(w):
        w.taken(5)


@reported("next", "A second report with the next counter.")
def _(w):
    w.taken(5)
    w.sign(report_counter="6", attacks_detected="rollback_version")
    w.taken(6)


@reported("replayed", "The same report again: its counter was used.", attack="replayed version reports")
def _(w):
    w.taken(5)
    w.taken(5, fresh=False)


@reported("older", "An old report again, after a newer one.", attack="replayed version reports")
def _(w):
    w.sign(report_counter="7")
    w.taken(7)
    w.sign(report_counter="6")
    w.taken(6, fresh=False)


@reported("by-another-ecu", "Another ECU signs a report in this one's name.", attack="lying secondary")
def _(w):
    w.sign(key=w.director.key("other ecu"))
    w.refused("signature_threshold")


@reported("about-another-ecu", "The ECU signs a report in another one's name.", attack="lying secondary")
def _(w):
    w.sign(ecu_serial="door-1")
    w.refused("unknown_ecu")


@reported("changed-by-the-primary", "The primary changes what the ECU says that it runs.", attack="lying primary")
def _(w):
    w.sign(tamper={"report_counter": "9"})
    w.refused("signature_threshold")


for name, changes, code in (
        ("without-serial", {"ecu_serial": None}, "field_missing"), ("serial-number", {"ecu_serial": 1}, "field_type"),
        ("without-image", {"installed_image": None}, "field_missing"),
        ("image-text", {"installed_image": "x"}, "field_type"),
        ("counter-with-leading-zero", {"report_counter": "05"}, "field_value"),
        ("counter-negative", {"report_counter": -5}, "field_value"),
        ("time-impossible", {"timeserver_time": "2027-13-01T00:00:00Z"}, "field_value")):
    @reported(name, "The report lacks what it must say, or says it in another form.", attack="malformed")
    def _(w, changes=changes, code=code):
        w.sign(**changes)
        w.refused(code)
