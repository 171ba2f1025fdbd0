/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The files applications and their credentials come from. Main thread only.
 */
#include "applications-private.h"

#include <string.h>

#include "callstats/callstats-error.h"
#include "callstats/callstats-json-private.h"
#include "public-key.h"
#include "web-origin.h"

#define MAX_SECRET 4096
#define MAX_CREDENTIALS 8 /* of a kind; a bad token costs as many checks */
#define MAX_READ_TOKENS 64
#define MAX_LABEL 64
#define MAX_NAME 256
#define MAX_DAYS 36500
#define PEM_LINE 64

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (
        CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT, format, args);
  va_end (args);
  return FALSE;
}

/* ---- Credentials ---- */

static gboolean
add_credential (const char *app, GPtrArray *list, const char *credential, GError **error)
{
  if (list->len >= MAX_CREDENTIALS)
    return fail (error,
        "application \"%s\" has more than %d secrets or keys; take old ones away", app,
        MAX_CREDENTIALS);
  g_ptr_array_add (list, g_strdup (credential));
  return TRUE;
}

static gboolean
check_secret (const char *secret, gsize length, const char *origin, GError **error)
{
  const char *wrong = NULL;

  if (length == 0)
    wrong = "is empty; write the application's secret into it";
  else if (strlen (secret) != length)
    wrong =
        "holds a NUL byte, so it is no secret; write the application's secret into it";
  else if (g_str_has_prefix (secret, "-----BEGIN"))
    /* Whoever has a public key could sign with it. */
    wrong = "holds a key in PEM, which is no secret; give a public key with --app-key";
  else if (length > MAX_SECRET)
    wrong = "is longer than 4096 bytes, so it is no secret; check the path";
  return wrong == NULL || fail (error, "%s %s", origin, wrong);
}

gboolean
application_add_secret (Application *application, const char *app, const char *secret,
    const char *origin, GError **error)
{
  return check_secret (secret, strlen (secret), origin, error) &&
         add_credential (app, application->secrets, secret, error);
}

gboolean
application_add_public_key (
    Application *application, const char *app, const char *pem, GError **error)
{
  return add_credential (app, application->public_keys, pem, error);
}

gboolean
application_add_read_token (
    Application *application, const char *app, const ReadToken *token, GError **error)
{
  if (application->read_tokens->len >= MAX_READ_TOKENS)
    return fail (error, "application \"%s\" has more than %d read tokens; take some away",
        app, MAX_READ_TOKENS);
  g_ptr_array_add (application->read_tokens, g_memdup2 (token, sizeof *token));
  return TRUE;
}

gboolean
application_add_secret_file (
    Application *application, const char *app, const char *path, GError **error)
{
  g_autofree char *what = g_strdup_printf ("secret file of application \"%s\"", app);
  g_autofree char *origin = g_strdup_printf ("secret file \"%s\"", path);
  g_autoptr (PrivateFile) file = private_file_read (what, path, error);
  gsize length;

  if (file == NULL)
    return FALSE;
  length = file->length;
  while (length > 0 && (file->text[length - 1] == '\n' || file->text[length - 1] == '\r'))
    file->text[--length] = '\0';
  return check_secret (file->text, length, origin, error) &&
         private_file_check_mode (file, "secret file", path, error) &&
         add_credential (app, application->secrets, file->text, error);
}

gboolean
application_add_public_key_file (
    Application *application, const char *app, const char *path, GError **error)
{
  g_autofree char *what = g_strdup_printf ("key file of application \"%s\"", app);
  g_autoptr (PrivateFile) file = private_file_read (what, path, error);
  const char *wrong;

  if (file == NULL)
    return FALSE;
  if (strlen (file->text) == file->length && is_p256_public_key (file->text))
    return add_credential (app, application->public_keys, file->text, error);
  if (strstr (file->text, "PRIVATE KEY-----") != NULL)
    wrong =
        "holds a private key, which belongs to the clients alone; give the public one, "
        "as openssl pkey -in KEY -pubout writes it";
  else
    wrong = "holds no public EC key on the curve P-256 in PEM, as openssl pkey -in KEY "
            "-pubout writes it";
  return fail (error, "key file \"%s\" of application \"%s\" %s", path, app, wrong);
}

