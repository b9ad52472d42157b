# SPDX-License-Identifier: Apache-2.0
"""The host's side of serial recovery (docs/BOARD.md, "Recovery"), for tests."""
import binascii
import os
import selectors
import struct

END, ESC, ESC_END, ESC_ESC = 0xC0, 0xDB, 0xDC, 0xDD
HELLO, BEGIN, DATA, FINISH = 1, 2, 3, 4
ANSWER = 0x80
ROOT, TARGETS, IMAGE = 1, 2, 3
DATA_BYTES = 256


class Line:
    """Frames over the console of a running board."""

    def __init__(self, process):
        self.process = process
        self.sequence = 0
        self.waiting = selectors.DefaultSelector()
        self.waiting.register(process.stdout, selectors.EVENT_READ)

    def _byte(self):
        assert self.waiting.select(60), "the board does not answer"
        byte = os.read(self.process.stdout.fileno(), 1)
        assert byte, "the board has ended"
        return byte[0]

    def read_line(self):
        """The next line of text on the console."""
        line = bytearray()
        while not line.endswith(b"\n"):
            line.append(self._byte())
        return line.decode().strip()

    def _frame(self):
        while self._byte() != END:
            pass
        frame = bytearray()
        while (byte := self._byte()) != END:
            if byte == ESC:
                byte = {ESC_END: END, ESC_ESC: ESC}[self._byte()]
            frame.append(byte)
        assert int.from_bytes(frame[-4:], "little") == binascii.crc32(frame[:-4])
        return bytes(frame[:-4])

    def send_raw(self, content):
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def request(self, kind, body=b""):
        """Code and rest of the answer."""
        self.sequence = (self.sequence + 1) % 256
        frame = bytes([kind, self.sequence]) + body
        frame += binascii.crc32(frame).to_bytes(4, "little")
        escaped = frame.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
        self.send_raw(b"\xc0" + escaped + b"\xc0")
        answer = self._frame()
        assert answer[:2] == bytes([kind | ANSWER, self.sequence]), answer
        return int.from_bytes(answer[2:4], "little"), answer[4:]

    def upload(self, kind, content, index=0):
        """The code that ended it."""
        code, _ = self.request(BEGIN, struct.pack("<BBHI", kind, index, 0, len(content)))
        for at in range(0, len(content), DATA_BYTES):
            if code != 0:
                break
            code, _ = self.request(DATA, struct.pack("<I", at) + content[at:at + DATA_BYTES])
        return code

    def finish(self, root_version):
        return self.request(FINISH, struct.pack("<Q", root_version))[0]
