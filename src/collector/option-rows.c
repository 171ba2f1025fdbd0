/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Options from the command line, the environment and a configuration file. Main thread
 * only.
 */
#include "option-rows.h"

#include <string.h>

#include "callstats/callstats-error.h"
#include "webhook-config.h"

#define GROUP "collector"
#define VARIABLE_PREFIX "CALLSTATS_COLLECTOR_"

struct _OptionSources {
  const OptionRow *rows;
  GHashTable *given;  /* a row's name -> GPtrArray of its values, on the command line */
  GHashTable *places; /* a row's name -> where its value stands */
  GKeyFile *file;     /* nullable */
  char *path;         /* of the file */
};

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

static gboolean
is_list (const OptionRow *row)
{
  return row->type == OPTION_TEXTS || row->type == OPTION_FILES;
}

static gboolean
is_file (const OptionRow *row)
{
  return row->type == OPTION_FILE || row->type == OPTION_FILES;
}

static const OptionRow *
find_row (const OptionRow *rows, const char *name)
{
  for (; rows->name != NULL; rows++)
    if (strcmp (rows->name, name) == 0)
      return rows;
  return NULL;
}

/* ---- The command line ---- */

static gboolean
take_argument (const char *option, const char *value, gpointer user_data, GError **error)
{
  OptionSources *sources = user_data;
  const OptionRow *row = find_row (sources->rows, option + strlen ("--"));
  GPtrArray *values = g_hash_table_lookup (sources->given, row->name);

  if (values == NULL) {
    values = g_ptr_array_new_null_terminated (1, g_free, TRUE);
    g_hash_table_insert (sources->given, (gpointer)row->name, values);
  }
  if (!is_list (row))
    g_ptr_array_set_size (values, 0);
  g_ptr_array_add (values, g_strdup (value != NULL ? value : "true"));
  return TRUE;
}

static char *
describe (const OptionRow *row)
{
  return g_strdup_printf (row->fallback != NULL ? "%s%s (%s)" : "%s%s", row->help,
      is_list (row) ? "; may be repeated" : "", row->fallback);
}

static GArray *
make_entries (const OptionRow *rows, GPtrArray *texts)
{
  GArray *entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));

  for (; rows->name != NULL; rows++) {
    GOptionEntry entry = { .long_name = rows->name,
      .arg = G_OPTION_ARG_CALLBACK,
      .arg_data = (gpointer)take_argument,
      .description = describe (rows),
      .arg_description = rows->argument };

    if (rows->type == OPTION_FLAG)
      entry.flags = G_OPTION_FLAG_NO_ARG;
    else if (is_file (rows))
      entry.flags = G_OPTION_FLAG_FILENAME;
    g_ptr_array_add (texts, (gpointer)entry.description);
    g_array_append_val (entries, entry);
  }
  return entries;
}

static gboolean
parse_command_line (OptionSources *sources, GOptionContext *context,
    const GOptionEntry *extra, int argc, char **argv, GError **error)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) entries = make_entries (sources->rows, texts);
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, sources, NULL);

  g_option_group_add_entries (group, (const GOptionEntry *)entries->data);
  if (extra != NULL)
    g_option_group_add_entries (group, extra);
  g_option_context_set_main_group (context, group);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  return argc <= 1 || fail (error, "\"%s\" is no option; see --help", argv[1]);
}

/* ---- The environment and the file ---- */

static char *
variable_name (const OptionRow *row)
{
  g_autofree char *upper = g_ascii_strup (row->name, -1);

  return g_strconcat (VARIABLE_PREFIX, g_strdelimit (upper, "-", '_'), NULL);
}

static char **
split_values (const OptionRow *row, const char *text)
{
  g_autoptr (GStrvBuilder) values = g_strv_builder_new ();
  g_auto (GStrv) parts = is_list (row) ? g_strsplit (text, ";", -1) : NULL;

  if (parts == NULL)
    g_strv_builder_add (values, text);
  for (guint i = 0; parts != NULL && parts[i] != NULL; i++)
    if (*g_strstrip (parts[i]) != '\0')
      g_strv_builder_add (values, parts[i]);
  return g_strv_builder_end (values);
}

static gboolean
check_keys (OptionSources *sources, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (sources->file, NULL);
  g_auto (GStrv) keys = g_key_file_get_keys (sources->file, GROUP, NULL, NULL);

  for (guint i = 0; groups[i] != NULL; i++)
    if (strcmp (groups[i], GROUP) != 0 && !webhook_config_is_group (groups[i]))
      return fail (error,
          "%s: there is no group [%s] in a configuration file; keys stand in [" GROUP
          "] or, of a webhook, in [webhook NAME]",
          sources->path, groups[i]);
  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    if (find_row (sources->rows, keys[i]) == NULL || strcmp (keys[i], "config") == 0)
      return fail (error,
          "%s: there is no key \"%s\"; they are called as the options that "
          "callstats-collector --help lists, without the dashes in front",
          sources->path, keys[i]);
  return TRUE;
}

static gboolean
load_file (OptionSources *sources, const char *path, OptionKeys keys, GError **error)
{
  g_autoptr (GError) unreadable = NULL;

  sources->path = g_canonicalize_filename (path, NULL);
  sources->file = g_key_file_new ();
  if (!g_key_file_load_from_file (
          sources->file, sources->path, G_KEY_FILE_KEEP_TRANSLATIONS, &unreadable))
    return fail (error,
        "%s: the configuration file \"%s\" cannot be read: %s; it holds the group "
        "[" GROUP "] with keys such as listen=127.0.0.1:8765",
        option_sources_get_place (sources, "config"), path, unreadable->message);
  return keys == OPTION_KEYS_ANY || check_keys (sources, error);
}