/* ---- A group of a key file ---- */

typedef struct {
  Applications *applications;
  Application *application;
  const char *app;
  const char *path;
  char *folder;
  gboolean plain_secrets;
} Group;

typedef gboolean (*AddFile) (
    Application *application, const char *app, const char *path, GError **error);

static gboolean
add_file (Group *group, const char *value, AddFile add, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (value, group->folder);

  if (add (group->application, group->app, path, error))
    return TRUE;
  g_prefix_error (error, "key file \"%s\": ", group->path);
  return FALSE;
}

static gboolean
add_secret_file (Group *group, const char *value, GError **error)
{
  return add_file (group, value, application_add_secret_file, error);
}

static gboolean
add_key_file (Group *group, const char *value, GError **error)
{
  return add_file (group, value, application_add_public_key_file, error);
}

static gboolean
add_secret (Group *group, const char *value, GError **error)
{
  g_autofree char *origin =
      g_strdup_printf ("key file \"%s\": secret= of [%s]", group->path, group->app);
  const SealKey *key = group->applications->seal_key;
  g_autofree char *secret = NULL;
  gboolean added;

  if (!g_str_has_prefix (value, SEAL_PREFIX)) {
    group->plain_secrets = TRUE;
    return application_add_secret (group->application, group->app, value, origin, error);
  }
  if (group->applications->leave_sealed)
    return application_add_secret (group->application, group->app, value, origin, error);
  if (key == NULL)
    return fail (
        error, "%s is sealed; give the key that opens it with --seal-key-file", origin);
  secret = seal_open (key, group->app, value, error);
  if (secret == NULL) {
    g_prefix_error (error, "key file \"%s\": ", group->path);
    return FALSE;
  }
  added = application_add_secret (group->application, group->app, secret, origin, error);
  explicit_bzero (secret, strlen (secret));
  return added;
}

/* value: what stands between the lines BEGIN and END of a PEM file, without breaks. */
static gboolean
add_public_key (Group *group, const char *value, GError **error)
{
  g_autoptr (GString) pem = g_string_new ("-----BEGIN PUBLIC KEY-----\n");

  for (gsize i = 0; i < strlen (value); i += PEM_LINE) {
    g_string_append_len (pem, value + i, MIN (PEM_LINE, strlen (value + i)));
    g_string_append_c (pem, '\n');
  }
  g_string_append (pem, "-----END PUBLIC KEY-----\n");
  if (!is_p256_public_key (pem->str))
    return fail (error,
        "key file \"%s\": public-key= of [%s] is no EC key on the curve P-256; "
        "callstats-collector app rotate --es256-key adds one",
        group->path, group->app);
  return application_add_public_key (group->application, group->app, pem->str, error);
}

/* value: LABEL:SHA-256 in hexadecimal. */
static gboolean
parse_read_token (const char *value, ReadToken *token)
{
  const char *colon = strchr (value, ':');
  gsize length = colon != NULL ? (gsize)(colon - value) : 0;

  if (length == 0 || length > MAX_LABEL || strlen (colon + 1) != 64)
    return FALSE;
  for (guint i = 0; i < READ_TOKEN_HASH_BYTES; i++) {
    int high = g_ascii_xdigit_value (colon[1 + 2 * i]);
    int low = g_ascii_xdigit_value (colon[2 + 2 * i]);

    if (high < 0 || low < 0)
      return FALSE;
    token->hash[i] = (guint8)(high << 4 | low);
  }
  token->label = g_strndup (value, length);
  return TRUE;
}

static gboolean
add_read_token (Group *group, const char *value, GError **error)
{
  ReadToken token;

  if (!parse_read_token (value, &token))
    return fail (error,
        "key file \"%s\": read-token= of [%s] is not LABEL:SHA-256; callstats-collector "
        "app token add writes it",
        group->path, group->app);
  if (application_add_read_token (group->application, group->app, &token, error))
    return TRUE;
  g_free (token.label);
  return FALSE;
}

