/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of stat readers, one row a field, and the quirks of the GStreamer versions.
 *
 * Pure, any thread.
 */
#include <gio/gio.h>
#include <string.h>

#include <gst/webrtc/webrtc.h>

#include "webrtcbinstats.h"

GType
gst_callstats_collect_ip_get_type (void)
{
  static const GEnumValue values[] = {
    { GST_CALLSTATS_COLLECT_IP_FULL, "Whole addresses", "full" },
    { GST_CALLSTATS_COLLECT_IP_MASKED, "The /24 of IPv4 and /48 of IPv6", "masked" },
    { GST_CALLSTATS_COLLECT_IP_NONE, "No addresses", "none" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstCallstatsCollectIp", values));
  return type;
}

/* One get-stats reply on its way to a report. */
typedef struct {
  const GstStructure *reply;
  CallstatsReport *report;
  GstCallstatsCollectIp collect_ip;
  guint gst_minor; /* of the running GStreamer 1.x */
  guint gst_micro;
} Reading;

/* One stats object of it. */
typedef struct {
  const GstStructure *fields;
  const char *id;
  GstWebRTCStatsType type;
  guint64 ssrc; /* of an RTP stream */
} Object;

typedef void (*Reader) (
    Reading *reading, const Object *object, const char *w3c, const GValue *value);

typedef struct {
  const char *gst; /* webrtcbin's name */
  const char *w3c;
  Reader read;
} Field;

/* Tolerant of every numeric type: they drift from release to release. */
static void
read_value (Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  CallstatsReport *report = reading->report;

  if (G_VALUE_HOLDS_UINT (value))
    callstats_report_set_uint (report, w3c, g_value_get_uint (value));
  else if (G_VALUE_HOLDS_UINT64 (value))
    callstats_report_set_uint (report, w3c, g_value_get_uint64 (value));
  else if (G_VALUE_HOLDS_INT (value))
    callstats_report_set_int (report, w3c, g_value_get_int (value));
  else if (G_VALUE_HOLDS_INT64 (value))
    callstats_report_set_int (report, w3c, g_value_get_int64 (value));
  else if (G_VALUE_HOLDS_DOUBLE (value))
    callstats_report_set_double (report, w3c, g_value_get_double (value));
  else if (G_VALUE_HOLDS_BOOLEAN (value))
    callstats_report_set_boolean (report, w3c, g_value_get_boolean (value));
  else if (G_VALUE_HOLDS_STRING (value))
    callstats_report_set_string (report, w3c, g_value_get_string (value));
  else if (G_VALUE_HOLDS_ENUM (value)) {
    g_autoptr (GEnumClass) klass = g_type_class_ref (G_VALUE_TYPE (value));
    GEnumValue *found = g_enum_get_value (klass, g_value_get_enum (value));

    callstats_report_set_string (report, w3c, found != NULL ? found->value_nick : NULL);
  }
}

static void
read_text (Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  const char *text = G_VALUE_HOLDS_STRING (value) ? g_value_get_string (value) : NULL;

  if (text != NULL && *text != '\0')
    callstats_report_set_string (reading->report, w3c, text);
}

/* Up to 1.24 the line is prefixed by the payload type, as in SDP. */
static void
read_fmtp (Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  const char *line = G_VALUE_HOLDS_STRING (value) ? g_value_get_string (value) : NULL;
  const char *space = line != NULL ? strchr (line, ' ') : NULL;

  if (line == NULL)
    return;
  if (reading->gst_minor < 26 && space != NULL &&
      strspn (line, "0123456789") == (gsize)(space - line))
    line = space + 1;
  callstats_report_set_string (reading->report, w3c, line);
}

/* NTP seconds since 1900 → milliseconds since 1970. */
static void
read_ntp_time (
    Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  const double seventy_years = 2208988800.0;

  if (G_VALUE_HOLDS_DOUBLE (value) && g_value_get_double (value) > seventy_years)
    callstats_report_set_double (
        reading->report, w3c, (g_value_get_double (value) - seventy_years) * 1000);
}

static char *
mask_ipv4 (const guint8 *bytes)
{
  return g_strdup_printf ("%u.%u.%u.0", bytes[0], bytes[1], bytes[2]);
}

static char *
mask_ipv6 (const guint8 *bytes)
{
  guint8 masked[16] = { 0 };
  g_autoptr (GInetAddress) address = NULL;

  memcpy (masked, bytes, 6);
  address = g_inet_address_new_from_bytes (masked, G_SOCKET_FAMILY_IPV6);
  return g_inet_address_to_string (address);
}

char *
gst_callstats_filter_address (const char *address, GstCallstatsCollectIp collect_ip)
{
  g_autofree char *bare = g_strndup (address, strcspn (address, "%"));
  g_autoptr (GInetAddress) parsed = NULL;

  if (collect_ip == GST_CALLSTATS_COLLECT_IP_FULL)
    return g_strdup (address);
  if (collect_ip == GST_CALLSTATS_COLLECT_IP_NONE)
    return NULL;
  parsed = g_inet_address_new_from_string (bare);
  if (parsed == NULL)
    return NULL;
  if (g_inet_address_get_family (parsed) == G_SOCKET_FAMILY_IPV4)
    return mask_ipv4 (g_inet_address_to_bytes (parsed));
  return mask_ipv6 (g_inet_address_to_bytes (parsed));
}

static void
read_address (
    Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  g_autofree char *address = NULL;

  if (!G_VALUE_HOLDS_STRING (value) || g_value_get_string (value) == NULL)
    return;
  address =
      gst_callstats_filter_address (g_value_get_string (value), reading->collect_ip);
  callstats_report_set_string (reading->report, w3c, address);
}

/* A candidate's id in webrtcbin holds its address: it is told as a keyed hash of that,
 * with a key that no one but this process knows. */
static char *
candidate_id (const char *id)
{
  static gsize once;
  static guint32 key[4];
  const char *side = g_str_has_prefix (id, "ice-candidate-local_") ? "local" : "remote";
  g_autofree char *digest = NULL;
  guint i;

  if (g_once_init_enter (&once)) {
    for (i = 0; i < G_N_ELEMENTS (key); i++)
      key[i] = g_random_int ();
    g_once_init_leave (&once, 1);
  }
  digest = g_compute_hmac_for_string (
      G_CHECKSUM_SHA256, (const guchar *)key, sizeof key, id, -1);
  digest[12] = '\0';
  return g_strdup_printf ("ice-candidate-%s-%s", side, digest);
}

static gboolean
is_candidate_id (const char *id)
{
  return g_str_has_prefix (id, "ice-candidate-local_") ||
         g_str_has_prefix (id, "ice-candidate-remote_");
}

static void
read_candidate_id (
    Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  g_autofree char *id = NULL;

  if (!G_VALUE_HOLDS_STRING (value) || g_value_get_string (value) == NULL)
    return;
  id = candidate_id (g_value_get_string (value));
  callstats_report_set_string (reading->report, w3c, id);
}

/* The codec object whose ssrc is the stream's, whatever the stream itself claims. */
static const GstStructure *
find_codec (Reading *reading, guint64 ssrc)
{
  int i;

  for (i = 0; i < gst_structure_n_fields (reading->reply); i++) {
    const GValue *value = gst_structure_get_value (
        reading->reply, gst_structure_nth_field_name (reading->reply, i));
    const GstStructure *codec =
        GST_VALUE_HOLDS_STRUCTURE (value) ? gst_value_get_structure (value) : NULL;
    GstWebRTCStatsType type;
    guint codec_ssrc;

    if (codec != NULL &&
        gst_structure_get (codec, "type", GST_TYPE_WEBRTC_STATS_TYPE, &type, NULL) &&
        type == GST_WEBRTC_STATS_CODEC &&
        gst_structure_get_uint (codec, "ssrc", &codec_ssrc) && codec_ssrc == ssrc)
      return codec;
  }
  return NULL;
}

/* Up to 1.24, with bundle, every stream of a transport is told with the kind and codec of
 * the last pad (mended by 7da5d03b29 in 1.26): there they come from the codec that has
 * the stream's SSRC, or not at all. */
static gboolean
has_kind_quirk (Reading *reading)
{
  return reading->gst_minor < 26;
}

static void
read_kind (Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  const GstStructure *codec = find_codec (reading, object->ssrc);
  const char *mime = codec != NULL ? gst_structure_get_string (codec, "mime-type") : NULL;
  g_autofree char *kind = NULL;

  if (!has_kind_quirk (reading)) {
    read_value (reading, object, w3c, value);
  } else if (mime != NULL) {
    kind = g_strndup (mime, strcspn (mime, "/"));
    callstats_report_set_string (reading->report, w3c, kind);
  }
}

static void
read_codec_id (
    Reading *reading, const Object *object, const char *w3c, const GValue *value)
{
  const GstStructure *codec = find_codec (reading, object->ssrc);

  if (!has_kind_quirk (reading))
    read_value (reading, object, w3c, value);
  else if (codec != NULL)
    callstats_report_set_string (
        reading->report, w3c, gst_structure_get_string (codec, "id"));
}

/* What is not here goes by its own name in camel case. GStreamer's own nested structures
 * (gst-…) are left out. */
static const Field fields[] = {
  { "type", NULL, NULL },
  { "id", NULL, NULL },
  { "timestamp", NULL, NULL },
  { "address", "address", read_address },
  { "related-address", "relatedAddress", read_address },
  { "url", "url", read_text },
  { "relay-protocol", "relayProtocol", read_text },
  { "sdp-fmtp-line", "sdpFmtpLine", read_fmtp },
  { "remote-timestamp", "remoteTimestamp", read_ntp_time },
  { "local-candidate-id", "localCandidateId", read_candidate_id },
  { "remote-candidate-id", "remoteCandidateId", read_candidate_id },
  { "kind", "kind", read_kind },
  { "codec-id", "codecId", read_codec_id },
};

static const Field *
find_field (const char *name)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (strcmp (fields[i].gst, name) == 0)
      return &fields[i];
  }
  return NULL;
}

