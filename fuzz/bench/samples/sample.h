/* A sample parser of Handfast: bodies in the strict MessagePack profile, and the frames PING, CREDIT, DATA, GAP and those of unknown type.
   It is here to be fuzzed, and can have one of the bugs of planted.go on purpose. */
#ifndef HANDFAST_SAMPLE_H
#define HANDFAST_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

enum sample_kind { SAMPLE_ACCEPT, SAMPLE_REJECT, SAMPLE_MORE, SAMPLE_UNSUPPORTED };

struct sample_answer {
  enum sample_kind kind;
  const char *code; /* of a reject: a registered name; its scope is always the link */
  char *value;      /* of an accept: the JSON form, for free() */
  size_t consumed;
};

/* The bug to have, "" for none. */
extern const char *sample_bug;

struct sample_answer sample_msgpack(const uint8_t *b, size_t n);

/* Frames arrive in pieces. A reader is made for one frame. */
struct sample_reader {
  uint8_t *b;
  size_t n, room;
  int pieces;
  uint32_t max_frame;
};
struct sample_answer sample_feed(struct sample_reader *r, const uint8_t *piece, size_t n);
void sample_free(struct sample_reader *r);

#endif
