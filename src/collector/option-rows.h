/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Options as rows of a table: each is --NAME on the command line, the environment
 * variable CALLSTATS_COLLECTOR_NAME (in capitals, with _ for -) and NAME= in the group
 * [collector] of a configuration file. The first of these that has it wins, as a whole:
 * lists are not joined.
 *
 * Main thread only.
 */
#pragma once

#include <glib.h>

typedef enum {
  OPTION_TEXT,   /* char * */
  OPTION_FILE,   /* char *; in a configuration file relative to its folder */
  OPTION_TEXTS,  /* char **, nullable; repeated, or in one value with ; in between */
  OPTION_FILES,  /* the same, relative as OPTION_FILE */
  OPTION_NUMBER, /* gint64 */
  OPTION_FLAG,   /* gboolean; elsewhere than on the command line true or false */
} OptionType;

/* Kubernetes sets variables that begin as ours do and end in _PORT, _PORT_… and
 * _SERVICE_…: no option may be called so, and unknown variables are none of our business.
 */
typedef struct {
  const char *name;
  OptionType type;
  gsize offset;         /* of the field that takes it */
  const char *fallback; /* nullable: the default, as it would be written */
  const char *argument; /* what --help calls the value; NULL for a flag */
  const char *help;
  gint64 least, most; /* of a number */
} OptionRow;

typedef struct _OptionSources OptionSources;

typedef enum {
  OPTION_KEYS_KNOWN, /* a key without a row is an error */
  OPTION_KEYS_ANY,   /* for commands that need few of the collector's */
} OptionKeys;

/* rows end with one without a name; the row "config", an OPTION_FILE, names the
 * configuration file. context: (transfer none): for --help. extra: (nullable): further
 * entries, for the command line only. target: the struct that has the rows' fields, all
 * zero. Returns: (nullable): NULL with an error that names the place and the way out. */
OptionSources *option_rows_parse (const OptionRow *rows, GOptionContext *context,
    const GOptionEntry *extra, OptionKeys keys, gpointer target, int argc, char **argv,
    GError **error);
/* Returns: (nullable) (transfer none): the configuration file. path: set to its name. */
GKeyFile *option_sources_get_file (const OptionSources *sources, const char **path);
/* Where the value stands, as an error text begins: "--listen". Of one that stands
 * nowhere, where it could. */
const char *option_sources_get_place (const OptionSources *sources, const char *name);
void option_sources_free (OptionSources *sources);

/* Frees what the rows' fields hold. */
void option_rows_clear (const OptionRow *rows, gpointer target);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OptionSources, option_sources_free)
