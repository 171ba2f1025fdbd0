/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The applications, their credentials and where these come from. Main thread only.
 */
#include "applications-private.h"

#include <openssl/crypto.h>
#include <string.h>

#include "callstats/callstats-error.h"

typedef enum {
  SOURCE_SECRET,
  SOURCE_PUBLIC_KEY,
  SOURCE_KEY_FILE,
} SourceKind;

/* What a reload reads again. */
typedef struct {
  SourceKind kind;
  char *app; /* nullable */
  char *path;
} Source;

static void
source_free (gpointer data)
{
  Source *source = data;

  g_free (source->app);
  g_free (source->path);
  g_free (source);
}

static void
secret_free (gpointer secret)
{
  explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

static void
read_token_free (gpointer data)
{
  ReadToken *token = data;

  g_free (token->label);
  g_free (token);
}

static Application *
application_new (void)
{
  Application *application = g_new0 (Application, 1);

  application->secrets = g_ptr_array_new_with_free_func (secret_free);
  application->public_keys = g_ptr_array_new_with_free_func (g_free);
  application->read_tokens = g_ptr_array_new_with_free_func (read_token_free);
  application->allowed_origins = g_ptr_array_new_with_free_func (g_free);
  application->raw_days = -1;
  application->summary_days = -1;
  return application;
}

static void
application_free (gpointer data)
{
  Application *application = data;

  g_free (application->name);
  g_ptr_array_unref (application->secrets);
  g_ptr_array_unref (application->public_keys);
  g_ptr_array_unref (application->read_tokens);
  g_ptr_array_unref (application->allowed_origins);
  g_free (application->default_config);
  g_free (application->recommended_config);
  g_free (application);
}

Applications *
applications_new (void)
{
  Applications *applications = g_new0 (Applications, 1);

  applications->known =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, application_free);
  applications->all = application_new ();
  applications->sources = g_ptr_array_new_with_free_func (source_free);
  return applications;
}

void
applications_free (Applications *applications)
{
  if (applications == NULL)
    return;
  g_hash_table_unref (applications->known);
  application_free (applications->all);
  g_ptr_array_unref (applications->sources);
  seal_key_free (applications->seal_key);
  g_free (applications->seal_key_file);
  g_free (applications);
}

Application *
applications_ensure (Applications *applications, const char *app, GError **error)
{
  Application *application = g_hash_table_lookup (applications->known, app);

  if (application != NULL)
    return application;
  if (strcmp (app, APPLICATIONS_ALL) == 0)
    return applications->all;
  if (*app == '\0' || !g_utf8_validate (app, -1, NULL)) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "an application id is empty or not UTF-8; give it with --app ID");
    return NULL;
  }
  application = application_new ();
  g_hash_table_insert (applications->known, g_strdup (app), application);
  return application;
}

/* ---- Where they come from ---- */

gboolean
applications_set_seal_key_file (
    Applications *applications, const char *path, GError **error)
{
  SealKey *key = seal_key_read (path, error);

  if (key == NULL)
    return FALSE;
  seal_key_free (applications->seal_key);
  applications->seal_key = key;
  g_free (applications->seal_key_file);
  applications->seal_key_file = g_strdup (path);
  return TRUE;
}

void
applications_leave_sealed (Applications *applications)
{
  applications->leave_sealed = TRUE;
}

static gboolean
read_source (Applications *applications, const Source *source, GError **error)
{
  Application *application;

  if (source->kind == SOURCE_KEY_FILE)
    return applications_read_key_file (applications, source->path, error);
  application = applications_ensure (applications, source->app, error);
  if (application == NULL)
    return FALSE;
  if (source->kind == SOURCE_SECRET)
    return application_add_secret_file (application, source->app, source->path, error);
  return application_add_public_key_file (application, source->app, source->path, error);
}

/* What a broken source began to add must not stay. */
static gboolean
is_empty (const Application *application)
{
  return application->secrets->len == 0 && application->public_keys->len == 0;
}

static gboolean
add_source (Applications *applications, SourceKind kind, const char *app,
    const char *path, GError **error)
{
  Source *source = g_new0 (Source, 1);
  const Application *application;

  source->kind = kind;
  source->app = g_strdup (app);
  source->path = g_strdup (path);
  if (read_source (applications, source, error)) {
    g_ptr_array_add (applications->sources, source);
    return TRUE;
  }
  application = app != NULL ? g_hash_table_lookup (applications->known, app) : NULL;
  if (application != NULL && is_empty (application))
    g_hash_table_remove (applications->known, app);
  source_free (source);
  return FALSE;
}