static gboolean
set_name (Group *group, const char *value, GError **error)
{
  if (strlen (value) > MAX_NAME)
    return fail (error, "key file \"%s\": name= of [%s] is longer than %d bytes",
        group->path, group->app, MAX_NAME);
  g_free (group->application->name);
  group->application->name = g_strdup (value);
  return TRUE;
}

static gboolean
parse_days (Group *group, const char *name, const char *value, int *days, GError **error)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (value, 10, 0, MAX_DAYS, &number, NULL))
    return fail (error,
        "key file \"%s\": %s=%s of [%s] is no number of days from 0 to %d", group->path,
        name, value, group->app, MAX_DAYS);
  *days = (int)number;
  return TRUE;
}

static gboolean
set_raw_days (Group *group, const char *value, GError **error)
{
  return parse_days (group, "raw-days", value, &group->application->raw_days, error);
}

static gboolean
set_summary_days (Group *group, const char *value, GError **error)
{
  return parse_days (
      group, "summary-days", value, &group->application->summary_days, error);
}

static gboolean
add_allowed_origin (Group *group, const char *value, GError **error)
{
  if (!web_origin_is_pattern (value))
    return fail (error,
        "key file \"%s\": allowed-origins=%s of [%s] is no origin of pages; write it "
        "like "
        "https://app.example.org or https://*.example.org",
        group->path, value, group->app);
  g_ptr_array_add (group->application->allowed_origins, g_strdup (value));
  return TRUE;
}

static gboolean
parse_boolean (
    Group *group, const char *name, const char *value, gboolean *flag, GError **error)
{
  *flag = strcmp (value, "true") == 0;
  if (*flag || strcmp (value, "false") == 0)
    return TRUE;
  return fail (error, "key file \"%s\": %s=%s of [%s] is neither true nor false",
      group->path, name, value, group->app);
}

/* value: a JSON object, which clients are given as it is. */
static gboolean
parse_config (
    Group *group, const char *name, const char *value, char **config, GError **error)
{
  g_autoptr (GError) broken = NULL;
  JsonObject *object = callstats_json_parse_object (value, strlen (value), &broken);

  if (object == NULL)
    return fail (error, "key file \"%s\": %s= of [%s] is no JSON object: %s", group->path,
        name, group->app, broken->message);
  json_object_unref (object);
  g_free (*config);
  *config = g_strdup (value);
  return TRUE;
}

static gboolean
set_default_config (Group *group, const char *value, GError **error)
{
  return parse_config (
      group, "default-config", value, &group->application->default_config, error);
}

static gboolean
set_recommended_config (Group *group, const char *value, GError **error)
{
  return parse_config (
      group, "recommended-config", value, &group->application->recommended_config, error);
}

static gboolean
set_collect_ip (Group *group, const char *value, GError **error)
{
  static const char *const words[] = {
    [COLLECT_IP_MASKED] = "masked",
    [COLLECT_IP_FULL] = "full",
    [COLLECT_IP_NONE] = "none",
  };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    if (strcmp (words[i], value) == 0) {
      group->application->collect_ip = (CollectIp)i;
      return TRUE;
    }
  }
  return fail (error,
      "key file \"%s\": collect-ip=%s of [%s] is none of full, masked and none",
      group->path, value, group->app);
}

static gboolean
set_collect_sdp (Group *group, const char *value, GError **error)
{
  return parse_boolean (
      group, "collect-sdp", value, &group->application->collects_sdp, error);
}

static gboolean
set_collect_devices (Group *group, const char *value, GError **error)
{
  return parse_boolean (
      group, "collect-devices", value, &group->application->collects_devices, error);
}

typedef struct {
  const char *name;
  gboolean list;    /* values are parted by ; */
  gboolean for_all; /* may stand in the group [*] */
  gboolean (*add) (Group *group, const char *value, GError **error);
} GroupKey;

