/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The walk over WebSocket frame headers.
 */
#include "frame-parser.h"

#include <string.h>

#define LIMIT 65536

typedef struct {
  const char *what;
  FramePeer peer;
  guint8 bytes[14];
  guint n_bytes;
  int violation; /* -1: none */
} HeaderCase;

static const HeaderCase header_cases[] = {
  { "a text frame", FRAME_PEER_CLIENT, { 0x81, 0x80, 0, 0, 0, 0 }, 6, -1 },
  { "a binary frame", FRAME_PEER_CLIENT, { 0x82, 0x80, 0, 0, 0, 0 }, 6, -1 },
  { "a ping", FRAME_PEER_CLIENT, { 0x89, 0x80, 0, 0, 0, 0 }, 6, -1 },
  { "a close", FRAME_PEER_CLIENT, { 0x88, 0x80, 0, 0, 0, 0 }, 6, -1 },
  { "a frame of a server", FRAME_PEER_SERVER, { 0x81, 0x00 }, 2, -1 },
  { "a frame of the limit", FRAME_PEER_CLIENT,
      { 0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0 }, 14, -1 },
  { "one byte past the limit", FRAME_PEER_CLIENT,
      { 0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0 }, 14, FRAME_VIOLATION_TOO_LARGE },
  { "a length with the top bit", FRAME_PEER_CLIENT,
      { 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 10,
      FRAME_VIOLATION_TOO_LARGE },
  { "a first fragment", FRAME_PEER_CLIENT, { 0x01, 0x80 }, 2,
      FRAME_VIOLATION_FRAGMENTED },
  { "a continuation", FRAME_PEER_CLIENT, { 0x00, 0x80 }, 2, FRAME_VIOLATION_FRAGMENTED },
  { "a last fragment", FRAME_PEER_CLIENT, { 0x80, 0x80 }, 2, FRAME_VIOLATION_FRAGMENTED },
  { "a reserved bit", FRAME_PEER_CLIENT, { 0xc1, 0x80 }, 2, FRAME_VIOLATION_MALFORMED },
  { "a reserved opcode", FRAME_PEER_CLIENT, { 0x83, 0x80 }, 2,
      FRAME_VIOLATION_MALFORMED },
  { "a reserved control opcode", FRAME_PEER_CLIENT, { 0x8b, 0x80 }, 2,
      FRAME_VIOLATION_MALFORMED },
  { "a fragmented ping", FRAME_PEER_CLIENT, { 0x09, 0x80 }, 2,
      FRAME_VIOLATION_MALFORMED },
  { "a ping that is too long", FRAME_PEER_CLIENT, { 0x89, 0xfe }, 2,
      FRAME_VIOLATION_MALFORMED },
  { "an unmasked frame of a client", FRAME_PEER_CLIENT, { 0x81, 0x00 }, 2,
      FRAME_VIOLATION_MALFORMED },
  { "a masked frame of a server", FRAME_PEER_SERVER, { 0x81, 0x80 }, 2,
      FRAME_VIOLATION_MALFORMED },
  { "a length that is not the shortest", FRAME_PEER_CLIENT, { 0x81, 0xfe, 0, 125 }, 4,
      FRAME_VIOLATION_MALFORMED },
};

static int
push_whole (const HeaderCase *c, gsize *passed)
{
  FrameParser parser;
  int violation;

  frame_parser_init (&parser, c->peer, LIMIT);
  *passed = frame_parser_push (&parser, c->bytes, c->n_bytes, &violation);
  return violation;
}

static int
push_byte_by_byte (const HeaderCase *c, gsize *passed)
{
  FrameParser parser;
  int violation = -1;

  frame_parser_init (&parser, c->peer, LIMIT);
  *passed = 0;
  for (guint i = 0; i < c->n_bytes && violation == -1; i++)
    *passed += frame_parser_push (&parser, &c->bytes[i], 1, &violation);
  return violation;
}

static void
test_headers (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (header_cases); i++) {
    const HeaderCase *c = &header_cases[i];
    gsize whole, bytewise;

    g_test_message ("%s", c->what);
    g_assert_cmpint (push_whole (c, &whole), ==, c->violation);
    g_assert_cmpint (push_byte_by_byte (c, &bytewise), ==, c->violation);
    g_assert_cmpuint (whole, ==, bytewise);
    if (c->violation == -1)
      g_assert_cmpuint (whole, ==, c->n_bytes);
    else
      g_assert_cmpuint (whole, <, c->n_bytes);
  }
}

/* What looks like a header inside a payload is none. */
static void
test_payload_is_skipped (void)
{
  guint8 bytes[2 * (6 + 100)];
  gsize half = sizeof bytes / 2;

  memset (bytes, 0x00, sizeof bytes);
  for (gsize i = 0; i < 2; i++) {
    bytes[i * half] = 0x81;
    bytes[i * half + 1] = 0x80 | 100;
  }
  for (gsize split = 0; split <= sizeof bytes; split++) {
    FrameParser parser;
    int first, second;

    frame_parser_init (&parser, FRAME_PEER_CLIENT, LIMIT);
    g_assert_cmpuint (frame_parser_push (&parser, bytes, split, &first), ==, split);
    g_assert_cmpuint (
        frame_parser_push (&parser, bytes + split, sizeof bytes - split, &second), ==,
        sizeof bytes - split);
    g_assert_cmpint (first, ==, -1);
    g_assert_cmpint (second, ==, -1);
  }
}

static void
test_good_frames_before_a_bad_one_pass (void)
{
  const guint8 bytes[] = { 0x81, 0x81, 0, 0, 0, 0, 'x', 0x01, 0x81, 0, 0, 0, 0, 'x' };
  FrameParser parser;
  int violation;

  frame_parser_init (&parser, FRAME_PEER_CLIENT, LIMIT);
  g_assert_cmpuint (frame_parser_push (&parser, bytes, sizeof bytes, &violation), ==, 7);
  g_assert_cmpint (violation, ==, FRAME_VIOLATION_FRAGMENTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/frame-parser/headers", test_headers);
  g_test_add_func ("/frame-parser/payload-is-skipped", test_payload_is_skipped);
  g_test_add_func ("/frame-parser/good-frames-before-a-bad-one-pass",
      test_good_frames_before_a_bad_one_pass);
  return g_test_run ();
}
