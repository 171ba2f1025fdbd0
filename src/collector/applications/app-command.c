/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstats-collector app: finds the command and runs it. Main thread only.
 */
#include "app-command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app-command-private.h"
#include "callstats/callstats-error.h"

typedef struct {
  const char *name;  /* words */
  guint least, most; /* further words */
  gboolean changes;  /* the key file */
  gboolean (*run) (AppCommand *command, GError **error);
  const char *usage;
} Verb;

static const Verb verbs[] = {
  { "add", 1, 1, TRUE, app_command_add, "add ID" },
  { "list", 0, 0, FALSE, app_command_list, "list" },
  { "rotate", 1, 1, TRUE, app_command_rotate, "rotate ID" },
  { "retire", 1, 1, TRUE, app_command_retire, "retire ID" },
  { "remove", 1, 1, TRUE, app_command_remove, "remove ID" },
  { "seal", 0, 0, TRUE, app_command_seal, "seal" },
  { "token add", 0, 1, TRUE, app_command_token_add, "token add ID, or token add --all" },
  { "token list", 0, 1, FALSE, app_command_token_list,
      "token list, token list ID or token list --all" },
  { "token remove", 1, 2, TRUE, app_command_token_remove,
      "token remove ID LABEL, or token remove --all LABEL" },
};

gboolean
app_command_fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (
        CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT, format, args);
  va_end (args);
  return FALSE;
}

gboolean
app_command_check_known (AppCommand *command, const char *app, GError **error)
{
  if (strcmp (app, APPLICATIONS_ALL) == 0 || key_file_has_group (command->file, app))
    return TRUE;
  return app_command_fail (error,
      "key file \"%s\" has no application [%s]; callstats-collector app list tells which "
      "there are",
      command->options->keys, app);
}

/* Returns: the words behind the verb; NULL where they are not those of the verb. */
static char **
match_verb (const Verb *verb, char **words)
{
  g_auto (GStrv) wanted = g_strsplit (verb->name, " ", -1);
  guint i;

  for (i = 0; wanted[i] != NULL; i++)
    if (words[i] == NULL || strcmp (words[i], wanted[i]) != 0)
      return NULL;
  return words + i;
}

/* word: (nullable) */
static void
refuse_verb (const char *word, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", verbs[i].name);
  if (word == NULL)
    app_command_fail (error,
        "name a command: %s; callstats-collector app --help has more of each",
        names->str);
  else
    app_command_fail (error,
        "\"%s\" is no command; there are: %s; callstats-collector app --help has more of "
        "each",
        word, names->str);
}

static const Verb *
find_verb (char **words, char ***rest, GError **error)
{
  for (gsize i = 0; words != NULL && i < G_N_ELEMENTS (verbs); i++) {
    guint n;

    *rest = match_verb (&verbs[i], words);
    if (*rest == NULL)
      continue;
    n = g_strv_length (*rest);
    if (n >= verbs[i].least && n <= verbs[i].most)
      return &verbs[i];
    app_command_fail (error, "write it as callstats-collector app %s", verbs[i].usage);
    return NULL;
  }
  refuse_verb (words != NULL ? words[0] : NULL, error);
  return NULL;
}

/* Only what is written is shown: a secret that nobody knows of can be given away, one
 * that was shown must be good. */
static gboolean
show (const AppCommand *command, GError **error)
{
  if (fwrite (command->shown->str, 1, command->shown->len, stdout) ==
          command->shown->len &&
      fflush (stdout) == 0)
    return TRUE;
  return app_command_fail (error,
      "the standard output cannot be written to; what was made is in the key file, but "
      "nobody has seen it: make another one");
}

static gboolean
run (const AppOptions *options, GError **error)
{
  g_autoptr (GString) shown = g_string_new (NULL);
  g_autoptr (KeyFile) file = NULL;
  AppCommand command = { .options = options, .shown = shown };
  const Verb *verb = find_verb (options->words, &command.words, error);

  if (verb == NULL)
    return FALSE;
  if (verb->changes) {
    file = key_file_open (options->keys, error);
    if (file == NULL)
      return FALSE;
    command.file = file;
  }
  return verb->run (&command, error) && (!verb->changes || key_file_save (file, error)) &&
         show (&command, error);
}

int
app_main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AppOptions) options = NULL;

  g_set_prgname ("callstats-collector app");
  options = app_options_parse (argc, argv, &error);
  if (options != NULL && run (options, &error))
    return EXIT_SUCCESS;
  fprintf (stderr, "callstats-collector app: %s\n", error->message);
  return EXIT_FAILURE;
}
