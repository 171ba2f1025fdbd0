/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The address of a backend. Pure, any thread.
 */
#pragma once

#include <gio/gio.h>

typedef struct {
  char *
      stream; /* the WebSocket's URI, without user info, query or fragment; or a file's */
  char *origin; /* scheme://host[:port], the audience of tokens; or a file's URI */
  char *path;   /* of the file; NULL: no file */
  gboolean loopback;
} CallstatsBackend;

/* Returns: (transfer full): NULL with a CALLSTATS_ERROR_INVALID_ARGUMENT that names the
 * address (without its user info and query) and the way out. */
CallstatsBackend *callstats_backend_new (
    const char *url, gboolean allow_plaintext, GError **error);
/* By the letter: “localhost” or an address. What a name resolves to may change, and is
 * not looked up. */
gboolean callstats_backend_is_loopback (const char *host);
/* Whether it is meant as a file's address, which may still be wrong. */
gboolean callstats_backend_is_file (const char *url);
/* Returns: (transfer full) (nullable): where its query API describes a conference; a file
 * has none. */
char *callstats_backend_make_conference_url (
    const CallstatsBackend *backend, const char *app, const char *conference);
CallstatsBackend *callstats_backend_copy (const CallstatsBackend *backend);
void callstats_backend_free (CallstatsBackend *backend);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallstatsBackend, callstats_backend_free)