static char *
to_camel_case (const char *name)
{
  GString *camel = g_string_sized_new (strlen (name));
  const char *p;

  for (p = name; *p != '\0'; p++) {
    if (*p == '-' && p[1] != '\0')
      g_string_append_c (camel, g_ascii_toupper (*++p));
    else
      g_string_append_c (camel, *p);
  }
  return g_string_free (camel, FALSE);
}

static void
read_field (Reading *reading, const Object *object, const char *name)
{
  const GValue *value = gst_structure_get_value (object->fields, name);
  const Field *field = find_field (name);
  g_autofree char *camel = NULL;

  if (field != NULL) {
    if (field->read != NULL)
      field->read (reading, object, field->w3c, value);
  } else if (!g_str_has_prefix (name, "gst-")) {
    camel = to_camel_case (name);
    read_value (reading, object, camel, value);
  }
}

/* RTP is told from the packets themselves: get-stats has the last pad's kind and codec
 * for all streams (up to 1.24), the last jitter buffer's figures for all (every version),
 * and none where a pad's caps tell no SSRC (from 1.26). */
static gboolean
is_rtp (const Object *object)
{
  return object->type == GST_WEBRTC_STATS_CODEC ||
         object->type == GST_WEBRTC_STATS_INBOUND_RTP ||
         object->type == GST_WEBRTC_STATS_OUTBOUND_RTP ||
         object->type == GST_WEBRTC_STATS_REMOTE_INBOUND_RTP ||
         object->type == GST_WEBRTC_STATS_REMOTE_OUTBOUND_RTP;
}

