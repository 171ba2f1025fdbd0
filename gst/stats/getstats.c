/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of get-stats: one row a field, one function a quirk. Pure, any thread.
 */
#include "getstats.h"

#include <string.h>

#include <gst/webrtc/webrtc.h>

#include "candidates.h"
#include "fields.h"

/* Of what is nested in an object, and of a list. */
#define MAX_DEPTH 3
#define MAX_ITEMS 8

#define LOCAL_CANDIDATE "ice-candidate-local_"
#define REMOTE_CANDIDATE "ice-candidate-remote_"

/* One get-stats reply on its way to a report. */
typedef struct {
  const GstStructure *reply;
  CallstatsReport *report;
  GstCallstatsCollectIp collect_ip;
  guint minor; /* of the running GStreamer 1.x */
} Reading;

/* One stats object of it. */
typedef struct {
  const GstStructure *fields;
  const char *id;
  GstWebRTCStatsType type;
} Object;

/* Tells the member as it ought to be, or not at all. */
typedef void (*Quirk) (
    const Reading *reading, const Object *object, const char *w3c, const GValue *value);

typedef struct {
  guint types;     /* bits */
  const char *gst; /* webrtcbin's name */
  const char *w3c; /* NULL: not told */
  guint since;     /* minor version of GStreamer 1.x; 0: all */
  Quirk quirk;     /* NULL: told as it is */
} Row;

#define BIT(type) (1u << GST_WEBRTC_STATS_##type)
#define CANDIDATE (BIT (LOCAL_CANDIDATE) | BIT (REMOTE_CANDIDATE))
#define ANY G_MAXUINT

static const GstStructure *
get_structure (const GstStructure *reply, const char *id)
{
  const GValue *value = id != NULL ? gst_structure_get_value (reply, id) : NULL;

  return value != NULL && GST_VALUE_HOLDS_STRUCTURE (value)
             ? gst_value_get_structure (value)
             : NULL;
}

static const char *
get_text (const GValue *value)
{
  const char *text = G_VALUE_HOLDS_STRING (value) ? g_value_get_string (value) : NULL;

  return text != NULL && *text != '\0' ? text : NULL;
}

/* Quirks. */

/* A string that is empty where there is none: the url of a host candidate. */
static void
leave_out_empty (
    const Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  callstats_report_set_string (reading->report, w3c, get_text (value));
}

static void
filter_address (
    const Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  g_autofree char *address = NULL;

  if (get_text (value) == NULL)
    return;
  address = gst_callstats_filter_address (get_text (value), reading->collect_ip);
  callstats_report_set_string (reading->report, w3c, address);
}

static char *
hash_candidate_id (const char *id)
{
  return gst_callstats_ice_candidate_make_id (
      g_str_has_prefix (id, REMOTE_CANDIDATE), id);
}

/* webrtcbin's ids of candidates hold their addresses. */
static void
hide_candidate (
    const Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  g_autofree char *id = NULL;

  if (get_text (value) == NULL)
    return;
  id = hash_candidate_id (get_text (value));
  callstats_report_set_string (reading->report, w3c, id);
}

/* The pair is named before one is selected, too (all versions, main of 2026-08). */
static void
leave_out_unselected (
    const Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  const GstStructure *pair = get_structure (reading->reply, get_text (value));

  if (pair != NULL && gst_structure_has_field (pair, "local-candidate-id"))
    callstats_report_set_string (reading->report, w3c, get_text (value));
}

/* A candidate over UDP has no type of TCP; 1.28 gives it "none". */
static void
leave_out_none (
    const Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  g_autoptr (GEnumClass) klass = NULL;
  const GEnumValue *found;

  if (!G_VALUE_HOLDS_ENUM (value))
    return;
  klass = g_type_class_ref (G_VALUE_TYPE (value));
  found = g_enum_get_value (klass, g_value_get_enum (value));
  if (found != NULL && strcmp (found->value_nick, "none") != 0)
    callstats_report_set_string (reading->report, w3c, found->value_nick);
}

/* Always 0 before 85e3f31740 (1.24). */
static void
leave_out_before_24 (
    const Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  guint64 count;

  if (reading->minor >= 24 && gst_callstats_value_to_count (value, &count))
    callstats_report_set_uint (reading->report, w3c, count);
}

/* The objects that sources of ours tell, and that are read only where they cannot: a
 * foreign ICE. What is not here goes on by its own name in camel case. */
