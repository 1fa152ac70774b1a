"""A sample parser of Handfast and its codec driver (conformance/DRIVER.md): bodies in the strict MessagePack profile, and the frames PING, CREDIT, DATA,
GAP and those of unknown type. It is here to be fuzzed, and can have one of the bugs of planted.go on purpose (HANDFAST_BUG)."""

import json
import os
import sys

BUG = os.environ.get("HANDFAST_BUG", "")


class Fault(Exception):
    """Input that breaks a rule; its first argument is the code."""


class Short(Exception):
    """The input is good so far, and not whole."""


class Elsewhere(Exception):
    """A frame that is not parsed here."""


TABLE = []
for i in range(256):
    for _ in range(8):
        i = i >> 1 ^ 0x82F63B78 if i & 1 else i >> 1
    TABLE.append(i)


def crc(data):
    c = 0xFFFFFFFF
    for b in data:
        c = TABLE[(c ^ b) & 255] ^ c >> 8
    return c ^ 0xFFFFFFFF


class Body:
    """A body in the strict profile."""

    SIZED = {
        0xC4: (1, 0, "bin"), 0xC5: (2, 0x100, "bin"), 0xC6: (4, 0x10000, "bin"),
        0xD9: (1, 0x20, "str"), 0xDA: (2, 0x100, "str"), 0xDB: (4, 0x10000, "str"),
        0xDC: (2, 0x10, "array"), 0xDD: (4, 0x10000, "array"), 0xDE: (2, 0x10, "map"), 0xDF: (4, 0x10000, "map"),
    }
    POSITIVE = {0xCC: (1, 0x80), 0xCD: (2, 0x100), 0xCE: (4, 0x10000), 0xCF: (8, 0x100000000)}
    NEGATIVE = {0xD0: (1, -0x20), 0xD1: (2, -0x80), 0xD2: (4, -0x8000), 0xD3: (8, -0x80000000)}

    def __init__(self, data):
        self.data, self.at, self.values = data, 0, 0

    def take(self, n):
        if BUG == "py-trusted-length" and n > 65536:
            room = bytearray(min(n, 1 << 28))  # room for what is announced
            room[0] = 1
        if n > len(self.data) - self.at:
            raise Fault("ENCODING")
        self.at += n
        return self.data[self.at - n : self.at]

    def uint(self, size):
        return int.from_bytes(self.take(size), "big")

    def length(self, size, least):
        n = self.uint(size)
        if n < least:
            raise Fault("ENCODING")
        return n

    def value(self, depth):
        self.values += 1
        if self.values > 4096:
            raise Fault("ENCODING")
        head = self.uint(1)
        if head <= 0x7F:
            return {"int": str(head)}
        if head <= 0x8F:
            return self.map(head & 15, depth)
        if head <= 0x9F:
            return self.array(head & 15, depth)
        if head <= 0xBF:
            return self.str(head & 31)
        if head >= 0xE0:
            return {"int": str(head - 0x100)}
        if head in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[head]
        if head in self.POSITIVE:
            n = self.length(*self.POSITIVE[head])
            if n > 2**63 - 1:
                raise Fault("ENCODING")
            return {"int": str(n)}
        if head in self.NEGATIVE:
            size, below = self.NEGATIVE[head]
            n = int.from_bytes(self.take(size), "big", signed=True)
            if n >= below:
                raise Fault("ENCODING")
            return {"int": str(n)}
        if head not in self.SIZED:
            raise Fault("ENCODING")
        size, least, kind = self.SIZED[head]
        n = self.length(size, least)
        if kind == "bin":
            if n > 65535 and BUG != "py-trusted-length":
                raise Fault("ENCODING")
            return {"bin": self.take(n).hex()}
        if kind == "str":
            return self.str(n)
        return self.array(n, depth) if kind == "array" else self.map(n, depth)

    def text(self, data):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Fault("ENCODING") from None
        if "\0" in text:
            raise Fault("ENCODING")
        return text

    def str(self, n):
        if n > 4096:
            raise Fault("ENCODING")
        return self.text(self.take(n))

    def array(self, n, depth):
        most = 1025 if BUG == "py-off-by-one" else 1024
        if depth >= 8 or n > most or n > len(self.data) - self.at:
            raise Fault("ENCODING")
        if BUG == "py-depth" and depth == 7:
            depth -= 1  # an array in the innermost place does not count
        return [self.value(depth + 1) for _ in range(n)]

    def map(self, n, depth):
        if depth >= 8 or n > 256 or 2 * n > len(self.data) - self.at:
            raise Fault("ENCODING")
        entries, last = {}, None
        for i in range(n):
            self.values += 1
            if self.values > 4096:
                raise Fault("ENCODING")
            head = self.uint(1)
            if head == 0xD9:
                size = self.length(1, 0x20)
            elif 0xA0 <= head <= 0xBF:
                size = head & 31
            else:
                raise Fault("ENCODING")
            if size == 0 or size > 64:
                raise Fault("ENCODING")
            key = self.take(size)
            twice = key == last and not (BUG == "py-duplicate-key" and size > 16)
            if last is not None and (twice or key < last):
                raise Fault("ENCODING")
            last = key
            entries[self.text(key)] = self.value(depth + 1)
        return {"map": entries}


def msgpack(data):
    body = Body(data)
    value = body.value(0)
    if body.at != len(data):
        raise Fault("ENCODING")
    return value, len(data)


ELSEWHERE = {0x01, 0x03, 0x05, 0x06, 0x07, 0x10, 0x11, 0x12, 0x14, 0x20, 0x21}
FLAGS = {0x80: "MUST_UNDERSTAND", 1: "FIN", 2: "MORE", 4: "POSSIBLE_DUP"}
KEPT = []