/* 1.22.0 to 1.22.4 call a local candidate remote and the other way round (mended by
 * d317379287): the id has always been right. */
static const char *
stats_type (const Object *object)
{
  static const char *const names[] = {
    [GST_WEBRTC_STATS_CODEC] = "codec",
    [GST_WEBRTC_STATS_INBOUND_RTP] = "inbound-rtp",
    [GST_WEBRTC_STATS_OUTBOUND_RTP] = "outbound-rtp",
    [GST_WEBRTC_STATS_REMOTE_INBOUND_RTP] = "remote-inbound-rtp",
    [GST_WEBRTC_STATS_REMOTE_OUTBOUND_RTP] = "remote-outbound-rtp",
    [GST_WEBRTC_STATS_CSRC] = "csrc",
    [GST_WEBRTC_STATS_PEER_CONNECTION] = "peer-connection",
    [GST_WEBRTC_STATS_DATA_CHANNEL] = "data-channel",
    [GST_WEBRTC_STATS_STREAM] = "stream",
    [GST_WEBRTC_STATS_TRANSPORT] = "transport",
    [GST_WEBRTC_STATS_CANDIDATE_PAIR] = "candidate-pair",
    [GST_WEBRTC_STATS_LOCAL_CANDIDATE] = "local-candidate",
    [GST_WEBRTC_STATS_REMOTE_CANDIDATE] = "remote-candidate",
    [GST_WEBRTC_STATS_CERTIFICATE] = "certificate",
  };

  if (g_str_has_prefix (object->id, "ice-candidate-local_"))
    return "local-candidate";
  if (g_str_has_prefix (object->id, "ice-candidate-remote_"))
    return "remote-candidate";
  return (guint)object->type < G_N_ELEMENTS (names) ? names[object->type] : NULL;
}

static gboolean
object_init (Object *object, const GValue *value)
{
  guint ssrc = 0;

  if (!GST_VALUE_HOLDS_STRUCTURE (value))
    return FALSE;
  object->fields = gst_value_get_structure (value);
  object->id = gst_structure_get_string (object->fields, "id");
  if (object->id == NULL || !gst_structure_get (object->fields, "type",
                                GST_TYPE_WEBRTC_STATS_TYPE, &object->type, NULL))
    return FALSE;
  gst_structure_get_uint (object->fields, "ssrc", &ssrc);
  object->ssrc = ssrc;
  return stats_type (object) != NULL && !is_rtp (object);
}

static void
read_object (Reading *reading, const Object *object)
{
  g_autofree char *candidate =
      is_candidate_id (object->id) ? candidate_id (object->id) : NULL;
  int i;

  callstats_report_add_stats (
      reading->report, stats_type (object), candidate != NULL ? candidate : object->id);
  for (i = 0; i < gst_structure_n_fields (object->fields); i++)
    read_field (reading, object, gst_structure_nth_field_name (object->fields, i));
}

CallstatsReport *
gst_callstats_read_stats (
    const GstStructure *reply, gint64 time_us, GstCallstatsCollectIp collect_ip)
{
  Reading reading = { .reply = reply, .collect_ip = collect_ip };
  guint major, nano;
  int i;

  gst_version (&major, &reading.gst_minor, &reading.gst_micro, &nano);
  reading.report = callstats_report_new (time_us);
  for (i = 0; i < gst_structure_n_fields (reply); i++) {
    Object object;

    if (object_init (&object,
            gst_structure_get_value (reply, gst_structure_nth_field_name (reply, i))))
      read_object (&reading, &object);
  }
  return reading.report;
}
