/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command line of callstats-collector app. Main thread only.
 */
#include "app-options.h"

#include "callstats/callstats-error.h"
#include "option-rows.h"

static const char description[] =
    "Commands:\n"
    "  add ID              a new application; shows its secret\n"
    "  list                the applications, without their credentials\n"
    "  rotate ID           one more secret, which is shown, or with --es256-key one "
    "more\n"
    "                      public key; the old ones stay good, unless with --retire\n"
    "  retire ID           takes away all secrets and keys but the newest of each\n"
    "  remove ID           takes the application away; what it has stored stays\n"
    "  seal                seals all secrets that can be read in the key file\n"
    "  token add ID        a new read token, which is shown; --all for all applications\n"
    "  token list [ID]     the labels of read tokens\n"
    "  token remove ID LABEL\n"
    "\n"
    "A secret or token is shown once, on the standard output: the key file keeps only a\n"
    "hash of a token, and with --seal-key-file secrets are sealed in it (AES-256-GCM);\n"
    "openssl rand -base64 32 makes such a key. The file is made if need be, and is for\n"
    "its owner alone. A running collector reads it again on SIGHUP.\n"
    "\n"
    "Clients that sign with a private key need no secret: --es256-key FILE adds the "
    "public\n"
    "half (PEM, P-256), as openssl pkey -in KEY -pubout writes it.\n"
    "\n"
    "--keys, --seal-key-file and --config may also be given as to the collector itself, "
    "in\n"
    "its environment or its configuration file.\n"
    "\n"
    "Examples:\n"
    "  (umask 077; callstats-collector app add my-app --keys keys > my-app.secret)\n"
    "  callstats-collector app token add --all --label grafana \\\n"
    "    --keys /var/lib/callstats-collector/keys\n";

#define MAX_DAYS 36500

static const OptionRow rows[] = {
  { "config", OPTION_FILE, G_STRUCT_OFFSET (AppOptions, config), NULL, "FILE",
      "The collector's configuration file", 0, 0 },
  { "keys", OPTION_FILE, G_STRUCT_OFFSET (AppOptions, keys), NULL, "FILE", "The key file",
      0, 0 },
  { "seal-key-file", OPTION_FILE, G_STRUCT_OFFSET (AppOptions, seal_key_file), NULL,
      "FILE", "Seal new secrets with the key in this file", 0, 0 },
  { NULL, OPTION_TEXT, 0, NULL, NULL, NULL, 0, 0 },
};

/* text: (nullable) */
static gboolean
take_days (const char *option, const char *text, int *days, GError **error)
{
  gint64 number;

  if (text == NULL)
    return TRUE;
  if (!g_ascii_string_to_signed (text, 10, 0, MAX_DAYS, &number, NULL)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "%s: \"%s\" is not a whole number from 0 to %d", option, text, MAX_DAYS);
    return FALSE;
  }
  *days = (int)number;
  return TRUE;
}

static gboolean
parse (AppOptions *options, int argc, char **argv, GError **error)
{
  g_autofree char *raw_days = NULL, *summary_days = NULL;
  /* Text is taken as a FILENAME, which is not converted from the locale: key files are
   * UTF-8. */
  const GOptionEntry extra[] = {
    { "es256-key", 0, 0, G_OPTION_ARG_FILENAME, &options->es256_key,
        "A public EC key, in place of a secret", "FILE" },
    { "name", 0, 0, G_OPTION_ARG_FILENAME, &options->name,
        "What people call the application", "TEXT" },
    { "raw-days", 0, 0, G_OPTION_ARG_FILENAME, &raw_days,
        "How many days its reports are kept; 0: for ever", "N" },
    { "summary-days", 0, 0, G_OPTION_ARG_FILENAME, &summary_days,
        "The same for its conferences and summaries", "N" },
    { "retire", 0, 0, G_OPTION_ARG_NONE, &options->retire,
        "Take the old secrets and keys away at once", NULL },
    { "all", 0, 0, G_OPTION_ARG_NONE, &options->all, "A read token for all applications",
        NULL },
    { "label", 0, 0, G_OPTION_ARG_STRING, &options->label,
        "What the read token is called", "LABEL" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->words, NULL,
        "COMMAND" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context =
      g_option_context_new ("- the applications of a key file");
  g_autoptr (OptionSources) sources = NULL;

  g_option_context_set_description (context, description);
  sources = option_rows_parse (
      rows, context, extra, OPTION_KEYS_ANY, options, argc, argv, error);
  return sources != NULL &&
         take_days ("--raw-days", raw_days, &options->raw_days, error) &&
         take_days ("--summary-days", summary_days, &options->summary_days, error);
}

AppOptions *
app_options_parse (int argc, char **argv, GError **error)
{
  g_autoptr (AppOptions) options = g_new0 (AppOptions, 1);

  options->raw_days = APP_DAYS_NOT_GIVEN;
  options->summary_days = APP_DAYS_NOT_GIVEN;
  if (!parse (options, argc, argv, error))
    return NULL;
  if (options->keys != NULL || options->words == NULL)
    return g_steal_pointer (&options);
  g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "--keys is missing; name the key file like --keys /var/lib/callstats-collector/keys");
  return NULL;
}

void
app_options_free (AppOptions *options)
{
  if (options == NULL)
    return;
  option_rows_clear (rows, options);
  g_free (options->es256_key);
  g_free (options->name);
  g_free (options->label);
  g_strfreev (options->words);
  g_free (options);
}
