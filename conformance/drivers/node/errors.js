// Registered error codes, and what is thrown here.

/** Code by name (SPEC.md, chapter 14). */
export const CODES = {
  NO_ERROR: 0x0000, INTERNAL: 0x0001,
  PROTOCOL: 0x0101, FRAME_SIZE: 0x0102, HEADER_CRC: 0x0103, PAYLOAD_CRC: 0x0104, ENCODING: 0x0105, UNKNOWN_CRITICAL: 0x0106,
  FLOW_VIOLATION: 0x0107, STREAM_LIMIT: 0x0108, STATE: 0x0109, CALM: 0x010a, IDLE: 0x010b, SEND_STALL: 0x010c,
  ID_EXHAUSTED: 0x010d, OPEN_TIMEOUT: 0x010e, STREAM_ID: 0x010f,
  NO_VERSION: 0x0201, NEED_UNMET: 0x0202, MISMATCH: 0x0203, DOWNGRADE: 0x0204, DUPLICATE_LINK: 0x0205, SELF_CONNECT: 0x0206,
  FOREIGN: 0x0207,
  UNAUTHENTICATED: 0x0301, IDENTITY_MISMATCH: 0x0302, FORBIDDEN: 0x0303, CERT_EXPIRED: 0x0304,
  REFUSED: 0x0401, UNKNOWN_PROTO: 0x0402, PROTO_VERSION: 0x0403, CANCELLED: 0x0404, MSG_TOO_BIG: 0x0405, MESSAGE_TIMEOUT: 0x0406,
  OVERLOADED: 0x0407, DEADLINE: 0x0408,
  UNKNOWN_CHANNEL: 0x0501, DIVERGED: 0x0502, BUSY_ELSEWHERE: 0x0503, WINDOW_EXCEEDED: 0x0504, EPOCH_STALE: 0x0505,
  SEQUENCE: 0x0506, ACK_INVALID: 0x0507,
  DRAINING: 0x0601, SHUTDOWN: 0x0602, MOVED: 0x0603,
  CALL_UNKNOWN_METHOD: 0x8001, CALL_BAD_ARGUMENT: 0x8002, CALL_FAILED: 0x8003,
  SYNC_NAMESPACE: 0x8100, SYNC_SALT: 0x8101, SYNC_NEED_DIGEST: 0x8102, SYNC_COLLISION: 0x8103, SYNC_CORRUPT: 0x8104,
  SYNC_TOO_LARGE: 0x8105, SYNC_LIMIT: 0x8106, SYNC_UNREADABLE: 0x8107, SYNC_STORE: 0x8108
}

const NAMES = new Map(Object.entries(CODES).map(([name, code]) => [code, name]))

/** Name of a code that arrived; one that is not known is INTERNAL (ERR-002). */
export const codeName = (code) => NAMES.get(code) ?? 'INTERNAL'

/** Name of a code, or its number where it has none: for vectors and logs. */
export const codeText = (code) => NAMES.get(code) ?? '0x' + code.toString(16).toUpperCase().padStart(8, '0')

/** Input that breaks a rule: the code to answer, what ends by it, and the requirement. `silent`: nothing is sent. */
export class Fault extends Error {
  constructor(code, req, { scope = 'link', silent = false } = {}) {
    super(`${code} (${req})`)
    this.name = 'Fault'
    Object.assign(this, { code, req, scope, silent })
  }
}

/** A link is over. `by`: refuse, peer, self or transport. */
export class LinkError extends Error {
  constructor({ by, code, text = '', retryMs, cause }) {
    super(`link ended by ${by}: ${code}` + quote(text), { cause })
    this.name = 'LinkError'
    Object.assign(this, { by, code, retryMs })
  }
}

/** A stream broke off. `by`: peer, self or link. `processed`: no or maybe. */
export class StreamError extends Error {
  constructor({ by, code, processed, text = '', retryMs }) {
    super(`stream ended by ${by}: ${code}` + quote(text))
    this.name = 'StreamError'
    Object.assign(this, { by, code, processed, retryMs })
  }
}

/** The callee answered ERROR. */
export class CallError extends Error {
  constructor({ code, processed, text = '', name, data, retry_ms: retryMs }) {
    super(`call failed: ${codeName(code)}` + quote(text))
    this.name = 'CallError'
    Object.assign(this, { by: 'error', code: codeName(code), processed, method: name, data, retryMs })
  }
}

/** The other peer's words, escaped and marked as such (CLOSE-006). */
const quote = (text) => (text === '' ? '' : `, peer says ${JSON.stringify(text).replace(/[\u007f-\u009f\u2028-\u202e]/g, '?')}`)
