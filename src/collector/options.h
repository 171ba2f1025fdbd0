/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command line of callstats-collector.
 *
 * Main thread only.
 */
#pragma once

#include "applications.h"
#include "origins.h"

typedef struct {
  char *host; /* a loopback address */
  guint16 port;
  char *store;
  guint max_connections;
  char *move_to; /* nullable: where clients are sent when it is stopped */
  Applications *applications;
  Origins *origins; /* those of --origin */
  gboolean show_version;
} Options;

/* Returns: (nullable): NULL with an error that names the value and the way out. */
Options *options_parse (int argc, char **argv, GError **error);
void options_free (Options *options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Options, options_free)