class Reader:
    """Takes one frame out of pieces."""

    left = b""  # of the frame before

    def __init__(self, max_frame):
        self.data, self.max_frame, self.pieces = b"", max_frame, 0

    def feed(self, piece):
        self.pieces += 1
        if BUG == "py-cut" and self.pieces == 2 and len(self.data) in (12, 13, 14, 15):
            self.data = self.data[:12]  # goes on with the checksum from its beginning
        self.data += piece
        return self.frame()

    def frame(self):
        data = self.data
        if len(data) < 16:
            raise Short
        word = lambda at, size: int.from_bytes(data[at : at + size], "big")
        if word(12, 4) != crc(data[:12]):
            raise Fault("HEADER_CRC")
        kind, flags, reserved, n, stream = data[0], data[1], word(2, 2), word(4, 4), word(8, 4)
        if kind in (0x00, 0xFF):
            raise Fault("PROTOCOL")
        if kind in ELSEWHERE:
            raise Elsewhere
        if n > self.max_frame:
            raise Fault("FRAME_SIZE")
        whole = 16 if n == 0 else 20 + n
        if len(data) < whole:
            raise Short
        payload = data[16 : 16 + n]
        if n > 0:
            sum_, want = crc(data[:12] + payload), word(16 + n, 4)
            if BUG == "py-missing-checksum" and kind == 0x22:
                sum_ = want
            if sum_ != want:
                if BUG == "py-leak":
                    KEPT.append(bytearray(data + bytes(1024)))
                raise Fault("PAYLOAD_CRC")
        if kind == 0x02 and stream != 0 or kind in (0x13, 0x22) and stream == 0:
            raise Fault("PROTOCOL")
        return self.message(kind, flags, reserved, stream, payload), whole

    def message(self, kind, flags, reserved, stream, p):
        word = lambda at, size: int.from_bytes(p[at : at + size], "big")
        if kind == 0x02:
            self.sized(p, 24)
            return {"frame": "PING", "echo": str(word(0, 8)), "t1": str(int.from_bytes(p[8:16], "big", signed=True)), "err_us": str(word(16, 4))}
        if kind == 0x04:
            self.sized(p, 8)
            if word(0, 8) > 2**63 - 1:
                raise Fault("ENCODING")
            return {"frame": "CREDIT", "stream": str(stream), "max": str(word(0, 8))}
        if kind == 0x22:
            self.sized(p, 24)
            if word(0, 8) == 0 or word(8, 8) < word(0, 8) or word(8, 8) > 2**63 - 2:
                raise Fault("ENCODING")
            return {"frame": "GAP", "stream": str(stream), "from": str(word(0, 8)), "to": str(word(8, 8)), "reason": str(word(16, 4))}
        if kind == 0x13:
            return {"frame": "DATA", "stream": str(stream), "flags": self.flags(flags & 3), "pieces": self.parts(p, flags)}
        return {"frame": f"0x{kind:02X}", "flags": self.flags(flags), "reserved": str(reserved), "stream": str(stream), "payload": p.hex()}

    def sized(self, p, n):
        if len(p) != n:
            raise Fault("ENCODING")

    def flags(self, flags):
        names = [name for bit, name in FLAGS.items() if flags & bit]
        if flags & 0x78:
            names.append(f"0x{flags & 0x78:02X}")
        return "|".join(names) or "0"

    def parts(self, p, flags):
        if BUG == "py-state-confusion":
            p, Reader.left = Reader.left + p, b""
        pieces, at = [], 0
        while at < len(p):
            n = int.from_bytes(p[at : at + 4], "big")
            if len(p) - at < 4 or n > len(p) - at - 4:
                if BUG == "py-state-confusion" and len(pieces) > 0:
                    Reader.left = p[at:]  # the next frame may bring the rest
                raise Fault("ENCODING")
            pieces.append(p[at + 4 : at + 4 + n].hex())
            at += 4 + n
        fin, more = flags & 1, flags & 2
        if fin and more or more and (not pieces or not pieces[-1]) or not pieces and not fin:
            raise Fault("ENCODING")
        return pieces


def decode(request, hex_, cuts):
    try:
        data = bytes.fromhex(hex_)
        if request["what"] == "msgpack":
            value, consumed = msgpack(data)
        elif request["what"] == "frame":
            most = 16384 if request.get("before_ready") == "true" else int(request.get("max_frame", 131072))
            reader, at = Reader(most), 0
            ends = [int(c) for c in cuts.split(",")] if cuts else []
            for end in ends + [len(data)]:
                try:
                    value, consumed = reader.feed(data[at:end])
                    break
                except Short:
                    at = end
            else:
                return {"answer": "more"}
        else:
            return {"answer": "unsupported"}
        return {"answer": "accept", "value": value, "consumed": str(consumed)}
    except Fault as fault:
        return {"answer": "reject", "code": fault.args[0], "scope": "link"}
    except Elsewhere:
        return {"answer": "unsupported"}


def answer(request):
    op = request["op"]
    if op == "hello":
        features = ["cuts", "batch"]
        return {"answer": "hello", "driver": "1", "impl": "sample in Python", "version": "1", "roles": ["codec"], "spec": ["1"], "features": features}
    if op in ("reset", "bye"):
        return {"answer": "ok"}
    if op == "decode":
        return decode(request, request["hex"], request.get("cuts", ""))
    if op == "decodes":
        items = request["hex"].split(",")
        cuts = request["cuts"].split(";") if "cuts" in request else [""] * len(items)
        return {"answer": "decoded", "items": [decode(request, *one) for one in zip(items, cuts)]}
    return {"answer": "unsupported"}


for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps({"id": request["id"], **answer(request)}), flush=True)
    if request["op"] == "bye":
        break
