#include "sample.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *sample_bug = "";

static int has(const char *bug) { return strcmp(sample_bug, bug) == 0; }

/* --- text that grows ----------------------------------------------------- */

struct text {
  char *s;
  size_t n, room;
};

static void put(struct text *t, const char *s, size_t n) {
  if (t->n + n + 1 > t->room) {
    t->room = 2 * (t->n + n + 1);
    t->s = realloc(t->s, t->room);
    if (t->s == NULL) abort();
  }
  memcpy(t->s + t->n, s, n);
  t->n += n;
  t->s[t->n] = 0;
}

static void putf(struct text *t, const char *format, ...) {
  char line[128];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  put(t, line, (size_t)n);
}

static void put_hex(struct text *t, const uint8_t *b, size_t n) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    char two[2] = {digits[b[i] >> 4], digits[b[i] & 15]};
    put(t, two, 2);
  }
}

static void put_string(struct text *t, const uint8_t *b, size_t n) {
  put(t, "\"", 1);
  for (size_t i = 0; i < n; i++) {
    if (b[i] < 0x20 || b[i] == '"' || b[i] == '\\' || b[i] == 0x7f) putf(t, "\\u%04x", b[i]);
    else put(t, (const char *)b + i, 1);
  }
  put(t, "\"", 1);
}

/* --- MessagePack --------------------------------------------------------- */

struct body {
  const uint8_t *b;
  size_t n, at;
  int values;
  struct text out;
};

static int take(struct body *m, size_t size, uint64_t *v) {
  if (m->n - m->at < size) return 0;
  *v = 0;
  while (size-- > 0) *v = *v << 8 | m->b[m->at++];
  return 1;
}

static int utf8(const uint8_t *b, size_t n) {
  for (size_t i = 0; i < n;) {
    uint8_t c = b[i];
    size_t more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : 9;
    if (c == 0 || more == 9 || n - i <= more) return 0;
    uint8_t low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80, high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    for (size_t k = 1; k <= more; k++, low = 0x80, high = 0xBF)
      if (b[i + k] < low || b[i + k] > high) return 0;
    i += 1 + more;
  }
  return 1;
}

static int value(struct body *m, int depth);

/* length reads a length of size bytes that a shorter header could not say from least on. */
static int length(struct body *m, size_t size, uint64_t least, uint64_t *n) { return take(m, size, n) && *n >= least; }

static int bytes(struct body *m, uint64_t n, uint64_t most, const uint8_t **p) {
  if (has("c-trusted-length") && n > most) { /* room for what is announced, before it is judged */
    uint8_t *volatile room = malloc(n); /* volatile, so that the compiler cannot leave it out */
    if (room != NULL) room[n - 1] = 1;
    free(room);
  }
  if (n > most || m->n - m->at < n) return 0;
  *p = m->b + m->at;
  m->at += n;
  return 1;
}

static int string(struct body *m, uint64_t n) {
  const uint8_t *p;
  if (!bytes(m, n, 4096, &p) || !utf8(p, n)) return 0;
  put_string(&m->out, p, n);
  return 1;
}

static int binary(struct body *m, uint64_t n) {
  const uint8_t *p;
  if (!bytes(m, n, 65535, &p)) return 0;
  put(&m->out, "{\"bin\":\"", 8);
  put_hex(&m->out, p, n);
  put(&m->out, "\"}", 2);
  return 1;
}

static int array(struct body *m, uint64_t n, int depth) {
  if (depth >= 8 || n > 1024 || n > m->n - m->at) return 0;
  put(&m->out, "[", 1);
  for (uint64_t i = 0; i < n; i++) {
    if (i > 0) put(&m->out, ",", 1);
    if (!value(m, depth + 1)) return 0;
  }
  put(&m->out, "]", 1);
  return 1;
}

static int compare(const uint8_t *a, size_t an, const uint8_t *b, size_t bn) {
  size_t n = an < bn ? an : bn;
  for (size_t i = 0; i < n; i++) {
    int d = has("c-wrong-order") ? (int)(int8_t)a[i] - (int)(int8_t)b[i] : (int)a[i] - (int)b[i];
    if (d != 0) return d;
  }
  return an < bn ? -1 : an > bn;
}

