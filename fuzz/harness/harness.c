/* A harness for libFuzzer, AFL++ and honggfuzz around the sample parser. WHAT is msgpack or frame. A parser of your own takes the place of sample.h.

   clang -g -O1 -fsanitize=fuzzer,address -DWHAT=frame -I SAMPLES harness.c SAMPLES/sample.c -o fuzz_frame
   ./fuzz_frame -dict=handfast.dict corpus/frame

   With -DSTANDALONE it is a program that parses the files that it is given, for compilers without libFuzzer and for AFL++ (afl-cc -DSTANDALONE, then afl-fuzz ... -- ./fuzz_frame @@). */
#include "sample.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef WHAT
#define WHAT frame
#endif
#ifndef BUG
#define BUG ""
#endif
#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)

static struct sample_answer whole(const uint8_t *b, size_t n) {
  if (strcmp(TEXT(WHAT), "msgpack") == 0) return sample_msgpack(b, n);
  struct sample_reader r = {.max_frame = 131072};
  struct sample_answer a = sample_feed(&r, b, n);
  sample_free(&r);
  return a;
}

/* pieces feeds a frame in three pieces, whose ends the input itself chooses. */
static struct sample_answer pieces(const uint8_t *b, size_t n) {
  struct sample_reader r = {.max_frame = 131072};
  size_t first = n > 0 ? b[n - 1] % (n + 1) : 0, second = n > 0 ? first + b[n / 2] % (n - first + 1) : 0, ends[3] = {first, second, n}, from = 0;
  struct sample_answer a = {SAMPLE_MORE, NULL, NULL, 0};
  for (int i = 0; i < 3 && a.kind == SAMPLE_MORE; i++) {
    a = sample_feed(&r, b + from, ends[i] - from);
    from = ends[i];
  }
  sample_free(&r);
  return a;
}

int LLVMFuzzerTestOneInput(const uint8_t *b, size_t n) {
  sample_bug = BUG;
  struct sample_answer a = whole(b, n);
  if (strcmp(TEXT(WHAT), "frame") == 0) {
    struct sample_answer c = pieces(b, n);
    if (a.kind != c.kind || (a.code != NULL && strcmp(a.code, c.code) != 0)) {
      fprintf(stderr, "the verdict depends on how the input is cut\n");
      abort();
    }
    free(c.value);
  }
  if (a.kind == SAMPLE_ACCEPT && a.consumed > n) abort();
  free(a.value);
  return 0;
}

#ifdef STANDALONE
int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    FILE *f = fopen(argv[i], "rb");
    if (f == NULL) return perror(argv[i]), 2;
    uint8_t *b = malloc(1 << 20);
    size_t n = b == NULL ? 0 : fread(b, 1, 1 << 20, f);
    fclose(f);
    uint8_t *exact = malloc(n + 1); /* so that a byte too far is seen by sanitizers and valgrind */
    if (exact == NULL) return 2;
    memcpy(exact, b, n);
    free(b);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
  }
  return 0;
}
#endif
