/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a client is told to be: its check, its description, its tokens. Any thread; reads
 * the files of secret and key.
 */
#include <string.h>
#include <sys/utsname.h>

#include "callstats-backend-private.h"
#include "callstats-configuration-private.h"
#include "callstats-error.h"
#include "callstats-json-private.h"
#include "callstats-limits-private.h"
#include "callstats-route-private.h"
#include "callstats-token-private.h"
#include "callstats-version.h"

CallstatsConfiguration *
callstats_configuration_copy (const CallstatsConfiguration *from)
{
  CallstatsConfiguration *copy = g_new (CallstatsConfiguration, 1);

  *copy = *from;
  copy->backend_url = g_strdup (from->backend_url);
  copy->app_id = g_strdup (from->app_id);
  copy->app_secret = g_strdup (from->app_secret);
  copy->app_secret_file = g_strdup (from->app_secret_file);
  copy->app_key_file = g_strdup (from->app_key_file);
  copy->token = g_strdup (from->token);
  copy->ca_file = g_strdup (from->ca_file);
  copy->user_id = g_strdup (from->user_id);
  copy->user_name = g_strdup (from->user_name);
  copy->conference_id = g_strdup (from->conference_id);
  copy->site_id = g_strdup (from->site_id);
  copy->application_version = g_strdup (from->application_version);
  copy->spool_dir = g_strdup (from->spool_dir);
  copy->allowed_backends = g_strdup (from->allowed_backends);
  if (from->additional_ids != NULL)
    copy->additional_ids = g_variant_ref (from->additional_ids);
  return copy;
}

void
callstats_configuration_clear (CallstatsConfiguration *configuration)
{
  g_free (configuration->backend_url);
  g_free (configuration->app_id);
  g_free (configuration->app_secret);
  g_free (configuration->app_secret_file);
  g_free (configuration->app_key_file);
  g_free (configuration->token);
  g_free (configuration->ca_file);
  g_free (configuration->user_id);
  g_free (configuration->user_name);
  g_free (configuration->conference_id);
  g_free (configuration->site_id);
  g_free (configuration->application_version);
  g_free (configuration->spool_dir);
  g_free (configuration->allowed_backends);
  g_clear_pointer (&configuration->additional_ids, g_variant_unref);
}

void
callstats_configuration_free (CallstatsConfiguration *configuration)
{
  if (configuration == NULL)
    return;
  callstats_configuration_clear (configuration);
  g_free (configuration);
}

static const char *
unless_empty (const char *string)
{
  return string != NULL && *string != '\0' ? string : NULL;
}

/* Check */

static gboolean
check_text (const char *property, const char *value, gsize limit, GError **error)
{
  if (callstats_check_text (property, value, limit, error))
    return TRUE;
  if (error != NULL) {
    g_autofree char *what = (*error)->message;

    (*error)->message = g_strconcat (what, ": nothing is sent; set another", NULL);
  }
  return FALSE;
}

/* A file asks for no credentials: whoever imports it can tell what is missing. */
static gboolean
check_id (const CallstatsConfiguration *configuration, const char *property,
    const char *value, GError **error)
{
  gboolean is_file = configuration->backend_url != NULL &&
                     callstats_backend_is_file (configuration->backend_url);

  if (unless_empty (value) == NULL && !is_file) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "There is a backend-url but no %s: nothing is sent; set %s", property, property);
    return FALSE;
  }
  return check_text (property, value, CALLSTATS_MAX_USER_ID, error);
}

