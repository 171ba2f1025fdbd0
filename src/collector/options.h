/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What callstats-collector is told: by its command line, its environment and its
 * configuration file.
 *
 * Main thread only.
 */
#pragma once

#include "applications.h"
#include "origins.h"

typedef struct {
  /* As the rows of options.c have them. */
  char *config; /* nullable */
  char *listen;
  char *store;
  char *app; /* nullable, as all from here to move_to */
  char **app_secret_files;
  char **app_keys;
  char *keys;
  char *seal_key_file;
  char **origin_urls;
  char *tls_certificate;
  char *tls_key;
  char *move_to; /* where clients are sent when it is stopped */
  gboolean behind_proxy;
  gint64 max_connections;
  gint64 max_body;        /* bytes */
  gint64 app_record_rate; /* a second; 0: any, as the next */
  gint64 client_record_rate;
  gint64 client_connections;
  gint64 clock_tolerance; /* s */
  gint64 raw_days; /* where an application does not say; 0: for ever, as the next */
  gint64 summary_days;

  /* What follows from them. */
  char *host; /* a numeric address */
  guint16 port;
  Applications *applications;
  Origins *origins;    /* those of --origin */
  GPtrArray *webhooks; /* WebhookConfig */
  gboolean show_version;
  gboolean print_routes; /* then stop */
} Options;

/* Returns: (nullable): NULL with an error that names the value and the way out. */
Options *options_parse (int argc, char **argv, GError **error);
/* Whether only this machine reaches it: on loopback, without a proxy there. */
gboolean options_is_local (const Options *options);
void options_free (Options *options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Options, options_free)
