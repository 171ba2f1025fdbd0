/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The applications this collector takes records for, each with its secret.
 *
 * Filled at start, then only read: any thread.
 */
#pragma once

#include <gio/gio.h>

typedef struct _Applications Applications;

Applications *applications_new (void);
void applications_free (Applications *applications);

/* A line break at the end of the file is no part of the secret. */
gboolean applications_add_secret_file (
    Applications *applications, const char *app, const char *path, GError **error);
/* A key file: a group an application, in it secret-file= or secret=. */
gboolean applications_add_key_file (
    Applications *applications, const char *path, GError **error);

/* Returns: (nullable): NULL where the application is not known. */
const char *applications_secret (const Applications *applications, const char *app);
/* Returns: (transfer container): their ids, sorted. */
GPtrArray *applications_list (const Applications *applications);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Applications, applications_free)