gboolean
applications_add_secret_file (
    Applications *applications, const char *app, const char *path, GError **error)
{
  return add_source (applications, SOURCE_SECRET, app, path, error);
}

gboolean
applications_add_public_key_file (
    Applications *applications, const char *app, const char *path, GError **error)
{
  return add_source (applications, SOURCE_PUBLIC_KEY, app, path, error);
}

gboolean
applications_add_key_file (Applications *applications, const char *path, GError **error)
{
  return add_source (applications, SOURCE_KEY_FILE, NULL, path, error);
}

gboolean
applications_reload (Applications *applications, GError **error)
{
  g_autoptr (Applications) fresh = applications_new ();
  Applications before;

  if (applications->seal_key_file != NULL &&
      !applications_set_seal_key_file (fresh, applications->seal_key_file, error))
    return FALSE;
  for (guint i = 0; i < applications->sources->len; i++) {
    const Source *source = applications->sources->pdata[i];

    if (!add_source (fresh, source->kind, source->app, source->path, error))
      return FALSE;
  }
  before = *applications;
  *applications = *fresh;
  *fresh = before;
  return TRUE;
}

/* ---- What they are ---- */

static const Application *
find (const Applications *applications, const char *app)
{
  return g_hash_table_lookup (applications->known, app);
}

gboolean
applications_contain (const Applications *applications, const char *app)
{
  return find (applications, app) != NULL;
}

const GPtrArray *
applications_get_secrets (const Applications *applications, const char *app)
{
  return find (applications, app)->secrets;
}

const GPtrArray *
applications_get_public_keys (const Applications *applications, const char *app)
{
  return find (applications, app)->public_keys;
}

const char *
applications_get_name (const Applications *applications, const char *app)
{
  const Application *application = find (applications, app);

  return application != NULL ? application->name : NULL;
}

int
applications_get_raw_days (const Applications *applications, const char *app)
{
  const Application *application = find (applications, app);

  return application != NULL ? application->raw_days : -1;
}

int
applications_get_summary_days (const Applications *applications, const char *app)
{
  const Application *application = find (applications, app);

  return application != NULL ? application->summary_days : -1;
}

const GPtrArray *
applications_get_allowed_origins (const Applications *applications, const char *app)
{
  const Application *application = find (applications, app);

  return application != NULL ? application->allowed_origins : NULL;
}

gboolean
applications_collect_sdp (const Applications *applications, const char *app)
{
  const Application *application = find (applications, app);

  return application != NULL && application->collects_sdp;
}

gboolean
applications_collect_devices (const Applications *applications, const char *app)
{
  const Application *application = find (applications, app);

  return application != NULL && application->collects_devices;
}

CollectIp
applications_get_collect_ip (const Applications *applications, const char *app)
{
  const Application *application = find (applications, app);

  return application != NULL ? application->collect_ip : COLLECT_IP_MASKED;
}

const char *
applications_get_default_config (const Applications *applications, const char *app)
{
  const Application *application = find (applications, app);

  return application != NULL ? application->default_config : NULL;
}

const char *
applications_get_recommended_config (const Applications *applications, const char *app)
{
  const Application *application = find (applications, app);

  return application != NULL ? application->recommended_config : NULL;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
applications_list (const Applications *applications)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, applications->known);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_ptr_array_add (list, id);
  g_ptr_array_sort (list, compare_ids);
  return list;
}

/* ---- Read tokens ---- */

gboolean
applications_have_read_tokens (const Applications *applications)
{
  GHashTableIter iter;
  gpointer value;

  if (applications->all->read_tokens->len > 0)
    return TRUE;
  g_hash_table_iter_init (&iter, applications->known);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Application *)value)->read_tokens->len > 0)
      return TRUE;
  return FALSE;
}

/* All are compared, and every byte of each: the time tells nothing of a hash. */
static gboolean
match (const GPtrArray *tokens, const guint8 *hash)
{
  gboolean found = FALSE;

  for (guint i = 0; i < tokens->len; i++) {
    const ReadToken *token = tokens->pdata[i];

    found |= CRYPTO_memcmp (token->hash, hash, READ_TOKEN_HASH_BYTES) == 0;
  }
  return found;
}

gboolean
applications_match_read_token (
    const Applications *applications, const guint8 *hash, const char *app)
{
  gboolean found = match (applications->all->read_tokens, hash);
  const Application *application = app != NULL ? find (applications, app) : NULL;
  GHashTableIter iter;
  gpointer value;

  if (application != NULL)
    return match (application->read_tokens, hash) || found;
  if (app != NULL)
    return found;
  g_hash_table_iter_init (&iter, applications->known);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    found |= match (((Application *)value)->read_tokens, hash);
  return found;
}
