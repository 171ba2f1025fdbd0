/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The webhooks of a configuration file. Any thread.
 */
#include "webhook-config.h"

#include <math.h>
#include <string.h>

#include "callstats/callstats-error.h"
#include "private-file.h"

#define PREFIX "webhook "
#define MAX_SECRETS 8
#define MIN_SECRET_BYTES 16

typedef struct {
  GKeyFile *file;
  const char *path;
  const char *group;
} Place;

static void
config_free (gpointer data)
{
  WebhookConfig *config = data;

  g_free (config->name);
  g_free (config->url);
  g_free (config->host);
  g_ptr_array_unref (config->secrets);
  g_strfreev (config->applications);
  g_free (config->ca_file);
  g_free (config);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (WebhookConfig, config_free)

static gboolean fail (const Place *place, const char *key, GError **error,
    const char *format, ...) G_GNUC_PRINTF (4, 5);

static gboolean
fail (const Place *place, const char *key, GError **error, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "%s: %s of [%s]: %s", place->path, key, place->group, text);
  return FALSE;
}

static char *
get_text (const Place *place, const char *key)
{
  return g_key_file_get_string (place->file, place->group, key, NULL);
}

/* Files are relative to the configuration file. */
static char *
resolve (const Place *place, const char *file)
{
  g_autofree char *folder = g_path_get_dirname (place->path);

  return g_path_is_absolute (file) ? g_strdup (file)
                                   : g_build_filename (folder, file, NULL);
}

static gboolean
read_url (const Place *place, WebhookConfig *config, GError **error)
{
  g_autoptr (GUri) uri = NULL;
  const char *scheme;

  config->url = get_text (place, "url");
  if (config->url == NULL)
    return fail (place, "url", error, "it is missing; write it like https://HOST/PATH");
  uri = g_uri_parse (config->url, G_URI_FLAGS_HAS_PASSWORD, NULL);
  scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  if ((strcmp (scheme, "https") != 0 && strcmp (scheme, "http") != 0) ||
      g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0' ||
      g_uri_get_userinfo (uri) != NULL || g_uri_get_fragment (uri) != NULL)
    return fail (place, "url", error,
        "that is not the address of a receiver; write it like https://HOST[:PORT]/PATH, "
        "without user, password and fragment");
  if (strcmp (scheme, "http") == 0 && !config->allow_plaintext)
    return fail (place, "url", error,
        "it sends what people did in plain text; use https://, or allow-plaintext=true "
        "where the network is trusted");
  config->host = g_strdup (g_uri_get_host (uri));
  config->port = g_uri_get_port (uri) > 0       ? (guint16)g_uri_get_port (uri)
                 : strcmp (scheme, "http") == 0 ? 80
                                                : 443;
  return TRUE;
}

/* A line break at the end is no part of it. */
static gboolean
add_secret (const Place *place, WebhookConfig *config, const char *file, GError **error)
{
  g_autofree char *path = resolve (place, file);
  g_autofree char *what = g_strdup_printf ("secret file of [%s]", place->group);
  g_autoptr (PrivateFile) secret = private_file_read (what, path, error);

  if (secret == NULL || !private_file_check_mode (secret, what, path, error))
    return FALSE;
  g_strchomp (secret->text);
  if (strlen (secret->text) < MIN_SECRET_BYTES)
    return fail (place, "secret-file", error,
        "the secret in \"%s\" is shorter than %d characters", path, MIN_SECRET_BYTES);
  g_ptr_array_add (config->secrets, g_bytes_new (secret->text, strlen (secret->text)));
  return TRUE;
}

