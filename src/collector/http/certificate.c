/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Loads the certificate and tries it on a handshake with ourselves, for GIO does not look
 * whether a key belongs to it. Main thread only.
 */
#include "certificate.h"

#include <sys/socket.h>

#include "callstats/callstats-error.h"
#include "log.h"
#include "private-file.h"

#define TRIAL_SECONDS 10
#define SOON_DAYS 14

static GIOStream *
open_stream (int fd)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);

  g_socket_set_timeout (socket, TRIAL_SECONDS);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static gboolean
accept_any (GTlsConnection *connection, GTlsCertificate *certificate,
    GTlsCertificateFlags errors, gpointer user_data)
{
  return TRUE;
}

/* The client's half, on a thread of its own. */
static gpointer
greet (gpointer user_data)
{
  g_autoptr (GIOStream) stream = user_data;
  g_autoptr (GIOStream) client = g_tls_client_connection_new (stream, NULL, NULL);

  if (client != NULL) {
    g_signal_connect (client, "accept-certificate", G_CALLBACK (accept_any), NULL);
    g_tls_connection_handshake (G_TLS_CONNECTION (client), NULL, NULL);
  }
  g_io_stream_close (stream, NULL, NULL);
  return NULL;
}

/* Whether a handshake with this certificate comes to an end. */
static gboolean
try_handshake (GTlsCertificate *certificate, GError **error)
{
  int ends[2];
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GIOStream) server = NULL;
  GThread *client;
  gboolean shaken;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no socket pair");
    return FALSE;
  }
  client = g_thread_new ("trial-handshake", greet, open_stream (ends[0]));
  stream = open_stream (ends[1]);
  server = g_tls_server_connection_new (stream, certificate, error);
  shaken = server != NULL &&
           g_tls_connection_handshake (G_TLS_CONNECTION (server), NULL, error);
  g_io_stream_close (stream, NULL, NULL);
  g_thread_join (client);
  return shaken;
}

static GTlsCertificate *
fail (GError **error, const char *what, const char *path, const char *why)
{
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT, "%s \"%s\" %s",
      what, path, why);
  return NULL;
}

static gboolean
check_readable (const char *what, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_autofree char *why = NULL;
  g_autoptr (GError) unreadable = NULL;

  if (g_file_get_contents (path, &text, NULL, &unreadable))
    return TRUE;
  why = g_strdup_printf (
      "cannot be read: %s; check the path and its permissions", unreadable->message);
  fail (error, what, path, why);
  return FALSE;
}

static void
warn_if_exposed (const char *key_path)
{
  g_autoptr (PrivateFile) file = private_file_read ("the key", key_path, NULL);
  g_autofree char *mode = file != NULL ? g_strdup_printf ("%04o", file->mode) : NULL;

  if (file != NULL && file->exposed)
    log_warning (
        "key-exposed", "path", key_path, "mode", mode, "hint", "chmod 600 it", NULL);
}

GTlsCertificate *
certificate_load (const char *certificate_path, const char *key_path, GError **error)
{
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GError) wrong = NULL;

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ())) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
        "GLib has no TLS here; install glib-networking");
    return NULL;
  }
  if (!check_readable ("the certificate", certificate_path, error) ||
      !check_readable ("the key", key_path, error))
    return NULL;
  /* The whole of it, so that who only has a key in there learns which file is wrong. */
  certificate = g_tls_certificate_new_from_file (certificate_path, NULL);
  if (certificate == NULL)
    return fail (error, "the certificate", certificate_path,
        "is none: it must be in PEM, followed by those that signed it");
  g_clear_object (&certificate);
  certificate = g_tls_certificate_new_from_files (certificate_path, key_path, NULL);
  if (certificate == NULL)
    return fail (error, "the key", key_path,
        "is no private key in PEM without a passphrase, as openssl pkey -in KEY writes "
        "it");
  if (!try_handshake (certificate, &wrong))
    return fail (error, "the key", key_path,
        "does not belong to the certificate; give the two that were made for each other");
  warn_if_exposed (key_path);
  return g_steal_pointer (&certificate);
}

void
certificate_log (GTlsCertificate *certificate, const char *event)
{
  g_autoptr (GDateTime) end = g_tls_certificate_get_not_valid_after (certificate);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *until = end != NULL ? g_date_time_format_iso8601 (end) : NULL;

  log_info (event, "valid-until", until, NULL);
  if (end != NULL && g_date_time_difference (end, now) < SOON_DAYS * G_TIME_SPAN_DAY)
    log_warning ("certificate-expires", "valid-until", until, "hint",
        "put another one in its place and send SIGHUP", NULL);
}
