/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Walks over the headers of WebSocket frames (RFC 6455 section 5.2) in a byte stream that
 * arrives in pieces of any size.
 *
 * Pure: no I/O, no clock. A parser belongs to one direction of one connection.
 */
#pragma once

#include <glib.h>

typedef enum {
  FRAME_VIOLATION_TOO_LARGE,  /* a payload above the limit */
  FRAME_VIOLATION_FRAGMENTED, /* a message in several frames */
  FRAME_VIOLATION_MALFORMED,  /* not what RFC 6455 allows the peer to send */
} FrameViolation;

typedef enum {
  FRAME_PEER_CLIENT, /* its frames are masked */
  FRAME_PEER_SERVER, /* its frames are not */
} FramePeer;

typedef struct {
  FramePeer peer;
  guint64 max_payload;
  guint8 header[14];
  guint n_header;
  guint64 payload_left;
  guint n_pings; /* that were passed on; whoever looks at it may set it back */
} FrameParser;

void frame_parser_init (FrameParser *parser, FramePeer peer, guint64 max_payload);

/* Returns how many of the bytes may be passed on: all of them with violation set to -1,
 * else those before the offending header's last byte. */
gsize frame_parser_push (
    FrameParser *parser, const guint8 *bytes, gsize length, int *violation);

/* English, for a close reason. */
const char *frame_violation_describe (FrameViolation violation);
