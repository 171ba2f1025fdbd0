/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The commands of callstats-collector beside serving, one row each in commands.c.
 *
 * Main thread only.
 */
#pragma once

#include <glib.h>

/* argv[0] is the command's name. Returns: the exit status. */
typedef int (*CommandFunc) (int argc, char **argv);

/* Returns: (nullable): NULL where no command is called so. */
CommandFunc commands_find (const char *name);
/* Returns: (transfer full): their names, for who mistyped one. */
char *commands_list (void);
/* Adds a line for each of them, for --help. */
void commands_describe (GString *text);
