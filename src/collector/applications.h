/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The applications this collector takes records for, each with what its tokens are
 * checked by: secrets (HS256) and public keys (ES256). There may be several of each, so
 * that they can be exchanged while clients still use the old ones.
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
/* A public EC key on the curve P-256, in PEM. */
gboolean applications_add_public_key_file (
    Applications *applications, const char *app, const char *path, GError **error);
/* A key file: a group an application, in it secret-file=, key-file= or secret=. */
gboolean applications_add_key_file (
    Applications *applications, const char *path, GError **error);

gboolean applications_contain (const Applications *applications, const char *app);
/* Of a known application. Returns: (transfer none) (element-type utf8) */
const GPtrArray *applications_get_secrets (
    const Applications *applications, const char *app);
const GPtrArray *applications_get_public_keys (
    const Applications *applications, const char *app);
/* Returns: (transfer container): their ids, sorted. */
GPtrArray *applications_list (const Applications *applications);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Applications, applications_free)
