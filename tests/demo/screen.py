# SPDX-License-Identifier: Apache-2.0
"""What ./demo shows: headings, facts, progress bars; redrawn in place on a terminal, plain lines elsewhere."""
import os
import sys

BAR_CELLS = 24
CODES = {"bold": "1", "dim": "2", "green": "32", "red": "31", "cyan": "36"}


class Screen:
    def __init__(self, out=sys.stdout):
        self.out = out
        self.terminal = out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.colour = self.terminal and "NO_COLOR" not in os.environ

    def paint(self, style, text):
        return f"\x1b[{CODES[style]}m{text}\x1b[0m" if self.colour else text

    def line(self, text=""):
        print(text, file=self.out, flush=True)

    def heading(self, text):
        self.line()
        self.line(self.paint("bold", text))

    def fact(self, name, text):
        self.line(f"  {name:<9} {text}")

    def verdict(self, holds, text, *details):
        """What had to be so, and whether it is; then the facts behind it."""
        self.line(f"  {self.paint('green', 'ok')}  {text}" if holds else f"  {self.paint('red', 'FAILED')}  {text}")
        for detail in details:
            self.line(self.paint("dim", f"      {detail}"))


class Bars:
    """One progress bar per name. On a terminal the block of bars is redrawn; elsewhere each quarter is a line."""

    def __init__(self, screen, totals):
        self.screen = screen
        self.totals = totals
        self.done = {name: 0 for name in totals}
        self.notes = {name: "" for name in totals}
        self._quarters = {name: 0 for name in totals}
        if screen.terminal:
            self._draw()

    def advance(self, name, done):
        self.done[name] = max(self.done[name], min(done, self.totals[name]))
        if self.screen.terminal:
            self._redraw()
            return
        quarter = 4 * self.done[name] // self.totals[name]
        if quarter > self._quarters[name]:
            self._quarters[name] = quarter
            self.screen.line(f"  {name:<9} {25 * quarter:3} % of {self.totals[name] // 1024} KiB")

    def note(self, name, text):
        self.notes[name] = text
        if self.screen.terminal:
            self._redraw()
        else:
            self.screen.line(f"  {name:<9} {text}")

    def _redraw(self):
        self.screen.out.write(f"\x1b[{len(self.totals)}A")
        self._draw()

    def _draw(self):
        for name, total in self.totals.items():
            cells = BAR_CELLS * self.done[name] // total
            bar = self.screen.paint("cyan", "#" * cells) + "." * (BAR_CELLS - cells)
            self.screen.line(f"\x1b[2K  {name:<9} [{bar}] {100 * self.done[name] // total:3} % of {total // 1024:4} KiB"
                             f"  {self.notes[name]}")
