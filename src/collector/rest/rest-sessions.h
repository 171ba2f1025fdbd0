/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way of records from callstats' REST API into the store: a session for each user,
 * named after this run of the collector, its records numbered here. A request is answered
 * once its records are durable.
 *
 * Main thread only.
 */
#pragma once

#include <libsoup/soup.h>

#include "store.h"

typedef struct _RestSessions RestSessions;

RestSessions *rest_sessions_new (Store *store);
/* Before the store, which still writes what it was given. */
void rest_sessions_free (RestSessions *sessions);

/* Answers message with success or, where uc_id is not NULL, that the user has joined;
 * with an error where the store fails or is too far behind. records: (transfer full)
 * (element-type CallstatsRecord). */
void rest_sessions_store (RestSessions *sessions, const char *app, const char *user,
    GPtrArray *records, SoupServerMessage *message, const char *uc_id);
