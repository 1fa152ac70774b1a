// Limits that a peer states in HELLO (SPEC.md, chapter 15), and some that are not negotiated.

/** Range and default by name. */
export const LIMITS = {
  idle_ms: { min: 200, fallback: 20000, most: 600000 },
  link_credit: { min: 262144, fallback: 8388608, most: 1099511627776 },
  max_frame: { min: 16384, fallback: 131072, most: 1048576 },
  max_message: { min: 65536, fallback: 16777216, most: 1073741824 },
  message_ms: { min: 100, fallback: 120000, most: 3600000 },
  ping_min_ms: { min: 10, fallback: 1000, most: 60000 },
  ping_ms: { min: 50, fallback: 5000, most: 300000 },
  stream_credit: { min: 65536, fallback: 262144, most: 1073741824 },
  streams: { min: 16, fallback: 256, most: 1048576 }
}

/** All limits: those given, and the defaults of the others. */
export function completeLimits(given = {}) {
  const limits = {}
  for (const [name, { min, fallback, most }] of Object.entries(LIMITS)) {
    const value = given[name] ?? fallback
    if (!Number.isInteger(value) || value < min || value > most) throw new RangeError(`${name} is ${min} to ${most}`)
    limits[name] = value
  }
  return limits
}

export const MAX_CONTROL = 16384
export const MESSAGE_CHARGE = 64
export const MAX_RANGES = 64
export const OPEN_TIMEOUT = 10000
export const LINGER = 2000
