/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command line of callstats-collector import. Main thread only.
 */
#include "import-options.h"

#include "callstats/callstats-error.h"
#include "option-rows.h"
#include "record-line.h"

static const char description[] =
    "Reads files that callstatsmon wrote with backend-url=file:///FOLDER/FILE.jsonl, "
    "and\n"
    "stores their records as if they had come over a connection. FILE may be - for the\n"
    "standard input. What is stored already is passed over, so a file may be imported\n"
    "again, also one that has grown since. A collector may run on the same store.\n"
    "\n"
    "Lines that cannot be read are told with their numbers and passed over. Ctrl-C ends\n"
    "the import after what is being stored; another import does the rest.\n"
    "\n"
    "Exit status:\n"
    "  0  everything is in the store\n"
    "  1  some lines were passed over, all others are in the store\n"
    "  2  a file could not be read, the store could not be written to, the import was\n"
    "     interrupted, or the command line is wrong\n"
    "\n"
    "Example:\n"
    "  callstats-collector import call.jsonl \\\n"
    "    --store sqlite:/var/lib/callstats-collector/calls.db\n";

static gboolean
fail (GError **error, const char *message)
{
  g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT, message);
  return FALSE;
}

static const OptionRow rows[] = {
  { "config", OPTION_FILE, G_STRUCT_OFFSET (ImportOptions, config), NULL, "FILE",
      "The collector's configuration file", 0, 0 },
  { "store", OPTION_TEXT, G_STRUCT_OFFSET (ImportOptions, store), NULL, "sqlite:PATH",
      "Where records are kept; the file is created if need be", 0, 0 },
  { NULL, OPTION_TEXT, 0, NULL, NULL, NULL, 0, 0 },
};

static gboolean
parse (ImportOptions *options, int argc, char **argv, GError **error)
{
  const GOptionEntry extra[] = {
    { "app", 0, 0, G_OPTION_ARG_STRING, &options->app,
        "The application, where a file does not say", "ID" },
    { "user", 0, 0, G_OPTION_ARG_STRING, &options->user,
        "Who reported, where a file does not say", "ID" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->files, NULL,
        "FILE..." },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context =
      g_option_context_new ("- store what callstatsmon wrote to files");
  g_autoptr (OptionSources) sources = NULL;

  g_option_context_set_description (context, description);
  sources = option_rows_parse (
      rows, context, extra, OPTION_KEYS_ANY, options, argc, argv, error);
  return sources != NULL;
}

static gboolean
check (const ImportOptions *options, GError **error)
{
  if (options->store == NULL)
    return fail (error, "--store is missing; name a file like --store "
                        "sqlite:/var/lib/callstats-collector/calls.db");
  if (options->files == NULL || options->files[0] == NULL)
    return fail (error, "no file is named; give the files to import, or - for the "
                        "standard input");
  if (options->app != NULL && !record_line_id_is_valid (options->app))
    return fail (error, "--app: an application has an id of 1 to 128 bytes");
  if (options->user != NULL && !record_line_id_is_valid (options->user))
    return fail (error, "--user: a user has an id of 1 to 128 bytes");
  return TRUE;
}

ImportOptions *
import_options_parse (int argc, char **argv, GError **error)
{
  g_autoptr (ImportOptions) options = g_new0 (ImportOptions, 1);

  if (!parse (options, argc, argv, error) || !check (options, error))
    return NULL;
  return g_steal_pointer (&options);
}

void
import_options_free (ImportOptions *options)
{
  if (options == NULL)
    return;
  option_rows_clear (rows, options);
  g_free (options->app);
  g_free (options->user);
  g_strfreev (options->files);
  g_free (options);
}
