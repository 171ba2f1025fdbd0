/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One line of a recorded file, as docs/protocol.md has it. What it reads is not to be
 * trusted: the bounds are those of records that come over a connection.
 *
 * Pure, any thread.
 */
#pragma once

#include "callstats/callstats-codec-private.h"

/* A record of the greatest length, and what is around it. */
#define RECORD_LINE_MAX (CALLSTATS_MAX_RECORD + 4096)

typedef enum {
  RECORD_LINE_OTHER, /* of a later version, or empty: ignored */
  RECORD_LINE_SESSION,
  RECORD_LINE_RECORD,
} RecordLineKind;

typedef struct {
  RecordLineKind kind;
  char *session;
  char *app; /* session: nullable, as the two below */
  char *user;
  char *user_name;
  guint64 sequence; /* record */
  CallstatsRecord *record;
} RecordLine;

gboolean record_line_parse (
    RecordLine *line, const char *text, gsize length, GError **error);
void record_line_clear (RecordLine *line);

/* 1 to 128 bytes, as in a token. */
gboolean record_line_id_is_valid (const char *id);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RecordLine, record_line_clear)
