/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The properties of a client, one row each: what they are called and where in the
 * configuration they lie.
 *
 * Any thread; whoever calls guards the configuration.
 */
#include "callstats-client-private.h"

#define DEFAULT_MEMORY_MAX_BYTES (4 * 1024 * 1024)
#define DEFAULT_SPOOL_MAX_BYTES (64 * 1024 * 1024)
#define DEFAULT_SPOOL_MAX_AGE (7 * 24 * 3600)

typedef enum {
  TEXT,   /* char * */
  FLAG,   /* gboolean, FALSE at first */
  NUMBER, /* guint64 */
  IDS,    /* GVariant *, a{ss} */
} Kind;

typedef struct {
  const char *name;
  const char *blurb;
  Kind kind;
  gsize offset;           /* in the configuration */
  gboolean is_secret;     /* it can be written only */
  gboolean is_credential; /* a token depends on it */
  guint64 least, most, initial;
} Property;

#define AT(member) .offset = G_STRUCT_OFFSET (CallstatsConfiguration, member)

static const Property properties[] = {
  /**
   * CallstatsClient:app-id:
   *
   * The application id that the backend knows, at most 128 bytes.
   */
  { "app-id", "The application id that the backend knows", TEXT, AT (app_id),
      .is_credential = TRUE },
  /**
   * CallstatsClient:app-secret:
   *
   * The application's secret; it signs tokens and never leaves the process.
   */
  { "app-secret",
      "The application's secret; app-secret-file keeps it out of command lines", TEXT,
      AT (app_secret), .is_secret = TRUE, .is_credential = TRUE },
  /**
   * CallstatsClient:app-secret-file:
   *
   * A file that holds the application's secret, read at every connect.
   */
  { "app-secret-file",
      "A file that holds the application's secret, read at every connect", TEXT,
      AT (app_secret_file), .is_credential = TRUE },
  /**
   * CallstatsClient:app-key-file:
   *
   * A file that holds the application's private EC key (P-256, PEM, not encrypted), read
   * at every connect. Tokens are then signed with ES256, and the backend needs the public
   * key only. It goes before a secret.
   */
  { "app-key-file",
      "A file that holds the application's private EC key (P-256, PEM), in place of a "
      "secret",
      TEXT, AT (app_key_file), .is_credential = TRUE },
  /**
   * CallstatsClient:user-id:
   *
   * Who reports, at most 128 bytes.
   */
  { "user-id", "Who reports, at most 128 bytes", TEXT, AT (user_id),
      .is_credential = TRUE },
  /**
   * CallstatsClient:user-name:
   *
   * A name to show for the user.
   */
  { "user-name", "A name to show for the user", TEXT, AT (user_name) },
  /**
   * CallstatsClient:conference-id:
   *
   * The conference of fabrics that name none, at most 256 bytes. Without one, records are
   * held back from the backend until it is set.
   */
  { "conference-id",
      "The conference, at most 256 bytes; until it is set the backend gets nothing", TEXT,
      AT (conference_id) },
  /**
   * CallstatsClient:backend-url:
   *
   * The backend: `wss://` or `ws://`; or `file:///FOLDER/FILE.jsonl`, a file to which the
   * records are appended for a later `callstats-collector import`. A file needs neither
   * a secret nor, if they are given at the import, [property@Callstats.Client:app-id] and
   * [property@Callstats.Client:user-id]. Unset: nothing is sent.
   */
  { "backend-url",
      "The backend's address, wss:// or ws://, or a file's, file:///…; unset: bus "
      "messages only",
      TEXT, AT (backend_url) },
  /**
   * CallstatsClient:token:
   *
   * A token that the application made, for want of a secret: the answer to
   * [signal@Callstats.Client::need-token].
   */
  { "token", "A token that the application made, the answer to need-token", TEXT,
      AT (token), .is_secret = TRUE, .is_credential = TRUE },
  /**
   * CallstatsClient:site-id:
   *
   * The site that the user is at, at most 256 bytes.
   */
  { "site-id", "The site that the user is at, at most 256 bytes", TEXT, AT (site_id) },
  /**
   * CallstatsClient:application-version:
   *
   * The application's version, at most 30 bytes.
   */
  { "application-version", "The application's version, at most 30 bytes", TEXT,
      AT (application_version) },
  /**
   * CallstatsClient:additional-ids:
   *
   * More ids of the call, an `a{ss}` with some of `customerID`, `tenantID`,
   * `productName`, `meetingsName`, `serverName`, `pbxID`, `pbxExtensionID`,
   * `fqExtensionID` and `sessionID`, each at most 256 bytes.
   */
  { "additional-ids", "More ids of the call", IDS, AT (additional_ids) },
  /**
   * CallstatsClient:allow-plaintext:
   *
   * Whether `ws://` may leave this machine. What is this machine is told by the letter of
   * the address: `localhost`, 127.0.0.0/8 and ::1; no other name is looked up.
   */
  { "allow-plaintext", "Whether ws:// may leave this machine", FLAG,
      AT (allow_plaintext) },
  /**
   * CallstatsClient:ca-file:
   *
   * A file with certificates in PEM: the backend's must be signed by one of them. Unset:
   * by one that the system trusts. Verification cannot be turned off. It is read at every
   * connect.
   */
  { "ca-file",
      "The certificates (PEM) that may sign the backend's; unset: those the system "
      "trusts",
      TEXT, AT (ca_file) },
  /**
   * CallstatsClient:allowed-backends:
   *
   * The origins (`wss://HOST[:PORT]`, with commas or spaces in between) to which the
   * backend may move this client in mid-call. Unset: none.
   */
  { "allowed-backends",
      "Origins, with commas in between, to which the backend may move; unset: none", TEXT,
      AT (allowed_backends) },
  /**
   * CallstatsClient:memory-max-bytes:
   *
   * Bytes of records kept in memory while the backend does not take them. Of clients that
   * share a connection, the largest such bound holds for all of them together.
   */
  { "memory-max-bytes",
      "Bytes of records kept in memory while the backend does not take them", NUMBER,
      AT (memory_max_bytes), .least = 65536, .most = G_MAXINT64,
      .initial = DEFAULT_MEMORY_MAX_BYTES },
  /**
   * CallstatsClient:spool-dir:
   *
   * A folder in which records are kept too until the backend has them, so that they
   * outlive this process and its machine's power. The next client with the same backend,
   * application and user sends them, whatever its call. It is made with mode 0700 where
   * it is missing; secrets and tokens are never written there. Unset: memory only.
   */
  { "spool-dir",
      "A folder in which records are kept until the backend has them; unset: memory only",
      TEXT, AT (spool_dir) },
  /**
   * CallstatsClient:spool-max-bytes:
   *
   * Bytes of disk that a journal in the spool may take, about.
   */
  { "spool-max-bytes", "Bytes of disk that a journal in the spool may take, about",
      NUMBER, AT (spool_max_bytes), .least = 1024 * 1024, .most = G_MAXINT64,
      .initial = DEFAULT_SPOOL_MAX_BYTES },
  /**
   * CallstatsClient:spool-max-age:
   *
   * Seconds that a record is kept in the spool at most.
   */
  { "spool-max-age", "Seconds that a record is kept in the spool", NUMBER,
      AT (spool_max_age), .least = 1, .most = G_MAXINT32,
      .initial = DEFAULT_SPOOL_MAX_AGE },
};