/* What stands in a file is relative to that file. */
static void
resolve_paths (OptionSources *sources, char **values)
{
  g_autofree char *folder = g_path_get_dirname (sources->path);

  for (; *values != NULL; values++) {
    char *path = g_canonicalize_filename (*values, folder);

    g_free (*values);
    *values = path;
  }
}

/* Returns: (nullable): the values and, with them, where they stand. */
static char **
look_up (OptionSources *sources, const OptionRow *row, char **place)
{
  GPtrArray *given = g_hash_table_lookup (sources->given, row->name);
  g_autofree char *variable = variable_name (row);
  g_autofree char *text = NULL;
  char **values;

  if (given != NULL) {
    *place = g_strconcat ("--", row->name, NULL);
    return g_strdupv ((char **)given->pdata);
  }
  if (g_getenv (variable) != NULL) {
    values = split_values (row, g_getenv (variable));
    *place = g_steal_pointer (&variable);
    return values;
  }
  if (sources->file != NULL)
    text = g_key_file_get_value (sources->file, GROUP, row->name, NULL);
  if (text == NULL)
    return NULL;
  *place = g_strdup_printf ("%s: %s", sources->path, row->name);
  values = split_values (row, text);
  if (is_file (row))
    resolve_paths (sources, values);
  return values;
}

/* ---- Values ---- */

static gboolean
parse_flag (const char *text, gboolean *value)
{
  *value = strcmp (text, "true") == 0;
  return *value || strcmp (text, "false") == 0;
}

static gboolean
assign (const OptionRow *row, char **values, gpointer target, const char *place,
    GError **error)
{
  gpointer field = (guint8 *)target + row->offset;

  for (guint i = 0; !is_file (row) && values[i] != NULL; i++)
    if (!g_utf8_validate (values[i], -1, NULL))
      return fail (error, "%s: that is not UTF-8; write it in UTF-8", place);
  switch (row->type) {
  case OPTION_TEXT:
  case OPTION_FILE:
    *(char **)field = g_strdup (values[0]);
    return TRUE;
  case OPTION_TEXTS:
  case OPTION_FILES:
    *(char ***)field = g_strdupv (values);
    return TRUE;
  case OPTION_NUMBER:
    return g_ascii_string_to_signed (values[0], 10, row->least, row->most, field, NULL) ||
           fail (error,
               "%s: \"%s\" is not a whole number from %" G_GINT64_FORMAT
               " to %" G_GINT64_FORMAT,
               place, values[0], row->least, row->most);
  case OPTION_FLAG:
    return parse_flag (values[0], field) ||
           fail (error, "%s: \"%s\" is neither true nor false", place, values[0]);
  }
  g_return_val_if_reached (FALSE);
}

static gboolean
take_row (OptionSources *sources, const OptionRow *row, gpointer target, GError **error)
{
  char *place = NULL;
  g_auto (GStrv) values = look_up (sources, row, &place);

  if (place == NULL)
    place = g_strconcat ("--", row->name, NULL);
  g_hash_table_insert (sources->places, (gpointer)row->name, place);
  if (values == NULL && row->fallback != NULL)
    values = split_values (row, row->fallback);
  return values == NULL || values[0] == NULL ||
         assign (row, values, target, place, error);
}

static gboolean
take_config (OptionSources *sources, OptionKeys keys, gpointer target, GError **error)
{
  const OptionRow *row = find_row (sources->rows, "config");
  const char *path;

  if (row == NULL)
    return TRUE;
  if (!take_row (sources, row, target, error))
    return FALSE;
  path = G_STRUCT_MEMBER (const char *, target, row->offset);
  return path == NULL || load_file (sources, path, keys, error);
}

OptionSources *
option_rows_parse (const OptionRow *rows, GOptionContext *context,
    const GOptionEntry *extra, OptionKeys keys, gpointer target, int argc, char **argv,
    GError **error)
{
  g_autoptr (OptionSources) sources = g_new0 (OptionSources, 1);

  sources->rows = rows;
  sources->given = g_hash_table_new_full (
      g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
  sources->places = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  if (!parse_command_line (sources, context, extra, argc, argv, error) ||
      !take_config (sources, keys, target, error))
    return NULL;
  for (; rows->name != NULL; rows++)
    if (strcmp (rows->name, "config") != 0 && !take_row (sources, rows, target, error))
      return NULL;
  return g_steal_pointer (&sources);
}

GKeyFile *
option_sources_get_file (const OptionSources *sources, const char **path)
{
  *path = sources->path;
  return sources->file;
}

const char *
option_sources_get_place (const OptionSources *sources, const char *name)
{
  return g_hash_table_lookup (sources->places, name);
}

void
option_sources_free (OptionSources *sources)
{
  if (sources == NULL)
    return;
  g_hash_table_unref (sources->given);
  g_hash_table_unref (sources->places);
  g_clear_pointer (&sources->file, g_key_file_unref);
  g_free (sources->path);
  g_free (sources);
}

void
option_rows_clear (const OptionRow *rows, gpointer target)
{
  for (; rows->name != NULL; rows++) {
    gpointer field = (guint8 *)target + rows->offset;

    if (rows->type == OPTION_TEXT || rows->type == OPTION_FILE)
      g_clear_pointer ((char **)field, g_free);
    else if (is_list (rows))
      g_clear_pointer ((char ***)field, g_strfreev);
  }
}
