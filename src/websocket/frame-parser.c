/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The frame parser. Pure, any one thread.
 */
#include "frame-parser.h"

#include <string.h>

#define OPCODE_CONTINUATION 0x0
#define OPCODE_TEXT 0x1
#define OPCODE_BINARY 0x2
#define OPCODE_CLOSE 0x8
#define OPCODE_PING 0x9
#define OPCODE_PONG 0xA
#define MAX_CONTROL_PAYLOAD 125

void
frame_parser_init (FrameParser *parser, FramePeer peer, guint64 max_payload)
{
  memset (parser, 0, sizeof *parser);
  parser->peer = peer;
  parser->max_payload = max_payload;
}

static int
check_first_byte (guint8 byte)
{
  guint8 opcode = byte & 0x0f;
  gboolean fin = (byte & 0x80) != 0;

  if (byte & 0x70)
    return FRAME_VIOLATION_MALFORMED;
  if (opcode == OPCODE_CONTINUATION)
    return FRAME_VIOLATION_FRAGMENTED;
  if (opcode == OPCODE_TEXT || opcode == OPCODE_BINARY)
    return fin ? -1 : FRAME_VIOLATION_FRAGMENTED;
  if (opcode < OPCODE_CLOSE || opcode > OPCODE_PONG || !fin)
    return FRAME_VIOLATION_MALFORMED;
  return -1;
}

static int
check_second_byte (const FrameParser *parser)
{
  gboolean control = (parser->header[0] & 0x08) != 0;
  gboolean masked = (parser->header[1] & 0x80) != 0;

  if (masked != (parser->peer == FRAME_PEER_CLIENT))
    return FRAME_VIOLATION_MALFORMED;
  if (control && (parser->header[1] & 0x7f) > MAX_CONTROL_PAYLOAD)
    return FRAME_VIOLATION_MALFORMED;
  return -1;
}

static guint
length_bytes (const FrameParser *parser)
{
  switch (parser->header[1] & 0x7f) {
  case 126:
    return 2;
  case 127:
    return 8;
  default:
    return 0;
  }
}

static guint64
payload_length (const FrameParser *parser)
{
  guint n = length_bytes (parser);
  guint64 length = 0;

  if (n == 0)
    return parser->header[1] & 0x7f;
  for (guint i = 0; i < n; i++)
    length = length << 8 | parser->header[2 + i];
  return length;
}

/* RFC 6455: the shortest of the three forms must be used. */
static gboolean
is_minimal (const FrameParser *parser, guint64 length)
{
  guint n = length_bytes (parser);

  return n == 0 || (n == 2 && length > 125) || (n == 8 && length > G_MAXUINT16);
}

static int
check_length (const FrameParser *parser)
{
  guint64 length = payload_length (parser);

  if (length > parser->max_payload)
    return FRAME_VIOLATION_TOO_LARGE;
  return is_minimal (parser, length) ? -1 : FRAME_VIOLATION_MALFORMED;
}

/* Takes one byte of a header. Returns: a violation, or -1. */
static int
push_header_byte (FrameParser *parser, guint8 byte)
{
  int violation = -1;
  guint mask = parser->peer == FRAME_PEER_CLIENT ? 4 : 0;

  parser->header[parser->n_header++] = byte;
  if (parser->n_header == 1)
    return check_first_byte (byte);
  if (parser->n_header == 2)
    violation = check_second_byte (parser);
  if (violation == -1 && parser->n_header == 2 + length_bytes (parser))
    violation = check_length (parser);
  if (violation == -1 && parser->n_header == 2 + length_bytes (parser) + mask) {
    parser->payload_left = payload_length (parser);
    parser->n_pings += (parser->header[0] & 0x0f) == OPCODE_PING;
    parser->n_header = 0;
  }
  return violation;
}

gsize
frame_parser_push (FrameParser *parser, const guint8 *bytes, gsize length, int *violation)
{
  gsize at = 0;

  *violation = -1;
  while (at < length) {
    gsize skip = MIN (parser->payload_left, length - at);

    parser->payload_left -= skip;
    at += skip;
    if (at == length)
      break;
    *violation = push_header_byte (parser, bytes[at]);
    if (*violation != -1)
      break;
    at++;
  }
  return at;
}

const char *
frame_violation_describe (FrameViolation violation)
{
  static const char *const texts[] = {
    [FRAME_VIOLATION_TOO_LARGE] = "a frame is longer than the limit",
    [FRAME_VIOLATION_FRAGMENTED] = "fragmented messages are not accepted",
    [FRAME_VIOLATION_MALFORMED] = "not a WebSocket frame this protocol allows",
  };

  return texts[violation];
}
