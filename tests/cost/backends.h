/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Backends that are well and that are not: a callstats-collector of the test's own,
 * behind a relay that stalls or comes and goes.
 *
 * For the test's main thread; the relay has one of its own.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  BACKEND_HEALTHY,
  BACKEND_DEAD,     /* refuses connections */
  BACKEND_STALLED,  /* accepts, upgrades, welcomes, and then neither reads nor answers */
  BACKEND_FLAPPING, /* is there for a second, and gone with all connections for the next
                     */
} BackendKind;

typedef struct _Backend Backend;

/* CALLSTATS_COLLECTOR in the environment is the collector's program. */
Backend *backend_new (BackendKind kind);
void backend_free (Backend *backend);

const char *backend_get_url (Backend *backend);
const char *backend_get_app (Backend *backend);
const char *backend_get_secret_file (Backend *backend);
/* Connections that stalled, or were broken, so far; 0 where nothing is wrong. */
guint backend_count_harmed (Backend *backend);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Backend, backend_free)

G_END_DECLS
