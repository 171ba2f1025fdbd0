/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What every HTTP answer of the collector has in common: headers, JSON, the form of
 * errors.
 *
 * Main thread only.
 */
#pragma once

#include <libsoup/soup.h>

/* From here on time is taken for an answer; it tells how long it took (Server-Timing). */
void reply_take_time (SoupServerMessage *message);

/* Takes the text. */
void reply_json (SoupServerMessage *message, guint status, char *json);
/* The same of another type. */
void reply_text (
    SoupServerMessage *message, guint status, const char *content_type, char *text);
/* {"error": {"code", "message"}} */
void reply_error (
    SoupServerMessage *message, guint status, const char *code, const char *text);
void reply_empty (SoupServerMessage *message, guint status);
void reply_bytes (SoupServerMessage *message, const char *content_type, GBytes *bytes);
/* A file of the program. */
void reply_file (
    SoupServerMessage *message, const char *resource, const char *content_type);
/* The headers of an answer whose body follows in chunks. */
void reply_begin_stream (SoupServerMessage *message, const char *content_type);
