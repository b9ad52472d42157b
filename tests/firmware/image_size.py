# SPDX-License-Identifier: Apache-2.0
"""How much of a linked image is whose, from the linker's map."""
import re

MEMORY = {".text": "code", ".rodata": "code", ".ARM.exidx": "code", ".data": "static", ".bss": "static"}
PIECE = re.compile(r"^ (\.text|\.rodata|\.ARM\.exidx|\.data|\.bss|\*fill\*)\S*"
                   r"\s+0x[0-9a-f]+\s+(0x[0-9a-f]+)(?: (\S+))?$")


def pieces(path):
    """(kind, bytes, object) of everything in the image: kind "code" (constants included) or "static"; the object is
    None for what fills gaps."""
    text = path.read_text().split("Linker script and memory map", 1)[1]
    text = re.sub(r"^( \.\S+)\n\s+", r"\1 ", text, flags=re.MULTILINE)  # long names have a line of their own
    kind = None
    for line in text.splitlines():
        match = PIECE.match(line)
        if match:
            section, size, source = match.groups()
            kind = MEMORY.get(section, kind)  # a gap is of the kind of what it follows
            if int(size, 16) > 0:
                yield kind, int(size, 16), source
