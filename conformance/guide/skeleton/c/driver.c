/* A driver: it puts your parser of Handfast under the control of the suite. One JSON object a line comes on stdin, one answer a
 * line goes to stdout, nothing else does. What it does not know it answers with "unsupported", and never guesses.
 * Go on at decode_frame. `handfast conform next` says what comes next. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 16, TRAILER = 4, PING = 0x02, LINE = (1 << 20) + 2 }; /* bytes; a request has at most 1 MiB */

/* CRC-32C: reflected polynomial 82F63B78, initial value and final exclusive-or FFFFFFFF. crc is 0, or that of the bytes before. */
static uint32_t crc32c(uint32_t crc, const uint8_t *b, size_t n) {
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= b[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
    }
    return ~crc;
}

static uint32_t u32(const uint8_t *b) { return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]; }
static uint64_t u64(const uint8_t *b) { return (uint64_t)u32(b) << 32 | u32(b + 4); }

static void unsupported(void) { printf("\"answer\":\"unsupported\""); }
static void more(void) { printf("\"answer\":\"more\""); } /* good so far, and not whole */
static void reject(const char *code) { printf("\"answer\":\"reject\",\"code\":\"%s\",\"scope\":\"link\"", code); }

/* Parses the frame at the beginning of b (SPEC.md chapter 8). The order of the checks is that of chapter 14. */
static void decode_frame(const uint8_t *b, size_t n) {
    if (n < HEADER) { more(); return; }
    uint32_t sum = crc32c(0, b, 12);
    if (sum != u32(b + 12)) { reject("HEADER_CRC"); return; } /* FRAME-001 */
    uint32_t type = b[0], length = u32(b + 4), stream = u32(b + 8);
    /* Here: types 00 and FF, then length over max_frame (FRAME-004, FRAME-003). */
    uint64_t size = (uint64_t)HEADER + length + (length > 0 ? TRAILER : 0); /* 64 bits, so that it cannot wrap */
    if (n < size) { more(); return; }
    const uint8_t *payload = b + HEADER;
    if (length > 0 && crc32c(sum, payload, length) != u32(payload + length)) { reject("PAYLOAD_CRC"); return; } /* FRAME-002 */
    /* Here: unknown types, frames on the wrong stream, payloads of the wrong size, and all the other types. */
    if (type != PING || stream != 0 || length != 24) { unsupported(); return; }
    printf("\"answer\":\"accept\",\"consumed\":\"%" PRIu64 "\",", size);
    printf("\"value\":{\"frame\":\"PING\",\"echo\":\"%" PRIu64 "\",\"t1\":\"%" PRId64 "\",\"err_us\":\"%" PRIu32 "\"}", /* decimal texts */
           u64(payload), (int64_t)u64(payload + 8), u32(payload + 16));
}

/* Finds a member whose value is a text, and gives its value without quotes, NULL for none. Escapes stay as they are: the names and
 * digits of the protocol have none, and an id goes back as it came. */
static const char *member(const char *line, const char *name, size_t *length) {
    const char *key = NULL;
    size_t key_length = 0;
    for (const char *p = line; *p; p++) {
        if (*p == '{' && p != line) return NULL; /* value of encode: it stands last */
        if (*p != '"') continue;
        const char *text = ++p;
        while (*p && *p != '"') p += *p == '\\' && p[1] ? 2 : 1;
        if (!*p) return NULL;
        *length = (size_t)(p - text);
        if (!key) { key = text; key_length = *length; continue; }
        if (key_length == strlen(name) && memcmp(key, name, key_length) == 0) return text;
        key = NULL;
    }
    return NULL;
}

static int is(const char *line, const char *name, const char *value) {
    size_t n; const char *text = member(line, name, &n);
    return text && n == strlen(value) && memcmp(text, value, n) == 0;
}

static void decode(const char *line) {
    static uint8_t b[LINE / 2];
    size_t n;
    const char *hex = member(line, "hex", &n);
    if (!hex || !is(line, "what", "frame")) { unsupported(); return; } /* msgpack, opening and call are yours */
    for (size_t i = 0; i < n / 2; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        b[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    decode_frame(b, n / 2);
}

int main(void) {
    static char line[LINE];
    while (fgets(line, sizeof line, stdin)) {
        size_t n = 0;
        const char *id = member(line, "id", &n);
        printf("{\"id\":\"%.*s\",", (int)n, id ? id : "");
        if (is(line, "op", "hello"))
            printf("\"answer\":\"hello\",\"driver\":\"1\",\"impl\":\"my-handfast\",\"version\":\"0.0.1\","
                   "\"roles\":[\"codec\"],\"spec\":[\"1\"],\"features\":[]");
        else if (is(line, "op", "reset") || is(line, "op", "bye")) printf("\"answer\":\"ok\""); /* nothing to forget yet */
        else if (is(line, "op", "decode")) decode(line);
        else unsupported();
        printf("}\n");
        fflush(stdout);
        if (is(line, "op", "bye")) break;
    }
    return 0;
}
