/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Secrets sealed for a key file: AES-256-GCM under a key that lies elsewhere. Each has a
 * nonce of its own, and is bound to its application, so that a line moved into another
 * group opens nothing.
 *
 * Any thread.
 */
#pragma once

#include <gio/gio.h>

#define SEAL_PREFIX "sealed:"

typedef struct _SealKey SealKey;

/* A file of 32 random bytes in base64, for its owner alone. Returns: (nullable): NULL
 * with an error. */
SealKey *seal_key_read (const char *path, GError **error);
void seal_key_free (SealKey *key);

/* Returns: (transfer full) (nullable): the secret as a key file holds it, with
 * SEAL_PREFIX; NULL with an error. */
char *seal_secret (
    const SealKey *key, const char *app, const char *secret, GError **error);
/* sealed: as seal_secret() made it. Returns: (transfer full) (nullable): the secret; NULL
 * with an error that quotes neither. */
char *seal_open (const SealKey *key, const char *app, const char *sealed, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SealKey, seal_key_free)