static gboolean
check_additional_ids (GVariant *ids, GError **error)
{
  static const char *const known[] = { "customerID", "tenantID", "productName",
    "meetingsName", "serverName", "pbxID", "pbxExtensionID", "fqExtensionID", "sessionID",
    NULL };
  GVariantIter iter;
  const char *name, *value;

  if (ids == NULL)
    return TRUE;
  g_variant_iter_init (&iter, ids);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &value)) {
    if (!g_strv_contains (known, name)) {
      g_autofree char *quoted = callstats_quote (name);

      g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
          "additional-ids: callstats knows no “%s”: nothing is sent; leave it out",
          quoted);
      return FALSE;
    }
    if (!check_text (name, value, CALLSTATS_MAX_ADDITIONAL_ID, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
callstats_configuration_check (
    const CallstatsConfiguration *configuration, GError **error)
{
  return check_id (configuration, "app-id", configuration->app_id, error) &&
         check_id (configuration, "user-id", configuration->user_id, error) &&
         check_text (
             "user-name", configuration->user_name, CALLSTATS_MAX_USER_ID, error) &&
         check_text ("site-id", configuration->site_id, CALLSTATS_MAX_SITE_ID, error) &&
         check_text ("application-version", configuration->application_version,
             CALLSTATS_MAX_APPLICATION_VERSION, error) &&
         callstats_route_check_allowed (configuration->allowed_backends, error) &&
         check_additional_ids (configuration->additional_ids, error);
}

/* Description */

static void
append_text (GString *json, const char *name, const char *value)
{
  if (unless_empty (value) == NULL)
    return;
  callstats_json_append_member (json, name);
  callstats_json_append_string (json, value);
}

static void
append_endpoint (GString *json, const char *application_version)
{
  struct utsname system;

  callstats_json_append_member (json, "endpointInfo");
  g_string_append (json, "{\"type\":\"native\"");
  if (uname (&system) == 0) {
    append_text (json, "os", system.sysname);
    append_text (json, "osVersion", system.release);
  }
  append_text (json, "buildName", "gst-callstats");
  append_text (json, "buildVersion", CALLSTATS_VERSION_S);
  append_text (json, "appVersion", application_version);
  g_string_append_c (json, '}');
}

char *
callstats_configuration_describe (const CallstatsConfiguration *configuration)
{
  GString *json = g_string_new ("{");

  append_endpoint (json, configuration->application_version);
  append_text (json, "userName", configuration->user_name);
  append_text (json, "siteID", configuration->site_id);
  if (configuration->additional_ids != NULL) {
    callstats_json_append_member (json, "additionalIDs");
    callstats_json_append_variant (json, configuration->additional_ids);
  }
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

/* Tokens */

/* The whole file but its line end, as the collector reads it. */
static void
strip_line_end (char *text)
{
  gsize length = strlen (text);

  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
    text[--length] = '\0';
}

/* Returns: (transfer full) (nullable): NULL with an error. */
static char *
read_file (const char *property, const char *path, GError **error)
{
  g_autoptr (GError) read_error = NULL;
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, &read_error))
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "%s “%s” cannot be read (%s): nothing is sent; make it readable or name another",
        property, path, read_error->message);
  return text;
}

static char *
read_secret (const CallstatsConfiguration *configuration, GError **error)
{
  const char *path = unless_empty (configuration->app_secret_file);
  g_autofree char *text = NULL;

  if (unless_empty (configuration->app_secret) != NULL)
    return g_strdup (configuration->app_secret);
  if (path == NULL) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "There is a backend-url but no secret: set app-secret-file or app-key-file, or "
        "answer need-token; nothing is sent until then");
    return NULL;
  }
  text = read_file ("app-secret-file", path, error);
  if (text == NULL)
    return NULL;
  strip_line_end (text);
  if (*text == '\0') {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "app-secret-file “%s” is empty: nothing is sent; write the application's secret "
        "into it",
        path);
    return NULL;
  }
  return g_steal_pointer (&text);
}

static char *
sign_by_secret (const CallstatsConfiguration *configuration,
    const CallstatsTokenClaims *claims, GError **error)
{
  g_autofree char *secret = read_secret (configuration, error);

  return secret != NULL ? callstats_token_sign (secret, claims, error) : NULL;
}

static char *
sign_by_key (const char *path, const CallstatsTokenClaims *claims, GError **error)
{
  g_autofree char *key = read_file ("app-key-file", path, error);
  g_autoptr (GError) unfit = NULL;
  char *token;

  if (key == NULL)
    return NULL;
  token = callstats_token_sign_by_key (key, claims, &unfit);
  if (token == NULL)
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "app-key-file “%s” is of no use (%s): nothing is sent; make a key with openssl "
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        path, unfit->message);
  return token;
}

gboolean
callstats_configuration_needs_token (const CallstatsConfiguration *configuration)
{
  return unless_empty (configuration->app_secret) == NULL &&
         unless_empty (configuration->app_secret_file) == NULL &&
         unless_empty (configuration->app_key_file) == NULL;
}

char *
callstats_configuration_make_token (const CallstatsConfiguration *configuration,
    const char *audience, gint64 now, GError **error)
{
  const char *key_file = unless_empty (configuration->app_key_file);
  CallstatsTokenClaims claims = {
    .app_id = configuration->app_id,
    .user_id = configuration->user_id,
    .audience = audience,
    .now = now,
  };

  if (unless_empty (configuration->token) != NULL)
    return g_strdup (configuration->token);
  if (key_file != NULL)
    return sign_by_key (key_file, &claims, error);
  return sign_by_secret (configuration, &claims, error);
}

/* Who is the same */

static gboolean
same_text (const char *one, const char *other)
{
  return g_strcmp0 (unless_empty (one), unless_empty (other)) == 0;
}

gboolean
callstats_configuration_same_identity (
    const CallstatsConfiguration *one, const CallstatsConfiguration *other)
{
  return same_text (one->app_id, other->app_id) &&
         same_text (one->user_id, other->user_id) &&
         same_text (one->spool_dir, other->spool_dir) &&
         same_text (one->ca_file, other->ca_file) &&
         same_text (one->allowed_backends, other->allowed_backends) &&
         one->allow_plaintext == other->allow_plaintext;
}

gboolean
callstats_configuration_same_credentials (
    const CallstatsConfiguration *one, const CallstatsConfiguration *other)
{
  return same_text (one->app_secret, other->app_secret) &&
         same_text (one->app_secret_file, other->app_secret_file) &&
         same_text (one->app_key_file, other->app_key_file);
}
