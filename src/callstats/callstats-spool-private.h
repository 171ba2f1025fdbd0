/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The journal behind an outbox, kept by the disk thread: one a process, so that nobody
 * else ever waits for a disk.
 *
 * What is pushed is written at once, so it survives the process. It survives the power
 * too once it is synced: CALLSTATS_SYNC_MS after it was written, or twice that, unless
 * the backend has acknowledged it by then. What is dropped is synced before anything is
 * sent under a number that follows from that.
 *
 * Monitor thread only.
 */
#pragma once

#include "callstats-outbox-private.h"
#include "callstats-spool-folder-private.h"

#define CALLSTATS_SYNC_MS 1500

typedef struct {
  const char *path;   /* of the folder */
  const char *origin; /* of the backend */
  const char *app_id;
  const char *user_id;
  guint64 max_bytes; /* of each journal */
  guint64 max_age;   /* seconds */
} CallstatsSpoolOptions;

/* Where the journals of one backend, application and user lie. */
typedef struct _CallstatsSpoolShelf CallstatsSpoolShelf;

typedef struct {
  /* What others left (element-type CallstatsSpoolHome), oldest first; each is to be given
   * to callstats_spool_new(). Once at least; again when others have died meanwhile.
   * (transfer container) */
  void (*found) (GPtrArray *homes, gpointer user_data);
  /* Once: nothing can be kept on disk, or no longer. */
  void (*trouble) (const GError *error, gpointer user_data);
} CallstatsSpoolShelfCallbacks;

/* Looks for what others left, and again now and then. */
CallstatsSpoolShelf *callstats_spool_shelf_new (const CallstatsSpoolOptions *options,
    const CallstatsSpoolShelfCallbacks *callbacks, gpointer user_data);
void callstats_spool_shelf_set_bounds (
    CallstatsSpoolShelf *shelf, guint64 max_bytes, guint64 max_age);
/* No callback comes any more; its spools may live on. */
void callstats_spool_shelf_free (CallstatsSpoolShelf *shelf);

/* Records that are too old are lost. */
void callstats_spool_shelf_expire (CallstatsSpoolShelf *shelf, CallstatsSpoolHome *home);

typedef struct _CallstatsSpool CallstatsSpool;

/* home: (transfer full) (nullable): what was found; NULL: one is made for the session
 * when there is something to write. ready() is called when something can be sent, or
 * callstats_spool_is_quiet() has changed. */
CallstatsSpool *callstats_spool_new (CallstatsSpoolShelf *shelf, CallstatsSpoolHome *home,
    const char *session, CallstatsOutbox *outbox, void (*ready) (gpointer user_data),
    gpointer user_data);
/* through: nothing of it is needed any more; else what is in the outbox is written yet,
 * and the next client goes on. */
void callstats_spool_free (CallstatsSpool *spool, gboolean through);

/* The outbox changed. */
void callstats_spool_kick (CallstatsSpool *spool);
/* Writes and syncs what there is, without waiting for company. */
void callstats_spool_flush (CallstatsSpool *spool);
/* The session goes on under another name. */
void callstats_spool_rename (CallstatsSpool *spool, const char *session);
/* All there is to keep is synced, or it cannot be. */
gboolean callstats_spool_is_quiet (CallstatsSpool *spool);
/* The disk knows the session's name, or it cannot be told. */
gboolean callstats_spool_is_named (CallstatsSpool *spool);
gsize callstats_spool_bytes (CallstatsSpool *spool);
