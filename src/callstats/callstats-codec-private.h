/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records to frames and back, as docs/protocol.md defines them. Used by both ends: the
 * client encodes, the collector decodes.
 *
 * Pure: no I/O, no clock. An encoder or decoder belongs to one connection and one thread;
 * its delta and compression state lives and dies with that connection.
 */
#pragma once

#include "callstats-record-private.h"

#define CALLSTATS_SUBPROTOCOL "callstats.v1"
#define CALLSTATS_STREAM_PATH "/v1/stream"
#define CALLSTATS_PROTOCOL_VERSION 1

/* What one connection may cost the other end. */
#define CALLSTATS_MAX_FRAME (64 * 1024)       /* bytes, on the wire and inflated */
#define CALLSTATS_MAX_CONTROL_VALUES 1024     /* in a message of a backend */
#define CALLSTATS_MAX_RECORD (1024 * 1024)    /* bytes of a record sent in parts */
#define CALLSTATS_MAX_SLOTS 64                /* fabrics in delta at a time */
#define CALLSTATS_MAX_SLOT_BYTES (512 * 1024) /* JSON text of their last samples */
/* A few bytes of difference bring back a whole sample: what the samples that the deltas
 * of one message stand for may count, by the slots' rule. */
#define CALLSTATS_MAX_DELTA_BYTES (4 * 1024 * 1024)
#define CALLSTATS_MAX_AFTER (G_TIME_SPAN_DAY * 366)            /* between two samples */
#define CALLSTATS_MAX_DIFFERENCE (G_GINT64_CONSTANT (1) << 53) /* units */

typedef enum {
  CALLSTATS_CLOSE_NORMAL = 1000,
  CALLSTATS_CLOSE_GOING_AWAY = 1001,
  CALLSTATS_CLOSE_PROTOCOL = 4000,
  CALLSTATS_CLOSE_UNAUTHORIZED = 4001,
  CALLSTATS_CLOSE_UNKNOWN_APPLICATION = 4002,
  CALLSTATS_CLOSE_HELLO_TIMEOUT = 4003,
  CALLSTATS_CLOSE_REPLACED = 4004,
  CALLSTATS_CLOSE_TOO_LARGE = 4005,
  CALLSTATS_CLOSE_OVERLOADED = 4006,
  CALLSTATS_CLOSE_STORE = 4007,
  CALLSTATS_CLOSE_SILENT = 4008,
} CallstatsCloseCode;

typedef struct _CallstatsEncoder CallstatsEncoder;

/* compress: binary frames with zlib and context takeover, else text frames. */
CallstatsEncoder *callstats_encoder_new (gboolean compress);
void callstats_encoder_free (CallstatsEncoder *encoder);
/* The next sample of every fabric is sent whole. */
void callstats_encoder_request_keyframe (CallstatsEncoder *encoder);

/* Adds a record with the given sequence number to the frame being built. FALSE: it does
 * not fit behind what is there already; finish the frame and add it again. A record that
 * cannot fit even into an empty frame must be sent by callstats_encoder_parts(). */
gboolean callstats_encoder_add (
    CallstatsEncoder *encoder, guint64 sequence, const CallstatsRecord *record);
/* Returns: (transfer full) (nullable): the frame, NULL when nothing was added. */
GBytes *callstats_encoder_finish (CallstatsEncoder *encoder);
/* Frames (element-type GBytes) that carry one large record under one sequence number.
 * NULL: larger than CALLSTATS_MAX_RECORD, or of more members than are read. Call with no
 * frame begun. */
GPtrArray *callstats_encoder_parts (
    CallstatsEncoder *encoder, guint64 sequence, const CallstatsRecord *record);
/* Any other message, already JSON. */
GBytes *callstats_encoder_message (CallstatsEncoder *encoder, const char *json);
/* Whether its frames are to be sent as binary. */
gboolean callstats_encoder_is_binary (CallstatsEncoder *encoder);

typedef enum {
  CALLSTATS_MESSAGE_CONTROL, /* object holds it: hello, welcome, ack, token, … */
  CALLSTATS_MESSAGE_RECORDS, /* records first … first + n - 1 */
} CallstatsMessageKind;

typedef struct {
  CallstatsMessageKind kind;
  const char *type;   /* control: its "type" */
  JsonObject *object; /* control: the whole message */
  guint64 first;      /* records: sequence number of the first one */
  GPtrArray *records; /* records: (element-type CallstatsRecord); empty while the parts of
                         a large record are still coming */
} CallstatsMessage;

void callstats_message_free (CallstatsMessage *message);

typedef struct _CallstatsDecoder CallstatsDecoder;

CallstatsDecoder *callstats_decoder_new (void);
/* For what a backend sends: no records, and no large messages. */
CallstatsDecoder *callstats_decoder_new_for_client (void);
void callstats_decoder_free (CallstatsDecoder *decoder);

/* One frame. NULL with an error: the connection must be closed, with
 * CALLSTATS_CLOSE_TOO_LARGE for CALLSTATS_ERROR_TOO_LONG, else CALLSTATS_CLOSE_PROTOCOL.
 */
CallstatsMessage *callstats_decoder_push (
    CallstatsDecoder *decoder, gboolean binary, GBytes *frame, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallstatsEncoder, callstats_encoder_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallstatsDecoder, callstats_decoder_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallstatsMessage, callstats_message_free)
