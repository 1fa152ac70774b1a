// A driver: it puts your parser of Handfast under the control of the suite. One JSON object a line comes on stdin, one answer a
// line goes to stdout, nothing else does. What it does not know it answers with "unsupported", and never guesses.
//
// Go on at decodeFrame. `handfast conform next` says what comes next.
import { createInterface } from "node:readline";

const HEADER = 16, TRAILER = 4; // bytes
const PING = 0x02;

// CRC-32C: reflected polynomial 82F63B78, initial value and final exclusive-or FFFFFFFF.
const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0x82f63b78 : n >>> 1;
  return n;
});

function crc32c(...parts) {
  let crc = 0xffffffff;
  for (const part of parts) for (const byte of part) crc = table[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const unsupported = { answer: "unsupported" };
const more = { answer: "more" }; // good so far, and not whole
const reject = (code, scope = "link") => ({ answer: "reject", code, scope });
const accept = (value, consumed) => ({ answer: "accept", value, consumed: String(consumed) });

// decodeFrame parses the frame at the beginning of b (SPEC.md chapter 8). The order of the checks is that of chapter 14.
function decodeFrame(b) {
  if (b.length < HEADER) return more;
  if (crc32c(b.subarray(0, 12)) !== b.readUInt32BE(12)) return reject("HEADER_CRC"); // FRAME-001
  const type = b[0], length = b.readUInt32BE(4), stream = b.readUInt32BE(8);
  // Here: types 00 and FF, then length over max_frame (FRAME-004, FRAME-003).
  const end = HEADER + length, size = length > 0 ? end + TRAILER : end;
  if (b.length < size) return more;
  const payload = b.subarray(HEADER, end);
  if (length > 0 && crc32c(b.subarray(0, 12), payload) !== b.readUInt32BE(end)) return reject("PAYLOAD_CRC"); // FRAME-002
  // Here: unknown types, frames on the wrong stream, payloads of the wrong size, and all the other types.
  if (type !== PING || stream !== 0 || length !== 24) return unsupported;
  return accept({
    frame: "PING", // integers are decimal texts
    echo: String(payload.readBigUInt64BE(0)),
    t1: String(payload.readBigInt64BE(8)),
    err_us: String(payload.readUInt32BE(16)),
  }, size);
}

function decode(request) {
  switch (request.what) {
    case "frame": return decodeFrame(Buffer.from(request.hex, "hex"));
    default: return unsupported; // msgpack, opening and call are yours
  }
}

function answer(request) {
  switch (request.op) {
    case "hello":
      return {
        answer: "hello", driver: "1", impl: "my-handfast", version: "0.0.1",
        roles: ["codec"], spec: ["1"], features: [],
      };
    case "reset": return { answer: "ok" }; // forget everything; there is nothing yet
    case "bye": return { answer: "ok" };
    case "decode": return decode(request);
    default: return unsupported;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  process.stdout.write(JSON.stringify({ id: request.id, ...answer(request) }) + "\n");
  if (request.op === "bye") break;
}
process.stdin.destroy(); // ends the program with exit code 0, once stdout has taken everything
