/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What statistics that are not W3C's call things, and in which units. Pure, any thread.
 */
#pragma once

#include <glib.h>

typedef enum {
  REST_STAT_TEXT,
  REST_STAT_NUMBER, /* may be told as text */
  REST_STAT_BOOLEAN,
} RestStatKind;

typedef struct {
  const char *from;
  const char *to;
} RestStatWord;

/* Lists of these end with a row whose from is NULL. */
typedef struct {
  const char *from;
  const char *to;
  RestStatKind kind;
  double scale;              /* of a number, to W3C's unit */
  double least;              /* what is below it means: not known */
  const RestStatWord *words; /* of a text; NULL: as it is */
} RestStatName;

/* Objects that are about no stream. */
typedef struct {
  const char *from;
  const char *to;
  const RestStatName *names;
} RestStatType;

/* A stream in one direction: what it tells itself, and what the other end does. */
typedef struct {
  const char *type;
  const RestStatName *names;
  const char *remote_type;
  const RestStatName *remote_names;
} RestStatStream;

/* Returns: (nullable): NULL: it is called the same by W3C, or has no name there. */
const RestStatType *rest_stats_find_type (const char *type);
const RestStatStream *rest_stats_legacy_stream (gboolean sent);
const RestStatStream *rest_stats_bridge_stream (gboolean sent);

/* Computed by callstats' client, or copied by it from another object. type: W3C's. */
gboolean rest_stats_is_derived (const char *type, const char *field);
