"""A driver: it puts your parser of Handfast under the control of the suite.

One JSON object a line comes on stdin, one answer a line goes to stdout, nothing else does. What it does not know it answers
with "unsupported", and never guesses.

Go on at decode_frame. `handfast conform next` says what comes next.
"""

import json
import struct
import sys

HEADER = struct.Struct(">BBHIII")  # type, flags, reserved, length, stream, checksum
TRAILER = 4  # bytes
PING = 0x02
PING_PAYLOAD = struct.Struct(">QqII")  # echo, t1, err_us, reserved


def crc_table():
    """CRC-32C: reflected polynomial 82F63B78, initial value and final exclusive-or FFFFFFFF."""
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ 0x82F63B78 if n & 1 else n >> 1
        table.append(n)
    return table


TABLE = crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


UNSUPPORTED = {"answer": "unsupported"}
MORE = {"answer": "more"}  # good so far, and not whole


def reject(code, scope="link"):
    return {"answer": "reject", "code": code, "scope": scope}


def decode_frame(b):
    """Parses the frame at the beginning of b (SPEC.md chapter 8). The order of the checks is that of chapter 14."""
    if len(b) < HEADER.size:
        return MORE
    kind, _flags, _reserved, length, stream, checksum = HEADER.unpack_from(b)
    if crc32c(b[:12]) != checksum:
        return reject("HEADER_CRC")  # FRAME-001
    # Here: types 00 and FF, then length over max_frame (FRAME-004, FRAME-003).
    end = HEADER.size + length
    size = end + TRAILER if length else end
    if len(b) < size:
        return MORE
    payload = b[HEADER.size:end]
    if length and crc32c(b[:12] + payload) != int.from_bytes(b[end:size], "big"):
        return reject("PAYLOAD_CRC")  # FRAME-002
    # Here: unknown types, frames on the wrong stream, payloads of the wrong size, and all the other types.
    if kind != PING or stream != 0 or length != PING_PAYLOAD.size:
        return UNSUPPORTED
    echo, t1, err_us, _ = PING_PAYLOAD.unpack(payload)
    value = {"frame": "PING", "echo": str(echo), "t1": str(t1), "err_us": str(err_us)}  # integers are decimal texts
    return {"answer": "accept", "value": value, "consumed": str(size)}


def decode(request):
    if request["what"] == "frame":
        return decode_frame(bytes.fromhex(request["hex"]))
    return UNSUPPORTED  # msgpack, opening and call are yours


def answer(request):
    match request["op"]:
        case "hello":
            return {"answer": "hello", "driver": "1", "impl": "my-handfast", "version": "0.0.1",
                    "roles": ["codec"], "spec": ["1"], "features": []}
        case "reset" | "bye":
            return {"answer": "ok"}  # reset forgets everything; there is nothing yet
        case "decode":
            return decode(request)
    return UNSUPPORTED


def main():
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps({"id": request["id"], **answer(request)}), flush=True)
        if request["op"] == "bye":
            return


if __name__ == "__main__":
    main()