/* Returns: (nullable) */
static const Property *
find_property (guint id)
{
  return id >= 1 && id <= G_N_ELEMENTS (properties) ? &properties[id - 1] : NULL;
}

static GParamSpec *
make_spec (const Property *property)
{
  const GParamFlags flags = (property->is_secret ? G_PARAM_WRITABLE : G_PARAM_READWRITE) |
                            G_PARAM_STATIC_STRINGS;

  switch (property->kind) {
  case FLAG:
    return g_param_spec_boolean (property->name, NULL, property->blurb, FALSE, flags);
  case NUMBER:
    return g_param_spec_uint64 (property->name, NULL, property->blurb, property->least,
        property->most, property->initial, flags);
  case IDS:
    return g_param_spec_variant (
        property->name, NULL, property->blurb, G_VARIANT_TYPE ("a{ss}"), NULL, flags);
  case TEXT:
  default:
    return g_param_spec_string (property->name, NULL, property->blurb, NULL, flags);
  }
}

void
callstats_client_install_properties (GObjectClass *klass)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (properties); i++)
    g_object_class_install_property (klass, i + 1, make_spec (&properties[i]));
}

guint
callstats_client_count_properties (void)
{
  return G_N_ELEMENTS (properties);
}

void
callstats_client_init_configuration (CallstatsConfiguration *configuration)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (properties); i++) {
    if (properties[i].kind == NUMBER)
      G_STRUCT_MEMBER (guint64, configuration, properties[i].offset) =
          properties[i].initial;
  }
}

gboolean
callstats_client_set_configuration (
    CallstatsConfiguration *configuration, guint id, const GValue *value)
{
  const Property *property = find_property (id);
  gpointer place;

  if (property == NULL)
    return FALSE;
  place = G_STRUCT_MEMBER_P (configuration, property->offset);
  switch (property->kind) {
  case TEXT:
    g_free (*(char **)place);
    *(char **)place = g_value_dup_string (value);
    break;
  case FLAG:
    *(gboolean *)place = g_value_get_boolean (value);
    break;
  case NUMBER:
    *(guint64 *)place = g_value_get_uint64 (value);
    break;
  case IDS:
    g_clear_pointer ((GVariant **)place, g_variant_unref);
    *(GVariant **)place = g_value_dup_variant (value);
    break;
  }
  if (property->is_credential)
    configuration->credentials_serial++;
  return TRUE;
}

gboolean
callstats_client_get_configuration (
    const CallstatsConfiguration *configuration, guint id, GValue *value)
{
  const Property *property = find_property (id);
  gconstpointer place;

  if (property == NULL)
    return FALSE;
  place = G_STRUCT_MEMBER_P (configuration, property->offset);
  switch (property->kind) {
  case TEXT:
    g_value_set_string (value, *(char *const *)place);
    break;
  case FLAG:
    g_value_set_boolean (value, *(const gboolean *)place);
    break;
  case NUMBER:
    g_value_set_uint64 (value, *(const guint64 *)place);
    break;
  case IDS:
    g_value_set_variant (value, *(GVariant *const *)place);
    break;
  }
  return TRUE;
}
