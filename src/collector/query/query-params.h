/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parameters of a query string. The first one that is not as it must be is answered with
 * 400; what is read after it does not matter.
 *
 * Main thread only.
 */
#pragma once

#include <libsoup/soup.h>

#include "store.h"

typedef struct {
  SoupServerMessage *message;
  GHashTable *params; /* nullable */
  gboolean refused;   /* the message has been answered */
} QueryParams;

/* name: of a parameter that is not as it must be. */
void query_params_refuse (
    QueryParams *self, const char *name, const char *value, const char *wanted);

guint query_params_limit (QueryParams *self, guint fallback, guint max);
/* Of the store. Returns: 0 where it is not given. */
gint64 query_params_id (QueryParams *self, const char *name);
/* Milliseconds since the epoch. Returns: µs. */
gint64 query_params_time (QueryParams *self, const char *name, gint64 fallback);
/* Returns: (nullable): not empty, valid UTF-8. */
const char *query_params_text (QueryParams *self, const char *name);
/* true or false. */
gboolean query_params_flag (QueryParams *self, const char *name, gboolean fallback);
/* Returns: NAN where it is not given. */
double query_params_number (QueryParams *self, const char *name, double min, double max);
/* choices: ends with NULL; the first one is the fallback. Returns: its index. */
guint query_params_choice (
    QueryParams *self, const char *name, const char *const *choices);
guint query_params_count (QueryParams *self, const char *name, guint fallback, guint max);
/* Of a series: auto, raw, or milliseconds. Returns: µs, 0 for raw, -1 for auto. */
gint64 query_params_step (QueryParams *self, const char *name);
/* Returns: whether it is given. */
gboolean query_params_cursor (QueryParams *self, const char *name, StoreCursor *cursor);

/* What conferences are looked for: user, site, q, from, to, failed, dropped and
 * lowScore. Its strings are the parameters'. */
void query_params_search (QueryParams *self, StoreSearch *search);

char *query_format_cursor (const StoreCursor *cursor);