static int map(struct body *m, uint64_t n, int depth) {
  const uint8_t *last = NULL;
  size_t last_n = 0;
  if (depth >= 8 || n > 256 || 2 * n > m->n - m->at) return 0;
  put(&m->out, "{\"map\":{", 8);
  for (uint64_t i = 0; i < n; i++) {
    uint64_t head, key_n;
    const uint8_t *key;
    if (++m->values > 4096 || !take(m, 1, &head)) return 0;
    if (head == 0xD9) {
      if (!length(m, 1, 32, &key_n)) return 0;
    } else if (head >= 0xA0 && head <= 0xBF) key_n = head & 31;
    else return 0;
    if (key_n == 0 || !bytes(m, key_n, 64, &key) || !utf8(key, key_n)) return 0;
    if (last != NULL && compare(last, last_n, key, key_n) >= 0) return 0;
    last = key, last_n = key_n;
    if (i > 0) put(&m->out, ",", 1);
    put_string(&m->out, key, key_n);
    put(&m->out, ":", 1);
    if (!value(m, depth + 1)) return 0;
  }
  put(&m->out, "}}", 2);
  return 1;
}

static int number(struct body *m, int64_t n) {
  putf(&m->out, "{\"int\":\"%lld\"}", (long long)n);
  return 1;
}

/* positive reads an integer of size bytes that is at least least. */
static int positive(struct body *m, size_t size, uint64_t least) {
  uint64_t n;
  return length(m, size, least, &n) && n <= INT64_MAX && number(m, (int64_t)n);
}

static int negative(struct body *m, size_t size, int64_t below) {
  uint64_t v;
  if (!take(m, size, &v)) return 0;
  int64_t n = size == 1 ? (int8_t)v : size == 2 ? (int16_t)v : size == 4 ? (int32_t)v : (int64_t)v;
  if (n >= below) return 0;
  if (has("c-sign") && size == 4) n = (int64_t)(int32_t)v & 0xFFFFFFFF;
  return number(m, n);
}

static int value(struct body *m, int depth) {
  uint64_t head, n;
  if (++m->values > 4096 || !take(m, 1, &head)) return 0;
  if (head <= 0x7F) return number(m, (int64_t)head);
  if (head <= 0x8F) return map(m, head & 15, depth);
  if (head <= 0x9F) return array(m, head & 15, depth);
  if (head <= 0xBF) return string(m, head & 31);
  if (head >= 0xE0) return number(m, (int8_t)head);
  switch (head) {
  case 0xC0: put(&m->out, "null", 4); return 1;
  case 0xC2: put(&m->out, "false", 5); return 1;
  case 0xC3: put(&m->out, "true", 4); return 1;
  case 0xC4: return length(m, 1, 0, &n) && binary(m, n);
  case 0xC5: return length(m, 2, 0x100, &n) && binary(m, n);
  case 0xC6: return length(m, 4, 0x10000, &n) && binary(m, n);
  case 0xCC: return positive(m, 1, 0x80);
  case 0xCD: return positive(m, 2, 0x100);
  case 0xCE: return positive(m, 4, 0x10000);
  case 0xCF: return positive(m, 8, 0x100000000);
  case 0xD0: return negative(m, 1, -0x20);
  case 0xD1: return negative(m, 2, -0x80);
  case 0xD2: return negative(m, 4, -0x8000);
  case 0xD3: return negative(m, 8, -0x80000000LL);
  case 0xD9: return length(m, 1, 0x20, &n) && string(m, n);
  case 0xDA: return length(m, 2, 0x100, &n) && string(m, n);
  case 0xDB: return length(m, 4, 0x10000, &n) && string(m, n);
  case 0xDC: return length(m, 2, 0x10, &n) && array(m, n, depth);
  case 0xDD: return length(m, 4, 0x10000, &n) && array(m, n, depth);
  case 0xDE: return length(m, 2, 0x10, &n) && map(m, n, depth);
  case 0xDF: return length(m, 4, 0x10000, &n) && map(m, n, depth);
  }
  return 0;
}