static const GroupKey group_keys[] = {
  { "name", FALSE, FALSE, set_name },
  { "secret", TRUE, FALSE, add_secret },
  { "secret-file", TRUE, FALSE, add_secret_file },
  { "public-key", TRUE, FALSE, add_public_key },
  { "key-file", TRUE, FALSE, add_key_file },
  { "read-token", TRUE, TRUE, add_read_token },
  { "allowed-origins", TRUE, FALSE, add_allowed_origin },
  { "collect-ip", FALSE, FALSE, set_collect_ip },
  { "collect-sdp", FALSE, FALSE, set_collect_sdp },
  { "collect-devices", FALSE, FALSE, set_collect_devices },
  { "default-config", FALSE, FALSE, set_default_config },
  { "recommended-config", FALSE, FALSE, set_recommended_config },
  { "raw-days", FALSE, FALSE, set_raw_days },
  { "summary-days", FALSE, FALSE, set_summary_days },
};

static const GroupKey *
find_key (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (group_keys); i++)
    if (strcmp (group_keys[i].name, name) == 0)
      return &group_keys[i];
  return NULL;
}

static gboolean
read_key (Group *group, GKeyFile *keys, const char *name, GError **error)
{
  const GroupKey *key = find_key (name);
  g_auto (GStrv) values = NULL;

  if (key == NULL || (!key->for_all && group->application == group->applications->all))
    return fail (error,
        "key file \"%s\": [%s] has \"%s\", which is no key; docs/collector.md lists "
        "those there are",
        group->path, group->app, name);
  if (key->list) {
    values = g_key_file_get_string_list (keys, group->app, name, NULL, error);
  } else {
    values = g_new0 (char *, 2);
    values[0] = g_key_file_get_string (keys, group->app, name, error);
  }
  if (values == NULL || (!key->list && values[0] == NULL)) {
    g_prefix_error (error, "key file \"%s\": ", group->path);
    return FALSE;
  }
  for (guint i = 0; values[i] != NULL; i++)
    if (*values[i] != '\0' && !key->add (group, values[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
read_group (Group *group, GKeyFile *keys, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (keys, group->app, NULL, NULL);

  group->application = applications_ensure (group->applications, group->app, error);
  if (group->application == NULL)
    return FALSE;
  for (guint i = 0; names[i] != NULL; i++)
    if (!read_key (group, keys, names[i], error))
      return FALSE;
  if (group->application == group->applications->all ||
      group->application->secrets->len > 0 || group->application->public_keys->len > 0)
    return TRUE;
  return fail (error,
      "key file \"%s\": application [%s] has neither secret nor key; add "
      "secret-file=PATH or key-file=PATH, or let callstats-collector app rotate do it",
      group->path, group->app);
}

static gboolean
read_groups (Applications *applications, GKeyFile *keys, Group *group, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_groups (keys, NULL);

  for (guint i = 0; names[i] != NULL; i++) {
    group->app = names[i];
    if (!read_group (group, keys, error))
      return FALSE;
  }
  return TRUE;
}

#define KEY_FILE_FORM \
  "it holds a group [APP-ID] with secret-file=PATH or key-file=PATH for each " \
  "application"

gboolean
applications_read_key_text (Applications *applications, const char *path,
    const char *text, gsize length, gboolean *plain, GError **error)
{
  g_autoptr (GError) broken = NULL;
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autofree char *folder = g_path_get_dirname (path);
  Group group = { .applications = applications, .path = path, .folder = folder };

  if (!g_key_file_load_from_data (keys, text, length, G_KEY_FILE_NONE, &broken))
    return fail (
        error, "key file \"%s\" is broken: %s; " KEY_FILE_FORM, path, broken->message);
  if (!read_groups (applications, keys, &group, error))
    return FALSE;
  if (plain != NULL)
    *plain = group.plain_secrets;
  return TRUE;
}

gboolean
applications_read_key_file (Applications *applications, const char *path, GError **error)
{
  g_autoptr (GError) unreadable = NULL;
  g_autoptr (PrivateFile) file = private_file_read ("key file", path, &unreadable);
  gboolean plain = FALSE;

  if (file == NULL)
    return fail (error, "%s; " KEY_FILE_FORM, unreadable->message);
  return applications_read_key_text (
             applications, path, file->text, file->length, &plain, error) &&
         (!plain || private_file_check_mode (file, "key file", path, error));
}