static gboolean
read_secrets (const Place *place, WebhookConfig *config, GError **error)
{
  g_auto (GStrv) files =
      g_key_file_get_string_list (place->file, place->group, "secret-file", NULL, NULL);
  guint n = files != NULL ? g_strv_length (files) : 0;

  if (n == 0 || n > MAX_SECRETS)
    return fail (place, "secret-file", error,
        "name a file with what deliveries are signed with, at most %d of them",
        MAX_SECRETS);
  for (guint i = 0; i < n; i++)
    if (!add_secret (place, config, files[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
read_events (const Place *place, WebhookConfig *config, GError **error)
{
  g_auto (GStrv) names =
      g_key_file_get_string_list (place->file, place->group, "events", NULL, NULL);
  g_autofree char *known = NULL;

  for (guint i = 0; i < WEBHOOK_N_EVENTS; i++)
    config->events[i] = names == NULL && i != WEBHOOK_EVENT_SUMMARY_UPDATED;
  for (guint i = 0; names != NULL && names[i] != NULL; i++) {
    int event = webhook_event_from_name (g_strstrip (names[i]));

    if (event < 0) {
      known = webhook_event_list_names ();
      return fail (
          place, "events", error, "there is no \"%s\"; there are %s", names[i], known);
    }
    config->events[event] = TRUE;
  }
  return TRUE;
}

static gboolean
read_number (const Place *place, const char *key, double least, double most,
    double *number, GError **error)
{
  g_autofree char *text = get_text (place, key);
  char *end = NULL;
  double value;

  if (text == NULL)
    return TRUE;
  value = g_ascii_strtod (g_strstrip (text), &end);
  if (*text == '\0' || *end != '\0' || !(value >= least && value <= most))
    return fail (
        place, key, error, "\"%s\" is not a number from %g to %g", text, least, most);
  *number = value;
  return TRUE;
}

static gboolean
read_flag (const Place *place, const char *key, gboolean *flag, GError **error)
{
  g_autofree char *text = get_text (place, key);

  *flag = text != NULL && strcmp (g_strstrip (text), "true") == 0;
  if (text != NULL && !*flag && strcmp (text, "false") != 0)
    return fail (place, key, error, "\"%s\" is neither true nor false", text);
  return TRUE;
}

static gboolean
read_numbers (const Place *place, WebhookConfig *config, GError **error)
{
  double timeout = 10, retry_min = 2, retry_max = 600, max_age = 86400,
         max_waiting = 1000;

  if (!read_number (place, "timeout", 0.1, 60, &timeout, error) ||
      !read_number (place, "retry-min", 0.01, 3600, &retry_min, error) ||
      !read_number (place, "retry-max", retry_min, 86400, &retry_max, error) ||
      !read_number (place, "max-age", 1, 30 * 86400, &max_age, error) ||
      !read_number (place, "max-waiting", 1, 100000, &max_waiting, error))
    return FALSE;
  config->timeout = (gint64)(timeout * G_USEC_PER_SEC);
  config->retry_min = (gint64)(retry_min * G_USEC_PER_SEC);
  config->retry_max = (gint64)(MAX (retry_max, retry_min) * G_USEC_PER_SEC);
  config->max_age = (gint64)(max_age * G_USEC_PER_SEC);
  config->max_waiting = (guint)max_waiting;
  for (guint i = 0; i < WEBHOOK_N_EVENTS; i++) {
    const WebhookThreshold *threshold = webhook_event_get_threshold (i);

    config->thresholds[i] = threshold->fallback;
    if (threshold->key != NULL && !read_number (place, threshold->key, threshold->least,
                                      threshold->most, &config->thresholds[i], error))
      return FALSE;
  }
  return TRUE;
}

static const char *const known_keys[] = { "url", "secret-file", "applications", "events",
  "ca-file", "allow-plaintext", "allow-private-addresses", "timeout", "retry-min",
  "retry-max", "max-age", "max-waiting", NULL };

/* Returns: (transfer full) */
static char *
list_keys (void)
{
  GString *keys = g_string_new (NULL);

  for (guint i = 0; known_keys[i] != NULL; i++)
    g_string_append_printf (keys, "%s%s", i > 0 ? ", " : "", known_keys[i]);
  for (guint i = 0; i < WEBHOOK_N_EVENTS; i++)
    if (webhook_event_get_threshold (i)->key != NULL)
      g_string_append_printf (keys, ", %s", webhook_event_get_threshold (i)->key);
  return g_string_free (keys, FALSE);
}

/* A misspelt key would be a limit that is not kept. */
static gboolean
check_keys (const Place *place, GError **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (place->file, place->group, NULL, NULL);
  g_autofree char *list = list_keys ();

  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    if (!g_strv_contains (known_keys, keys[i]) && !webhook_event_is_threshold (keys[i]))
      return fail (place, keys[i], error, "there is no such key; there are: %s", list);
  return TRUE;
}

static gboolean
read_ca_file (const Place *place, WebhookConfig *config, GError **error)
{
  g_autofree char *file = get_text (place, "ca-file");

  if (file == NULL)
    return TRUE;
  config->ca_file = resolve (place, file);
  return g_file_test (config->ca_file, G_FILE_TEST_IS_REGULAR) ||
         fail (place, "ca-file", error, "there is no file \"%s\"", config->ca_file);
}

static WebhookConfig *
load_group (const Place *place, GError **error)
{
  g_autoptr (WebhookConfig) config = g_new0 (WebhookConfig, 1);

  config->secrets = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  config->name = g_strstrip (g_strdup (place->group + strlen (PREFIX)));
  config->applications =
      g_key_file_get_string_list (place->file, place->group, "applications", NULL, NULL);
  if (!check_keys (place, error) ||
      !read_flag (place, "allow-plaintext", &config->allow_plaintext, error) ||
      !read_flag (place, "allow-private-addresses", &config->allow_private, error) ||
      !read_url (place, config, error) || !read_secrets (place, config, error) ||
      !read_events (place, config, error) || !read_numbers (place, config, error) ||
      !read_ca_file (place, config, error))
    return NULL;
  return g_steal_pointer (&config);
}

gboolean
webhook_config_is_group (const char *group)
{
  return g_str_has_prefix (group, PREFIX) && group[strlen (PREFIX)] != '\0';
}

GPtrArray *
webhook_config_load (GKeyFile *file, const char *path, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (config_free);
  g_auto (GStrv) groups = file != NULL ? g_key_file_get_groups (file, NULL) : NULL;

  for (guint i = 0; groups != NULL && groups[i] != NULL; i++) {
    Place place = { .file = file, .path = path, .group = groups[i] };
    WebhookConfig *config;

    if (!webhook_config_is_group (groups[i]))
      continue;
    config = load_group (&place, error);
    if (config == NULL)
      return NULL;
    g_ptr_array_add (list, config);
  }
  return g_steal_pointer (&list);
}

gboolean
webhook_config_wants_app (const WebhookConfig *config, const char *app)
{
  return config->applications == NULL ||
         g_strv_contains ((const char *const *)config->applications, app);
}