static struct sample_answer reject(const char *code) { return (struct sample_answer){SAMPLE_REJECT, code, NULL, 0}; }

struct sample_answer sample_msgpack(const uint8_t *b, size_t n) {
  struct body m = {b, n, 0, 0, {0}};
  if (!value(&m, 0) || m.at != n) {
    free(m.out.s);
    return reject("ENCODING");
  }
  return (struct sample_answer){SAMPLE_ACCEPT, NULL, m.out.s, n};
}

/* --- frames -------------------------------------------------------------- */

static uint32_t crc(uint32_t sum, const uint8_t *b, size_t n) {
  static uint32_t table[256];
  if (table[1] == 0)
    for (uint32_t i = 0; i < 256; i++) {
      uint32_t c = i;
      for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0x82F63B78 : c >> 1;
      table[i] = c;
    }
  sum = ~sum;
  while (n-- > 0) sum = table[(sum ^ *b++) & 255] ^ sum >> 8;
  return ~sum;
}

static uint64_t big(const uint8_t *b, size_t size) {
  uint64_t v = 0;
  while (size-- > 0) v = v << 8 | *b++;
  return v;
}

enum { PING = 0x02, CREDIT = 0x04, DATA = 0x13, GAP = 0x22, FIN = 1, MORE = 2 };

static int elsewhere(uint8_t type) { /* known, and not parsed here */
  return type == 1 || type == 3 || (type >= 5 && type <= 7) || (type >= 0x10 && type <= 0x12) || type == 0x14 || type == 0x20 || type == 0x21;
}

static struct sample_answer accepted(struct text *t, size_t consumed) {
  put(t, "}", 1);
  return (struct sample_answer){SAMPLE_ACCEPT, NULL, t->s, consumed};
}

static void flags(struct text *t, uint8_t f) {
  put(t, ",\"flags\":\"", 10);
  if ((f & (FIN | MORE)) == 0) put(t, "0", 1);
  if (f & FIN) put(t, "FIN", 3);
  if ((f & FIN) && (f & MORE)) put(t, "|", 1);
  if (f & MORE) put(t, "MORE", 4);
  put(t, "\"", 1);
}

static struct sample_answer data(const uint8_t *b, const uint8_t *p, size_t n, size_t consumed) {
  struct text t = {0};
  size_t at = 0, count = 0, last = 0;
  putf(&t, "{\"frame\":\"DATA\",\"stream\":\"%u\"", (unsigned)big(b + 8, 4));
  flags(&t, b[1]);
  put(&t, ",\"pieces\":[", 11);
  while (at < n) {
    if (n - at < 4) return free(t.s), reject("ENCODING");
    size_t size = (size_t)big(p + at, 4);
    if (has("c-integer-width")) size &= 0xFFFF;
    at += 4;
    if (size > n - at) return free(t.s), reject("ENCODING");
    if (has("c-hang") && count == 2 && size == 0 && n - at > 0) {
      for (volatile int i = 0;; i++) at = at + size; /* waits to get on */
    }
    putf(&t, "%s\"", count > 0 ? "," : "");
    put_hex(&t, p + at, size);
    put(&t, "\"", 1);
    at += size, last = size, count++;
  }
  put(&t, "]", 1);
  if ((b[1] & FIN) && (b[1] & MORE)) return free(t.s), reject("ENCODING");
  if ((b[1] & MORE) && (count == 0 || last == 0)) return free(t.s), reject("ENCODING");
  if (count == 0 && !(b[1] & FIN)) return free(t.s), reject("ENCODING");
  return accepted(&t, consumed);
}

void *sample_kept; /* not static, so that the compiler cannot leave it out */