static const Row rows[] = {
  { ANY, "type", NULL, 0, NULL }, { ANY, "id", NULL, 0, NULL },
  { ANY, "timestamp", NULL, 0, NULL }, /* monotonic */
  { BIT (PEER_CONNECTION), "data-channels-opened", "dataChannelsOpened", 24,
      leave_out_before_24 },
  { BIT (PEER_CONNECTION), "data-channels-closed", "dataChannelsClosed", 24,
      leave_out_before_24 },
  { BIT (PEER_CONNECTION), "data-channels-requested", NULL, 0, NULL }, /* always 0 */
  { BIT (PEER_CONNECTION), "data-channels-accepted", NULL, 0, NULL },  /* always 0 */
  { BIT (TRANSPORT), "selected-candidate-pair-id", "selectedCandidatePairId", 0,
      leave_out_unselected },
  { BIT (TRANSPORT), "dtls-role", "dtlsRole", 28, NULL },
  { BIT (TRANSPORT), "dtls-state", "dtlsState", 28, NULL },
  { BIT (TRANSPORT), "tls-version", "tlsVersion", 30, NULL },
  { BIT (TRANSPORT), "dtls-cipher", "dtlsCipher", 30, NULL },
  { BIT (TRANSPORT), "srtp-cipher", "srtpCipher", 30, NULL },
  { BIT (CANDIDATE_PAIR), "local-candidate-id", "localCandidateId", 0, hide_candidate },
  { BIT (CANDIDATE_PAIR), "remote-candidate-id", "remoteCandidateId", 0, hide_candidate },
  { BIT (CANDIDATE_PAIR), "gst-twcc-stats", NULL, 0, NULL }, /* the transport's */
  { CANDIDATE, "transport-id", NULL, 0, NULL }, /* an object's name: ours have others */
  { CANDIDATE, "address", "address", 0, filter_address },
  { CANDIDATE, "port", "port", 0, NULL }, { CANDIDATE, "protocol", "protocol", 0, NULL },
  { CANDIDATE, "candidate-type", "candidateType", 0, NULL },
  { CANDIDATE, "priority", "priority", 0, NULL },
  { CANDIDATE, "url", "url", 0, leave_out_empty },
  { CANDIDATE, "relay-protocol", "relayProtocol", 0, leave_out_empty },
  { CANDIDATE, "foundation", "foundation", 28, NULL },
  { CANDIDATE, "related-address", "relatedAddress", 28, filter_address },
  { CANDIDATE, "related-port", "relatedPort", 28, NULL },
  { CANDIDATE, "username-fragment", "usernameFragment", 28, leave_out_empty },
  { CANDIDATE, "tcp-type", "tcpType", 28, leave_out_none },
  { BIT (CERTIFICATE), "fingerprint", "fingerprint", 30, NULL },
  { BIT (CERTIFICATE), "fingerprint-algorithm", "fingerprintAlgorithm", 30, NULL },
  { BIT (CERTIFICATE), "base64-certificate", NULL, 30, NULL }, /* is PEM */
};

static const Row *
find_row (GstWebRTCStatsType type, const char *name)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (rows[i].types & 1u << type && strcmp (rows[i].gst, name) == 0)
      return &rows[i];
  }
  return NULL;
}

/* What no table knows */

/* prefix-and-name → prefixAndName */
static char *
to_camel_case (const char *prefix, const char *name)
{
  GString *camel = g_string_new (prefix);
  gboolean upper = camel->len > 0;
  const char *p;

  for (p = name; *p != '\0'; p++) {
    if (*p == '-' && p[1] != '\0') {
      upper = TRUE;
      continue;
    }
    g_string_append_c (camel, upper ? g_ascii_toupper (*p) : *p);
    upper = FALSE;
  }
  return g_string_free (camel, FALSE);
}

static void tell_value (
    const char *member, const GValue *value, guint depth, CallstatsReport *report);

static void
tell_structure (const char *prefix, const GstStructure *structure, guint depth,
    CallstatsReport *report)
{
  int i;

  for (i = 0; i < gst_structure_n_fields (structure); i++) {
    const char *name = gst_structure_nth_field_name (structure, i);
    g_autofree char *member = to_camel_case (prefix, name);

    tell_value (member, gst_structure_get_value (structure, name), depth + 1, report);
  }
}

/* Each item under its number. */
static void
tell_list (const char *member, const GValue *list, guint depth, CallstatsReport *report)
{
  guint i, n = MIN (gst_value_list_get_size (list), MAX_ITEMS);

  for (i = 0; i < n; i++) {
    g_autofree char *item = g_strdup_printf ("%s%u", member, i);

    tell_value (item, gst_value_list_get_value (list, i), depth + 1, report);
  }
}

static void
tell_value (const char *member, const GValue *value, guint depth, CallstatsReport *report)
{
  GstCallstatsField field = { "", member, GST_CALLSTATS_UNIT_AS_IS, 0, NULL };

  if (depth > MAX_DEPTH)
    return;
  if (GST_VALUE_HOLDS_STRUCTURE (value))
    tell_structure (member, gst_value_get_structure (value), depth, report);
  else if (GST_VALUE_HOLDS_LIST (value))
    tell_list (member, value, depth, report);
  else
    gst_callstats_field_tell (&field, value, report);
}

