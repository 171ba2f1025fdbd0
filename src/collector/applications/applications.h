/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The applications this collector takes records for, each with what its tokens are
 * checked by: secrets (HS256) and public keys (ES256), several of each while they are
 * exchanged; and the read tokens by which its data is read.
 *
 * Main thread only: a reload exchanges all of it, and what a getter returned is gone
 * then.
 */
#pragma once

#include <gio/gio.h>

typedef struct _Applications Applications;

/* How much of the addresses that clients of callstats tell is kept. */
typedef enum {
  COLLECT_IP_MASKED, /* the /24 of IPv4, the /48 of IPv6 */
  COLLECT_IP_FULL,
  COLLECT_IP_NONE,
} CollectIp;

#define APPLICATIONS_ALL "*" /* the group of a key file whose read tokens are for all */
#define READ_TOKEN_HASH_BYTES 32

Applications *applications_new (void);
void applications_free (Applications *applications);

/* The key that opens sealed secrets; given before the file they are in. */
gboolean applications_set_seal_key_file (
    Applications *applications, const char *path, GError **error);
/* Leaves them sealed, so that no key is needed: for those who look at the rest alone and
 * check no token. */
void applications_leave_sealed (Applications *applications);
/* A line break at the end of the file is no part of the secret. */
gboolean applications_add_secret_file (
    Applications *applications, const char *app, const char *path, GError **error);
/* A public EC key on the curve P-256, in PEM. */
gboolean applications_add_public_key_file (
    Applications *applications, const char *app, const char *path, GError **error);
/* A key file: a group an application; docs/collector.md lists its keys. */
gboolean applications_add_key_file (
    Applications *applications, const char *path, GError **error);
/* Reads again everything that was added. Where any of it is broken, all stays as it was.
 */
gboolean applications_reload (Applications *applications, GError **error);

gboolean applications_contain (const Applications *applications, const char *app);
/* Of a known application. Returns: (transfer none) (element-type utf8) */
const GPtrArray *applications_get_secrets (
    const Applications *applications, const char *app);
const GPtrArray *applications_get_public_keys (
    const Applications *applications, const char *app);
/* What people call it. Returns: (transfer none) (nullable) */
const char *applications_get_name (const Applications *applications, const char *app);
/* How long it keeps its reports and its summaries; 0: for ever; -1: it does not say. */
int applications_get_raw_days (const Applications *applications, const char *app);
int applications_get_summary_days (const Applications *applications, const char *app);
/* Which pages may report from a browser, as web-origin.h has them; empty: all. Returns:
 * (transfer none) (nullable) (element-type utf8): NULL: the application is not known. */
const GPtrArray *applications_get_allowed_origins (
    const Applications *applications, const char *app);
/* Whether clients of callstats are asked for session descriptions and device lists. */
gboolean applications_collect_sdp (const Applications *applications, const char *app);
gboolean applications_collect_devices (const Applications *applications, const char *app);
CollectIp applications_get_collect_ip (const Applications *applications, const char *app);
/* What clients of callstats are told of peer connections and media: a JSON object.
 * Returns: (transfer none) (nullable) */
const char *applications_get_default_config (
    const Applications *applications, const char *app);
const char *applications_get_recommended_config (
    const Applications *applications, const char *app);
/* Returns: (transfer container): their ids, sorted. */
GPtrArray *applications_list (const Applications *applications);

gboolean applications_have_read_tokens (const Applications *applications);
/* Whether the read token with this hash (SHA-256, READ_TOKEN_HASH_BYTES) is one of the
 * application's or one for all of them. app: (nullable): NULL: whether there is such a
 * token. It takes the same time wherever the bytes differ. */
gboolean applications_match_read_token (
    const Applications *applications, const guint8 *hash, const char *app);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Applications, applications_free)
