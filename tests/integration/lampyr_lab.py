# SPDX-License-Identifier: Apache-2.0
"""A laboratory for real Lampyr processes: used by ./demo, by the tests of the main path and by the benchmark.

A Lab owns a temporary folder and every process started in it; leaving it (`with Lab(...) as lab:`) stops the processes
and removes the folder. Servers listen on a port of the kernel's choice and say which. Nothing here sleeps: waiting is
for a line or an event that a process prints, until a deadline that only a fault reaches.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

DEADLINE_SECONDS = 60


class LabError(Exception):
    """Something did not happen that had to: the message says what, and shows what was printed instead."""


class Process:
    """A running program whose output is read line by line while it runs."""

    def __init__(self, name, command, log):
        self.name = name
        self.lines = []
        self._news = threading.Condition()
        self._open = 2
        self._log = open(log, "a", encoding="utf-8")
        # A session of its own: Ctrl-C reaches the lab only, which then stops its processes in order.
        self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      text=True, errors="replace", start_new_session=True)
        self._readers = [threading.Thread(target=self._read, args=(stream,), daemon=True)
                         for stream in (self.popen.stdout, self.popen.stderr)]
        for reader in self._readers:
            reader.start()

    def _read(self, stream):
        for line in stream:
            with self._news:
                self._log.write(line)
                self._log.flush()
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._open -= 1
            self._news.notify_all()

    def mark(self):
        """Where the output stands now, for `since`."""
        with self._news:
            return len(self.lines)

    def follow(self, since=0, seconds=DEADLINE_SECONDS):
        """Yields each line from `since` on as it comes; ends when the process closes its output."""
        deadline = time.monotonic() + seconds
        at = since
        while True:
            with self._news:
                if not self._news.wait_for(lambda: len(self.lines) > at or self._open == 0,
                                           deadline - time.monotonic()):
                    raise LabError(f"{self.name}: nothing more within {seconds} s; {self.tail()}")
                if len(self.lines) == at:
                    return
                line = self.lines[at]
            at += 1
            yield line

    def wait_line(self, pattern, since=0, seconds=DEADLINE_SECONDS):
        """The match of the first line that `pattern` is found in."""
        for line in self.follow(since, seconds):
            match = re.search(pattern, line)
            if match:
                return match
        raise LabError(f"{self.name} ended without a line like '{pattern}'; {self.tail()}")

    def follow_events(self, since=0, seconds=DEADLINE_SECONDS):
        """Yields the JSON objects among the lines (lampyr-primary --progress -)."""
        for line in self.follow(since, seconds):
            if line.startswith("{"):
                yield json.loads(line)

    def wait_event(self, name, since=0, seconds=DEADLINE_SECONDS, **members):
        """The first event of that name whose members have those values."""
        for event in self.follow_events(since, seconds):
            if event["event"] == name and all(event.get(key) == value for key, value in members.items()):
                return event
        raise LabError(f"{self.name} ended without the event '{name}' {members}; {self.tail()}")

    def events(self, since=0):
        """The events so far."""
        with self._news:
            lines = self.lines[since:]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def tail(self):
        lines = [line for line in self.lines if not line.startswith("{")][-8:]
        return "it said:\n    " + "\n    ".join(lines) if lines else "it said nothing"

    @property
    def running(self):
        return self.popen.poll() is None

    def send(self, number):
        self.popen.send_signal(number)

    def wait(self, seconds=DEADLINE_SECONDS):
        """The exit status, once the process ended and all it printed is read."""
        try:
            status = self.popen.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{self.name} does not end; {self.tail()}") from error
        self._close()
        return status

    def stop(self):
        """Asks it to end and returns the exit status; kills what does not listen."""
        if self.running:
            self.popen.terminate()
        try:
            status = self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            status = self.popen.wait()
        self._close()
        return status

    def kill(self):
        """kill -9."""
        self.popen.kill()
        self.popen.wait()
        self._close()

    def _close(self):
        for reader in self._readers:
            reader.join()
        for stream in (self.popen.stdout, self.popen.stderr, self._log):
            stream.close()


class Lab:
    """A temporary folder, and what runs in it."""

    def __init__(self, programs, prefix="lampyr-", keep=False):
        self.programs = programs
        self.keep = keep
        self.folder = tempfile.mkdtemp(prefix=prefix)
        self._processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Stops every process and removes the folder. A second Ctrl-C does not stop it half way."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        for process in reversed(self._processes):
            process.stop()
        self._processes.clear()
        if not self.keep:
            shutil.rmtree(self.folder)
        signal.signal(signal.SIGINT, before)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, content):
        """Writes a file, and the folders it is in; returns its path."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, program, *args, expect=0):
        """Runs a program to its end and returns what it printed."""
        done = subprocess.run([os.path.join(self.programs, program), *args], capture_output=True, text=True,
                              timeout=DEADLINE_SECONDS, check=False)
        if done.returncode != expect:
            raise LabError(f"{program} {' '.join(args)}: exit status {done.returncode}, not {expect}: "
                           f"{done.stderr.strip()}")
        return done.stdout

    def start(self, name, program, *args):
        """Starts a program that goes on running; what it prints is kept in <name>.log, too."""
        process = Process(name, [os.path.join(self.programs, program), *args], self.path(f"{name}.log"))
        self._processes.append(process)
        return process


def leave_on_signals():
    """Makes SIGTERM and SIGHUP leave a `with Lab(...)` as Ctrl-C does."""
    def leave(number, _):
        raise SystemExit(128 + number)
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
