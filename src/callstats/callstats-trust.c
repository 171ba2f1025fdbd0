/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whose word a backend's certificate needs. Any thread; reads files.
 */
#include "callstats-trust-private.h"

#include "callstats-error.h"

static void
refuse (GError **error, const char *path, const char *why)
{
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "ca-file “%s” %s: nothing is sent until it holds certificates in PEM", path, why);
}

/* A file without any would be a database that trusts nobody. */
static gboolean
check_file (const char *path, GError **error)
{
  g_autoptr (GError) wrong = NULL;
  GList *certificates = g_tls_certificate_list_new_from_file (path, &wrong);
  gboolean good = certificates != NULL;

  g_list_free_full (certificates, g_object_unref);
  if (wrong != NULL) {
    g_autofree char *why = g_strdup_printf ("cannot be used (%s)", wrong->message);

    refuse (error, path, why);
  } else if (!good) {
    refuse (error, path, "holds no certificate");
  }
  return good;
}

static GTlsDatabase *
load_file (const char *ca_file, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (ca_file, NULL);
  g_autoptr (GError) wrong = NULL;
  GTlsDatabase *database;

  if (!check_file (path, error))
    return NULL;
  database = g_tls_file_database_new (path, &wrong);
  if (database == NULL)
    refuse (error, path, wrong->message);
  return database;
}

GTlsDatabase *
callstats_trust_load (const char *ca_file, GError **error)
{
  GTlsBackend *backend = g_tls_backend_get_default ();

  if (!g_tls_backend_supports_tls (backend)) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
        "There is no TLS in this process, which a wss:// backend needs: nothing is sent; "
        "install glib-networking");
    return NULL;
  }
  if (ca_file != NULL && *ca_file != '\0')
    return load_file (ca_file, error);
  return g_tls_backend_get_default_database (backend);
}

typedef struct {
  GTlsCertificateFlags flag;
  const char *words;
} Fault;

/* What can be told from several is told by the first. */
static const Fault faults[] = {
  { G_TLS_CERTIFICATE_BAD_IDENTITY,
      "its certificate is for another host; correct backend-url or the certificate" },
  { G_TLS_CERTIFICATE_REVOKED, "its certificate has been revoked" },
  { G_TLS_CERTIFICATE_EXPIRED,
      "its certificate has expired; renew it, or correct this machine's clock" },
  { G_TLS_CERTIFICATE_NOT_ACTIVATED,
      "its certificate is not valid yet; correct this machine's clock" },
  { G_TLS_CERTIFICATE_UNKNOWN_CA, "its certificate is signed by nobody who is trusted "
                                  "here; set ca-file to the CA that signed it" },
  { G_TLS_CERTIFICATE_INSECURE, "its certificate is signed in a way that is not safe" },
};

const char *
callstats_trust_describe (GTlsCertificateFlags wrong)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (faults); i++) {
    if (wrong & faults[i].flag)
      return faults[i].words;
  }
  return "its certificate cannot be verified";
}
