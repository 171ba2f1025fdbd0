/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The properties of callstatsmon. Any thread; whoever calls guards the settings.
 */
#include "callmonitor.h"
#include "monitorproperties.h"

#define DEFAULT_INTERVAL 1000
#define DEFAULT_SETUP_TIMEOUT 30000

#define READY \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | (GParamFlags)GST_PARAM_MUTABLE_READY)

#define GST_TYPE_CALLSTATS_POST_MESSAGES (gst_callstats_post_messages_get_type ())

static GType
gst_callstats_post_messages_get_type (void)
{
  static const GFlagsValue values[] = {
    { GST_CALLSTATS_POST_NONE, "No messages", "none" },
    { GST_CALLSTATS_POST_EVENTS, "Fabric events", "events" },
    { GST_CALLSTATS_POST_STATS, "Reports", "stats" },
    { GST_CALLSTATS_POST_AUTO, "Fabric events; reports too where there is no backend",
        "auto" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_flags_register_static ("GstCallstatsPostMessages", values));
  return type;
}

/* The client's */

/* What may be changed in mid-call; the others name who reports, and to whom. */
static gboolean
is_mutable_in_playing (const char *name)
{
  static const char *const names[] = { "app-key-file", "app-secret", "app-secret-file",
    "conference-id", "token", NULL };

  return g_strv_contains (names, name);
}

/* Returns: (nullable): a property of this element that is that of the client. */
static GParamSpec *
make_twin (GParamSpec *of)
{
  GParamFlags flags =
      (of->flags & G_PARAM_READWRITE) | G_PARAM_STATIC_STRINGS |
      (GParamFlags)(is_mutable_in_playing (of->name) ? GST_PARAM_MUTABLE_PLAYING
                                                     : GST_PARAM_MUTABLE_READY);
  const char *blurb = g_param_spec_get_blurb (of);

  if (G_IS_PARAM_SPEC_STRING (of))
    return g_param_spec_string (of->name, of->name, blurb, NULL, flags);
  if (G_IS_PARAM_SPEC_BOOLEAN (of))
    return g_param_spec_boolean (
        of->name, of->name, blurb, G_PARAM_SPEC_BOOLEAN (of)->default_value, flags);
  if (G_IS_PARAM_SPEC_UINT64 (of)) {
    GParamSpecUInt64 *number = G_PARAM_SPEC_UINT64 (of);

    return g_param_spec_uint64 (of->name, of->name, blurb, number->minimum,
        number->maximum, number->default_value, flags);
  }
  return NULL;
}

/* Every one that is a text, a number or yes and no. */
static void
install_client_s (GObjectClass *klass)
{
  GObjectClass *client = g_type_class_ref (CALLSTATS_TYPE_CLIENT);
  g_autofree GParamSpec **pspecs = NULL;
  guint id = GST_CALLSTATS_MON_CLIENT_S;
  guint n, i;

  pspecs = g_object_class_list_properties (client, &n);
  for (i = 0; i < n; i++) {
    GParamSpec *twin = make_twin (pspecs[i]);

    if (twin != NULL)
      g_object_class_install_property (klass, id++, twin);
  }
  g_object_class_install_property (klass, GST_CALLSTATS_MON_ADDITIONAL_IDS,
      g_param_spec_boxed ("additional-ids", "additional-ids",
          "More ids of the call: "
          "ids,customerID=…,tenantID=…,productName=…,meetingsName=…,"
          "serverName=…,pbxID=…,pbxExtensionID=…,fqExtensionID=…,sessionID=…",
          GST_TYPE_STRUCTURE, READY));
  g_object_class_install_property (klass, GST_CALLSTATS_MON_STATS,
      g_param_spec_boxed ("stats", "stats",
          "The client's own counters: records and bytes queued, sent, acknowledged, "
          "dropped",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (klass, GST_CALLSTATS_MON_CLIENT,
      g_param_spec_object ("client", "client",
          "The CallstatsClient in use; one that is set replaces the element's own",
          CALLSTATS_TYPE_CLIENT, READY));
  g_type_class_unref (client);
}

/* Settings of the element */

static void
install_watching (GObjectClass *klass)
{
  g_object_class_install_property (klass, GST_CALLSTATS_MON_REMOTE_USER_ID,
      g_param_spec_string ("remote-user-id", "remote-user-id",
          "The user at the other end, at most 128 bytes", NULL, READY));
  g_object_class_install_property (klass, GST_CALLSTATS_MON_WEBRTCBIN,
      g_param_spec_object ("webrtcbin", "webrtcbin",
          "The only webrtcbin to watch, wherever it is", GST_TYPE_ELEMENT, READY));
  g_object_class_install_property (klass, GST_CALLSTATS_MON_WEBRTCBIN_NAME,
      g_param_spec_string ("webrtcbin-name", "webrtcbin-name",
          "The name of the webrtcbin to watch, found at any depth; unset: every one",
          NULL, READY));
  g_object_class_install_property (klass, GST_CALLSTATS_MON_INTERVAL,
      g_param_spec_uint ("interval", "interval", "Milliseconds from report to report", 10,
          3600000, DEFAULT_INTERVAL, READY));
  g_object_class_install_property (klass, GST_CALLSTATS_MON_SETUP_TIMEOUT,
      g_param_spec_uint ("setup-timeout", "setup-timeout",
          "Milliseconds until a call that has no connection has failed", 100, 3600000,
          DEFAULT_SETUP_TIMEOUT, READY));
  g_object_class_install_property (klass, GST_CALLSTATS_MON_FABRIC_USAGE,
      g_param_spec_enum ("fabric-usage", "fabric-usage",
          "What the calls carry; auto: what they negotiate", CALLSTATS_TYPE_FABRIC_USAGE,
          CALLSTATS_FABRIC_USAGE_AUTO, READY));
}

static void
install_telling (GObjectClass *klass)
{
  g_object_class_install_property (klass, GST_CALLSTATS_MON_COLLECT_IP,
      g_param_spec_enum ("collect-ip", "collect-ip",
          "How much of IP addresses is told, on the bus and to the backend",
          GST_TYPE_CALLSTATS_COLLECT_IP, GST_CALLSTATS_COLLECT_IP_MASKED, READY));
  g_object_class_install_property (klass, GST_CALLSTATS_MON_DETAIL,
      g_param_spec_flags ("detail", "detail",
          "Groups of statistics that are taken beside RTP's and RTCP's",
          GST_TYPE_CALLSTATS_DETAIL, GST_CALLSTATS_DETAIL_ALL, READY));
  g_object_class_install_property (klass, GST_CALLSTATS_MON_COLLECT_SDP,
      g_param_spec_boolean ("collect-sdp", "collect-sdp",
          "Whether session descriptions are told, without their secrets", FALSE, READY));
  g_object_class_install_property (klass, GST_CALLSTATS_MON_COLLECT_DEVICES,
      g_param_spec_boolean ("collect-devices", "collect-devices",
          "Whether the names and ids of cameras, microphones and loudspeakers are told",
          FALSE, READY));
  g_object_class_install_property (klass, GST_CALLSTATS_MON_POST_MESSAGES,
      g_param_spec_flags ("post-messages", "post-messages", "What is posted on the bus",
          GST_TYPE_CALLSTATS_POST_MESSAGES, GST_CALLSTATS_POST_AUTO, READY));
  gst_type_mark_as_plugin_api (GST_TYPE_CALLSTATS_COLLECT_IP, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_CALLSTATS_DETAIL, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_CALLSTATS_POST_MESSAGES, 0);
}

void
gst_callstats_mon_install_properties (GObjectClass *klass)
{
  install_client_s (klass);
  install_watching (klass);
  install_telling (klass);
}

void
gst_callstats_mon_settings_init (GstCallstatsMonSettings *settings, GObjectClass *klass)
{
  g_autofree GParamSpec **pspecs = NULL;
  guint n, i;

  pspecs = g_object_class_list_properties (klass, &n);
  for (i = 0; i < n; i++) {
    guint id = pspecs[i]->param_id;

    if (pspecs[i]->owner_type != GST_TYPE_CALLSTATS_MON ||
        id >= GST_CALLSTATS_MON_N_SETTINGS)
      continue;
    g_value_init (&settings->values[id], pspecs[i]->value_type);
    g_param_value_set_default (pspecs[i], &settings->values[id]);
  }
}

void
gst_callstats_mon_settings_clear (GstCallstatsMonSettings *settings)
{
  guint id;

  for (id = 1; id < GST_CALLSTATS_MON_N_SETTINGS; id++)
    g_value_unset (&settings->values[id]);
}

/* Additional ids */

GVariant *
gst_callstats_ids_to_variant (const GstStructure *ids)
{
  int n = ids != NULL ? gst_structure_n_fields (ids) : 0;
  GVariantBuilder builder;
  int i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  for (i = 0; i < n; i++) {
    const char *name = gst_structure_nth_field_name (ids, i);
    const char *id = gst_structure_get_string (ids, name);

    if (id != NULL)
      g_variant_builder_add (&builder, "{ss}", name, id);
  }
  return g_variant_builder_end (&builder);
}

GstStructure *
gst_callstats_ids_from_variant (GVariant *ids)
{
  GstStructure *structure = gst_structure_new_empty ("ids");
  const char *name, *id;
  GVariantIter iter;

  g_variant_iter_init (&iter, ids);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &id))
    gst_structure_set (structure, name, G_TYPE_STRING, id, NULL);
  return structure;
}
