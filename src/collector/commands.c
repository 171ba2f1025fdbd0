/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of commands. Main thread only.
 */
#include "commands.h"

#include <string.h>

#include "app-command.h"
#include "import.h"
#include "maintenance.h"

typedef struct {
  const char *name;
  CommandFunc run;
  const char *help;
} Command;

static const Command commands[] = {
  { "app", app_main, "applications, their secrets, public keys and read tokens" },
  { "import", import_main, "store what callstatsmon wrote to files" },
  { "migrate", migrate_main, "bring a store up to date" },
  { "retention", retention_main, "remove what is old from a store" },
  { "backup", backup_main, "copy a store, also one in use" },
  { "check", check_main, "look whether a store is whole, also one in use" },
};

CommandFunc
commands_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (commands[i].name, name) == 0)
      return commands[i].run;
  return NULL;
}

char *
commands_list (void)
{
  GString *names = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", commands[i].name);
  return g_string_free (names, FALSE);
}

void
commands_describe (GString *text)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (text, "  %-10s %s\n", commands[i].name, commands[i].help);
}
