/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the applications and the reader of their key file know of each other. Main thread
 * only.
 */
#pragma once

#include "applications.h"
#include "private-file.h"
#include "seal.h"

typedef struct {
  char *label;
  guint8 hash[READ_TOKEN_HASH_BYTES];
} ReadToken;

typedef struct {
  char *name;                 /* nullable */
  GPtrArray *secrets;         /* utf8 */
  GPtrArray *public_keys;     /* utf8: PEM */
  GPtrArray *read_tokens;     /* ReadToken */
  GPtrArray *allowed_origins; /* utf8: see web-origin.h */
  CollectIp collect_ip;
  gboolean collects_sdp;
  gboolean collects_devices;
  char *default_config; /* nullable, as the next: JSON */
  char *recommended_config;
  int raw_days;
  int summary_days;
} Application;

struct _Applications {
  GHashTable *known; /* application id -> Application */
  Application *all;  /* its read tokens are for every application */
  GPtrArray *sources;
  SealKey *seal_key; /* nullable */
  char *seal_key_file;
  gboolean leave_sealed;
};

/* Returns: (nullable): NULL with an error. APPLICATIONS_ALL is one of them. */
Application *applications_ensure (
    Applications *applications, const char *app, GError **error);

/* origin: the option or file it comes from, for an error. */
gboolean application_add_secret (Application *application, const char *app,
    const char *secret, const char *origin, GError **error);
gboolean application_add_public_key (
    Application *application, const char *app, const char *pem, GError **error);
gboolean application_add_read_token (
    Application *application, const char *app, const ReadToken *token, GError **error);

/* Reads a file of one credential and adds it. */
gboolean application_add_secret_file (
    Application *application, const char *app, const char *path, GError **error);
gboolean application_add_public_key_file (
    Application *application, const char *app, const char *path, GError **error);
/* text: what a key file has or will have. plain: (optional): whether secrets can be read
 * in it. */
gboolean applications_read_key_text (Applications *applications, const char *path,
    const char *text, gsize length, gboolean *plain, GError **error);
gboolean applications_read_key_file (
    Applications *applications, const char *path, GError **error);