static void
tell_unknown (const Object *object, const char *name, CallstatsReport *report)
{
  g_autofree char *member = to_camel_case ("", name);

  tell_value (member, gst_structure_get_value (object->fields, name), 0, report);
}

/* Objects */

/* 1.22.0 to 1.22.4 call a local candidate remote and the other way round (mended by
 * d317379287): the id has always been right. */
static GstWebRTCStatsType
unswap_candidates (const char *id, GstWebRTCStatsType type)
{
  if (g_str_has_prefix (id, LOCAL_CANDIDATE))
    return GST_WEBRTC_STATS_LOCAL_CANDIDATE;
  if (g_str_has_prefix (id, REMOTE_CANDIDATE))
    return GST_WEBRTC_STATS_REMOTE_CANDIDATE;
  return type;
}

/* NULL: one that this does not know; its nick is as good. */
static const char *
get_type_name (GstWebRTCStatsType type)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (GST_TYPE_WEBRTC_STATS_TYPE);
  const GEnumValue *found = g_enum_get_value (klass, type);

  return found != NULL ? found->value_nick : NULL;
}

static gboolean
object_init (Object *object, const GValue *value)
{
  if (value == NULL || !GST_VALUE_HOLDS_STRUCTURE (value))
    return FALSE;
  object->fields = gst_value_get_structure (value);
  object->id = gst_structure_get_string (object->fields, "id");
  if (object->id == NULL || !gst_structure_get (object->fields, "type",
                                GST_TYPE_WEBRTC_STATS_TYPE, &object->type, NULL))
    return FALSE;
  object->type = unswap_candidates (object->id, object->type);
  return get_type_name (object->type) != NULL;
}

static void
tell_field (const Reading *reading, const Object *object, const char *name)
{
  const GValue *value = gst_structure_get_value (object->fields, name);
  const Row *row = find_row (object->type, name);

  if (row == NULL)
    tell_unknown (object, name, reading->report);
  else if (row->w3c != NULL && row->quirk != NULL)
    row->quirk (reading, object, row->w3c, value);
  else if (row->w3c != NULL)
    tell_value (row->w3c, value, 0, reading->report);
}

static void
tell_object (const Reading *reading, const Object *object)
{
  gboolean is_candidate = (1u << object->type & CANDIDATE) != 0;
  g_autofree char *hashed = is_candidate ? hash_candidate_id (object->id) : NULL;
  int i;

  callstats_report_add_stats (
      reading->report, get_type_name (object->type), is_candidate ? hashed : object->id);
  for (i = 0; i < gst_structure_n_fields (object->fields); i++)
    tell_field (reading, object, gst_structure_nth_field_name (object->fields, i));
}

static void
reading_init (Reading *reading, const GstStructure *reply,
    GstCallstatsCollectIp collect_ip, CallstatsReport *report)
{
  guint major, micro, nano;

  reading->reply = reply;
  reading->report = report;
  reading->collect_ip = collect_ip;
  gst_version (&major, &reading->minor, &micro, &nano);
}

void
gst_callstats_get_stats_tell (const GstStructure *reply, guint told,
    GstCallstatsCollectIp collect_ip, CallstatsReport *report)
{
  Reading reading;
  int i;

  reading_init (&reading, reply, collect_ip, report);
  for (i = 0; i < gst_structure_n_fields (reply); i++) {
    Object object;

    if (object_init (&object,
            gst_structure_get_value (reply, gst_structure_nth_field_name (reply, i))) &&
        !(told & 1u << object.type))
      tell_object (&reading, &object);
  }
}

/* Returns: FALSE: there is none, or there are several */
static gboolean
find_only (const GstStructure *reply, GstWebRTCStatsType type, Object *only)
{
  guint n = 0;
  int i;

  for (i = 0; i < gst_structure_n_fields (reply); i++) {
    Object object;

    if (object_init (&object,
            gst_structure_get_value (reply, gst_structure_nth_field_name (reply, i))) &&
        object.type == type) {
      *only = object;
      n++;
    }
  }
  return n == 1;
}

void
gst_callstats_get_stats_tell_unknown (
    const GstStructure *reply, guint type, CallstatsReport *report)
{
  Object object;
  int i;

  if (!find_only (reply, type, &object))
    return;
  for (i = 0; i < gst_structure_n_fields (object.fields); i++) {
    const char *name = gst_structure_nth_field_name (object.fields, i);

    if (find_row (type, name) == NULL)
      tell_unknown (&object, name, report);
  }
}

void
gst_callstats_get_stats_tell_known (const GstStructure *reply, guint type,
    const char *name, GstCallstatsCollectIp collect_ip, CallstatsReport *report)
{
  Reading reading;
  Object object;

  reading_init (&reading, reply, collect_ip, report);
  if (find_only (reply, type, &object) && gst_structure_has_field (object.fields, name))
    tell_field (&reading, &object, name);
}
