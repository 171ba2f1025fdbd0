/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a client is told to be. Plain data, any thread.
 */
#pragma once

#include <glib.h>

/* Strings are nullable. */
typedef struct {
  char *backend_url;
  char *app_id;
  char *app_secret;
  char *app_secret_file;
  char *app_key_file;
  char *token;
  char *ca_file;
  char *user_id;
  char *user_name;
  char *conference_id;
  char *site_id;
  char *application_version;
  GVariant *additional_ids; /* a{ss}; nullable */
  gboolean allow_plaintext;
  char *allowed_backends; /* origins */
  guint64 memory_max_bytes;
  char *spool_dir;
  guint64 spool_max_bytes;
  guint64 spool_max_age;    /* seconds */
  guint credentials_serial; /* steps when something is set that a token depends on */
} CallstatsConfiguration;

CallstatsConfiguration *callstats_configuration_copy (const CallstatsConfiguration *from);
/* Frees what it points to. */
void callstats_configuration_clear (CallstatsConfiguration *configuration);
void callstats_configuration_free (CallstatsConfiguration *configuration);

/* FALSE: something cannot be sent to the backend; the error says what, and the way out.
 */
gboolean callstats_configuration_check (
    const CallstatsConfiguration *configuration, GError **error);
/* Returns: (transfer full): a JSON object: what hello and userJoined tell of this client.
 */
char *callstats_configuration_describe (const CallstatsConfiguration *configuration);
/* Returns: (transfer full): a token for the audience: the application's own, or one
 * signed with its key or its secret, in this order. NULL with an error. now: seconds
 * since the epoch, by the backend's clock. */
char *callstats_configuration_make_token (const CallstatsConfiguration *configuration,
    const char *audience, gint64 now, GError **error);
/* The same application and user, whose records are kept in the same place, and the same
 * way to be sure of a backend. */
gboolean callstats_configuration_same_identity (
    const CallstatsConfiguration *one, const CallstatsConfiguration *other);
/* Tokens of both are made with the same, or by the application. */
gboolean callstats_configuration_same_credentials (
    const CallstatsConfiguration *one, const CallstatsConfiguration *other);
/* Whether only the application can make a token. */
gboolean callstats_configuration_needs_token (
    const CallstatsConfiguration *configuration);