static struct sample_answer unknown(const uint8_t *b, const uint8_t *p, size_t n, size_t consumed) {
  static const struct { uint8_t bit; const char *name; } names[] = {{0x80, "MUST_UNDERSTAND"}, {1, "FIN"}, {2, "MORE"}, {4, "POSSIBLE_DUP"}};
  struct text t = {0};
  const char *sep = "";
  putf(&t, "{\"frame\":\"0x%02X\",\"flags\":\"", b[0]);
  for (size_t i = 0; i < 4; i++)
    if (b[1] & names[i].bit) putf(&t, "%s%s", sep, names[i].name), sep = "|";
  if (b[1] & 0x78) putf(&t, "%s0x%02X", sep, b[1] & 0x78), sep = "|";
  if (sep[0] == 0) put(&t, "0", 1);
  putf(&t, "\",\"reserved\":\"%u\",\"stream\":\"%u\",\"payload\":\"", (unsigned)big(b + 2, 2), (unsigned)big(b + 8, 4));
  if (has("c-leak") && n > 0) {
    sample_kept = malloc(n + 2048);
    if (sample_kept != NULL) memset(sample_kept, 1, n + 2048);
  }
  put_hex(&t, p, n);
  put(&t, "\"", 1);
  return accepted(&t, consumed);
}

static struct sample_answer frame(struct sample_reader *r) {
  const uint8_t *b = r->b;
  if (r->n < 16) return (struct sample_answer){SAMPLE_MORE, NULL, NULL, 0};
  if (big(b + 12, 4) != crc(0, b, 12)) return reject("HEADER_CRC");
  if (b[0] == 0x00 || b[0] == 0xFF) return reject("PROTOCOL");
  if (elsewhere(b[0])) return (struct sample_answer){SAMPLE_UNSUPPORTED, NULL, NULL, 0};
  size_t n = (size_t)big(b + 4, 4), whole = n == 0 ? 16 : 16 + n + 4;
  static uint32_t limit; /* of the frame before */
  uint32_t most = has("c-state-confusion") && limit != 0 && limit < r->max_frame ? limit : r->max_frame;
  if (n > most) {
    limit = r->max_frame;
    return reject("FRAME_SIZE");
  }
  if (r->n < whole) return (struct sample_answer){SAMPLE_MORE, NULL, NULL, 0};
  const uint8_t *p = b + 16;
  if (n > 0 && big(p + n, 4) != crc(crc(0, b, 12), p, n) && !(has("c-cut") && r->pieces > 2)) return reject("PAYLOAD_CRC");
  uint32_t stream = (uint32_t)big(b + 8, 4);
  if ((b[0] == PING && stream != 0) || ((b[0] == DATA || b[0] == GAP) && stream == 0)) return reject("PROTOCOL");
  struct text t = {0};
  switch (b[0]) {
  case PING:
    if (n != 24) return reject("ENCODING");
    putf(&t, "{\"frame\":\"PING\",\"echo\":\"%llu\",\"t1\":\"%lld\"", (unsigned long long)big(p, 8), (long long)big(p + 8, 8));
    putf(&t, ",\"err_us\":\"%u\"", (unsigned)big(p + 16, 4));
    return accepted(&t, whole);
  case CREDIT:
    if (n != 8 || big(p, 8) > INT64_MAX) return reject("ENCODING");
    putf(&t, "{\"frame\":\"CREDIT\",\"stream\":\"%u\",\"max\":\"%llu\"", stream, (unsigned long long)big(p, 8));
    return accepted(&t, whole);
  case GAP:
    if (n != 24 || big(p, 8) == 0 || big(p + 8, 8) < big(p, 8) || big(p + 8, 8) > INT64_MAX - 1) return reject("ENCODING");
    putf(&t, "{\"frame\":\"GAP\",\"stream\":\"%u\",\"from\":\"%llu\"", stream, (unsigned long long)big(p, 8));
    putf(&t, ",\"to\":\"%llu\",\"reason\":\"%u\"", (unsigned long long)big(p + 8, 8), (unsigned)big(p + 16, 4));
    return accepted(&t, whole);
  case DATA: return data(b, p, n, whole);
  }
  return unknown(b, p, n, whole);
}

struct sample_answer sample_feed(struct sample_reader *r, const uint8_t *piece, size_t n) {
  if (r->n + n > r->room) {
    r->room = r->n + n;
    r->b = realloc(r->b, r->room);
    if (r->b == NULL) abort();
  }
  if (n > 0) memcpy(r->b + r->n, piece, n);
  r->n += n;
  r->pieces++;
  return frame(r);
}

void sample_free(struct sample_reader *r) { free(r->b); }
