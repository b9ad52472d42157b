# SPDX-License-Identifier: Apache-2.0
"""What commands cost, by measure.c, and medians of it."""
import os
import statistics
import subprocess

from lampyr_lab import LabError

HERE = os.path.dirname(os.path.abspath(__file__))


class Cost:
    def __init__(self, cpu_ms, rss_mb=None, connections=None, requests=None):
        self.cpu_ms = cpu_ms
        self.rss_mb = rss_mb
        self.connections = connections
        self.requests = requests


class Measure:
    """Runs commands under measure.c."""

    def __init__(self, lab):
        self.program = lab.path("measure")
        subprocess.run(["cc", "-O2", "-o", self.program, os.path.join(HERE, "measure.c")], check=True)

    def run(self, command):
        """Runs a command that must succeed; CPU time and peak RSS of it alone."""
        reading, writing = os.pipe()
        with os.fdopen(reading) as figures:
            done = subprocess.run([self.program, str(writing), *command], pass_fds=[writing], capture_output=True,
                                  text=True, check=False)
            os.close(writing)
            if done.returncode != 0:
                raise LabError(f"{' '.join(command)}: exit status {done.returncode}: {done.stderr}")
            microseconds, kibibytes = figures.read().split()
        return Cost(int(microseconds) / 1000, int(kibibytes) / 1024)


def median(costs):
    """The median of each figure."""
    return Cost(*[statistics.median(values) if None not in values else None
                  for values in zip(*[vars(cost).values() for cost in costs])])
