/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How far a listener has come in what the store has of a conference: its events in the
 * order in which they were stored, and each fabric's reports. As text it is the id of an
 * event of the stream.
 *
 * Pure, any thread.
 */
#pragma once

#include "store.h"

typedef struct {
  gint64 fabric; /* StoreFabric.id */
  StoreCursor cursor;
  guint64 reports; /* how many the fabric had, when it was last looked at */
  gboolean more;   /* there were more than were taken */
} LiveFabric;

typedef struct {
  gint64 event;
  gint64 newest;   /* id of the newest fabric that was seen */
  GArray *fabrics; /* LiveFabric, by id */
} LivePosition;

/* Before everything. */
LivePosition *live_position_new (void);
void live_position_free (LivePosition *position);

/* Behind all that a conference had. */
LivePosition *live_position_of (const StoreDetail *detail);
/* Returns: (nullable) (transfer full): NULL where the text is none. */
LivePosition *live_position_parse (const char *text);
void live_position_append (const LivePosition *position, GString *text);

/* Valid until the next one is found. Fabrics that are not in a position that was parsed,
 * though it is newer than they are, had nothing new for long: they begin at their end. */
LiveFabric *live_position_find (LivePosition *position, const StoreFabric *fabric);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LivePosition, live_position_free)
