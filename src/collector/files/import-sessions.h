/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sessions of imported files, on their way to the store.
 *
 * Main thread only.
 */
#pragma once

#include "record-line.h"
#include "store.h"

typedef struct _ImportSessions ImportSessions;

/* app, user: (nullable): of sessions that do not say. */
ImportSessions *import_sessions_new (Store *store, const char *app, const char *user);
/* Nothing more is given to the store; its answers still come. */
void import_sessions_close (ImportSessions *sessions);
/* When the store is gone, and its answers have come. */
void import_sessions_free (ImportSessions *sessions);

/* A session begins or goes on. */
void import_sessions_introduce (ImportSessions *sessions, const RecordLine *line);
/* FALSE: nobody knows whose record it is. */
gboolean import_sessions_take (
    ImportSessions *sessions, const RecordLine *line, GError **error);
/* Gives the store what waits for company. */
void import_sessions_submit (ImportSessions *sessions);

/* Records that are in the store now and were not before. */
guint64 import_sessions_get_written (ImportSessions *sessions);
/* Returns: (nullable): the store's error, after which nothing more is written. */
const GError *import_sessions_get_error (ImportSessions *sessions);
