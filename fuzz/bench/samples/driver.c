/* The codec driver (conformance/DRIVER.md) of the sample parser: one request a line on stdin, one answer a line on stdout. */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* member finds the text of a member, which never has anything escaped in the requests that are understood here. */
static int member(const char *line, const char *name, const char **value, size_t *n) {
  char key[32];
  snprintf(key, sizeof key, "\"%s\":\"", name);
  const char *at = strstr(line, key);
  if (at == NULL) return 0;
  *value = at + strlen(key);
  *n = strcspn(*value, "\"");
  return 1;
}

static int is(const char *line, const char *name, const char *value) {
  const char *v;
  size_t n;
  return member(line, name, &v, &n) && n == strlen(value) && memcmp(v, value, n) == 0;
}

static int nibble(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

static void print(struct sample_answer a, const char *id, size_t id_n) {
  static const char *names[] = {"accept", "reject", "more", "unsupported"};
  printf("{");
  if (id != NULL) printf("\"id\":\"%.*s\",", (int)id_n, id);
  printf("\"answer\":\"%s\"", names[a.kind]);
  if (a.kind == SAMPLE_REJECT) printf(",\"code\":\"%s\",\"scope\":\"link\"", a.code);
  if (a.kind == SAMPLE_ACCEPT) printf(",\"consumed\":\"%zu\",\"value\":%s", a.consumed, a.value);
  printf("}");
  free(a.value);
}

/* decode parses one item. Cuts end with anything but digits and commas. */
static struct sample_answer decode(const char *line, const char *hex, size_t hex_n, const char *cuts) {
  size_t n = hex_n / 2;
  uint8_t *b = malloc(n + 1);
  if (b == NULL) abort();
  for (size_t i = 0; i < n; i++) b[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
  struct sample_answer a = {SAMPLE_UNSUPPORTED, NULL, NULL, 0};
  if (is(line, "what", "msgpack")) a = sample_msgpack(b, n);
  if (is(line, "what", "frame")) {
    struct sample_reader r = {.max_frame = 131072};
    const char *v;
    size_t vn, from = 0;
    if (member(line, "max_frame", &v, &vn)) r.max_frame = (uint32_t)strtoul(v, NULL, 10);
    if (is(line, "before_ready", "true")) r.max_frame = 16384;
    do {
      size_t end = n;
      if (cuts != NULL && *cuts >= '0' && *cuts <= '9') {
        end = strtoul(cuts, (char **)&cuts, 10);
        if (*cuts == ',') cuts++;
      }
      a = sample_feed(&r, b + from, end - from);
      from = end;
    } while (a.kind == SAMPLE_MORE && from < n);
    sample_free(&r);
  }
  free(b);
  return a;
}

int main(void) {
  char *line = NULL;
  size_t room = 0;
  if (getenv("HANDFAST_BUG") != NULL) sample_bug = getenv("HANDFAST_BUG");
  while (getline(&line, &room, stdin) > 0) {
    const char *id = "", *hex = "", *cuts = NULL;
    size_t id_n = 0, hex_n = 0, cuts_n = 0;
    member(line, "id", &id, &id_n);
    member(line, "cuts", &cuts, &cuts_n);
    if (is(line, "op", "hello")) {
      printf("{\"id\":\"%.*s\",\"answer\":\"hello\",\"driver\":\"1\",\"impl\":\"sample in C\",\"version\":\"1\",\"roles\":[\"codec\"],\"spec\":[\"1\"],"
             "\"features\":[\"cuts\",\"batch\"]}", (int)id_n, id);
    } else if (is(line, "op", "reset") || is(line, "op", "bye")) {
      printf("{\"id\":\"%.*s\",\"answer\":\"ok\"}", (int)id_n, id);
      if (is(line, "op", "bye")) break;
    } else if (is(line, "op", "decode") && member(line, "hex", &hex, &hex_n)) {
      print(decode(line, hex, hex_n, cuts), id, id_n);
    } else if (is(line, "op", "decodes") && member(line, "hex", &hex, &hex_n)) {
      printf("{\"id\":\"%.*s\",\"answer\":\"decoded\",\"items\":[", (int)id_n, id);
      for (const char *end = hex + hex_n;; hex++) {
        size_t n = strcspn(hex, ",\"");
        print(decode(line, hex, n, cuts), NULL, 0);
        if (cuts != NULL) cuts += strcspn(cuts, ";\""), cuts += *cuts == ';';
        if ((hex += n) >= end) break;
        printf(",");
      }
      printf("]}");
    } else {
      printf("{\"id\":\"%.*s\",\"answer\":\"unsupported\"}", (int)id_n, id);
    }
    printf("\n");
    fflush(stdout);
  }
  free(line);
  printf("\n");
  return 0;
}
