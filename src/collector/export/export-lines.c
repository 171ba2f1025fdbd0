/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A conference as the lines of a recorded file (docs/protocol.md), which callstats-
 * collector import takes. In the pool.
 *
 * Records are numbered by their times, each kind of each fabric or user in a session of
 * its own: so an export of the same conference that was made later gives the same record
 * the same number, and both can be imported without doubling any.
 */
#include "callstats/callstats-json-private.h"
#include "callstats/callstats-record-private.h"
#include "export-private.h"

/* Of a session's name, of which 64 are allowed. */
#define HASH_CHARACTERS 40

/* kind: of the records; fabric: (nullable) */
static char *
name_session (Export *export, const char *kind, const char *user, const char *fabric)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  const char *parts[] = { kind, export->app, export->id.conference, user,
    fabric != NULL ? fabric : "" };
  g_autofree char *hash = NULL;

  /* With their ends: no two lists of parts are the same text. */
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_checksum_update (checksum, (const guchar *)parts[i], (gssize)strlen (parts[i]) + 1);
  hash = g_strndup (g_checksum_get_string (checksum), HASH_CHARACTERS);
  return g_strconcat ("export-", hash, NULL);
}

static const StoreParticipant *
find_participant (Export *export, const char *user)
{
  for (guint i = 0; i < export->detail->participants->len; i++) {
    const StoreParticipant *participant = export->detail->participants->pdata[i];

    if (strcmp (participant->user, user) == 0)
      return participant;
  }
  return NULL;
}

/* Whoever reads knows some thousand sessions only, so each change is told. */
static void
begin_session (Export *export, GString *out, const char *name, const char *user)
{
  const StoreParticipant *participant;

  if (g_strcmp0 (export->session, name) == 0)
    return;
  g_free (export->session);
  export->session = g_strdup (name);
  participant = find_participant (export, user);
  g_string_append (out, "{\"type\":\"session\",\"format\":1");
  callstats_json_append_member (out, "session");
  callstats_json_append_string (out, name);
  callstats_json_append_member (out, "time");
  callstats_json_append_int (out, g_get_real_time () / 1000);
  callstats_json_append_member (out, "app");
  callstats_json_append_string (out, export->app);
  callstats_json_append_member (out, "user");
  callstats_json_append_string (out, user);
  callstats_json_append_member (out, "client");
  g_string_append_c (out, '{');
  if (participant != NULL && participant->user_name != NULL) {
    callstats_json_append_member (out, "userName");
    callstats_json_append_string (out, participant->user_name);
  }
  g_string_append (out, "}}\n");
}

/* Two of the same time come in the order in which they were stored. */
static gint64
number_record (Export *export, const char *session, gint64 time)
{
  gint64 *last = g_hash_table_lookup (export->sequences, session);

  if (last == NULL) {
    last = g_new0 (gint64, 1);
    g_hash_table_insert (export->sequences, g_strdup (session), last);
  }
  *last = MAX (*last + 1, time);
  return *last;
}

static void
begin_line (Export *export, GString *out, const char *kind, const char *user,
    const char *fabric, gint64 time)
{
  g_autofree char *session = name_session (export, kind, user, fabric);

  begin_session (export, out, session, user);
  g_string_append_c (out, '{');
  callstats_json_append_member (out, "session");
  callstats_json_append_string (out, session);
  callstats_json_append_member (out, "sequence");
  g_string_append_printf (
      out, "%" G_GINT64_FORMAT, number_record (export, session, time));
  callstats_json_append_member (out, "record");
}

static void
append_text (GString *out, const char *name, const char *text)
{
  if (text == NULL)
    return;
  callstats_json_append_member (out, name);
  callstats_json_append_string (out, text);
}

static void
begin_record (Export *export, GString *out, const char *type, gint64 time,
    const char *fabric, const char *remote_user)
{
  g_string_append_c (out, '{');
  append_text (out, "type", type);
  callstats_json_append_member (out, "time");
  callstats_record_append_time (time, out);
  append_text (out, "conference", export->id.conference);
  append_text (out, "fabric", fabric);
  append_text (out, "remoteUser", remote_user);
}

static gboolean
write_events (Export *export, GString *out, GError **error)
{
  gboolean more;
  g_autoptr (GPtrArray) events = export_next_events (export, NULL, &more, error);

  for (guint i = 0; events != NULL && i < events->len; i++) {
    const StoreEvent *event = events->pdata[i];

    begin_line (export, out, "event", event->user, NULL, event->time);
    begin_record (export, out, "event", event->time, event->fabric, event->remote_user);
    append_text (out, "name", event->name);
    callstats_json_append_member (out, "data");
    g_string_append (out, event->data);
    g_string_append (out, "}}\n");
  }
  if (events == NULL || more)
    return FALSE;
  export_rewind (export);
  return TRUE;
}

typedef struct {
  Export *export;
  GString *out;
} Writing;

static void
write_report (gint64 time, const char *stats, gsize length, gpointer user_data)
{
  Writing *writing = user_data;
  const StoreFabric *fabric = writing->export->fabric;

  begin_line (
      writing->export, writing->out, "report", fabric->user, fabric->fabric, time);
  begin_record (
      writing->export, writing->out, "report", time, fabric->fabric, fabric->remote_user);
  callstats_json_append_member (writing->out, "stats");
  g_string_append_len (writing->out, stats, length);
  g_string_append (writing->out, "}}\n");
}

static gboolean
write_reports (Export *export, GString *out, GError **error)
{
  Writing writing = { export, out };
  gboolean more;

  if (export->fabric == NULL) {
    g_hash_table_remove_all (export->sequences);
    if (!export_next_fabric (export, error))
      return FALSE;
  }
  if (export->fabric == NULL) {
    export_rewind (export);
    return TRUE;
  }
  if (!export_read_reports (export, write_report, &writing, &more, error))
    return FALSE;
  if (!more)
    export_end_fabric (export);
  return FALSE;
}

static gboolean
write_others (Export *export, GString *out, GError **error)
{
  gboolean more;
  g_autoptr (GPtrArray) others = export_next_others (export, &more, error);

  for (guint i = 0; others != NULL && i < others->len; i++) {
    const StoreOther *other = others->pdata[i];

    begin_line (export, out, "other", other->user, NULL, other->time);
    g_string_append (out, other->record);
    g_string_append (out, "}\n");
  }
  return others != NULL && !more;
}

static const ExportPhase phases[] = { write_events, write_reports, write_others, NULL };

const ExportFormat export_lines = { "jsonl", "application/jsonl", ".jsonl", phases };
