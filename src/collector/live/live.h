/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Live updates: Server-Sent Events of a conference, or of an application's list.
 *
 * Each listener reads the store from where it stands, when something was committed that
 * it is about, and only after its peer has taken what was sent before. So no more than
 * one piece waits for a slow reader, and one that comes back goes on where it was.
 *
 * Main thread only; the store is read on threads of its own.
 */
#pragma once

#include "access.h"
#include "router.h"
#include "store.h"

typedef struct _Live Live;

Live *live_new (Store *store, const Applications *applications, const Access *access);
void live_add_routes (Live *live, Router *router);
/* Something that is not told by store_watch() changed in the conference. */
void live_changed (Live *live, const char *app, const char *conference);
/* Ends all streams, with a hint when to come again, and takes no more. */
void live_stop (Live *live);
/* Before the store is freed. */
void live_free (Live *live);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Live, live_free)
