/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstats' verbs as action signals of callstatsmon, in GStreamer's own types: data is a
 * GstStructure, answers come through a GstPromise, where NULL means that none is wanted.
 * What makes no sense is answered with an `error` at once; without a promise it is a
 * warning on the bus.
 *
 * Any thread.
 */
#include <string.h>

#include "monitoractions.h"
#include "monitormessages.h"
#include "structurevariant.h"

/* Answers */

static void
reply_error (GstCallstatsMon *mon, GstPromise *promise, GError *error)
{
  if (promise != NULL)
    gst_promise_reply (promise, gst_structure_new ("application/x-gst-promise", "error",
                                    G_TYPE_ERROR, error, NULL));
  else
    gst_callstats_warn (mon, error);
  g_error_free (error);
}

static void
reply (GstCallstatsMon *mon, GstPromise *promise, gboolean ok, GError *error)
{
  if (!ok)
    reply_error (mon, promise, error);
  else if (promise != NULL)
    gst_promise_reply (promise, NULL);
}

/* The names that the element uses for what callstats writes in camel case. */
static GVariant *
rename_members (GVariant *data)
{
  static const struct {
    const char *element, *callstats;
  } names[] = {
    { "user-id", "userID" },
    { "local-sdp", "localSDP" },
    { "remote-sdp", "remoteSDP" },
    { "remote-endpoint-type", "remoteEndpointType" },
    { "fabric-transmission-direction", "fabricTransmissionDirection" },
  };
  g_autoptr (GVariant) given = g_variant_ref_sink (data);
  GVariantDict dict;
  guint i;

  g_variant_dict_init (&dict, given);
  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GVariant) value =
        g_variant_dict_lookup_value (&dict, names[i].element, NULL);

    if (value == NULL)
      continue;
    g_variant_dict_remove (&dict, names[i].element);
    g_variant_dict_insert_value (&dict, names[i].callstats, value);
  }
  return g_variant_dict_end (&dict);
}

static GVariant *
take_structure (const GstStructure *structure)
{
  return rename_members (gst_callstats_variant_from_structure (structure));
}

/* Fabrics */

static void
add_new_fabric (GstCallstatsMon *mon, GstElement *webrtcbin, const char *remote_user_id,
    CallstatsFabricUsage usage, const char *conference_id, const GstStructure *attributes,
    GstPromise *promise, gpointer user_data)
{
  g_autoptr (GVariant) given =
      attributes != NULL ? g_variant_ref_sink (take_structure (attributes)) : NULL;
  g_autoptr (GError) error = NULL;

  if (webrtcbin == NULL || !GST_IS_ELEMENT (webrtcbin))
    error = g_error_new_literal (CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "Invalid PeerConnection object passed: add-new-fabric needs a webrtcbin");
  if (error == NULL)
    gst_callstats_mon_add_new_fabric (
        mon, webrtcbin, remote_user_id, usage, conference_id, given, promise, &error);
  if (error != NULL)
    reply_error (mon, promise, g_steal_pointer (&error));
}

static void
send_fabric_event (GstCallstatsMon *mon, const char *fabric, const char *event,
    const GstStructure *data, GstPromise *promise, gpointer user_data)
{
  g_autoptr (CallstatsClient) client = gst_callstats_mon_ref_client (mon);
  GError *error = NULL;
  gboolean ok = callstats_client_send_fabric_event (
      client, fabric, event != NULL ? event : "", take_structure (data), &error);

  reply (mon, promise, ok, error);
}

static void
report_error (GstCallstatsMon *mon, const char *fabric, const char *function,
    const GstStructure *details, GstPromise *promise, gpointer user_data)
{
  g_autoptr (CallstatsClient) client = gst_callstats_mon_ref_client (mon);
  GError *error = NULL;
  int value;
  gboolean ok = callstats_enum_from_string (
                    CALLSTATS_TYPE_WEBRTC_FUNCTION, function, &value, &error) &&
                callstats_client_report_error (
                    client, fabric, value, take_structure (details), &error);

  reply (mon, promise, ok, error);
}

static void
associate_mst_with_user_id (GstCallstatsMon *mon, const char *fabric, const char *user_id,
    guint ssrc, const char *usage_label, const char *associated_video_tag,
    gpointer user_data)
{
  g_autoptr (CallstatsClient) client = gst_callstats_mon_ref_client (mon);
  GError *error = NULL;
  gboolean ok = fabric != NULL;

  if (!ok)
    error = g_error_new_literal (CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "associate-mst-with-user-id needs a fabric");
  else
    ok = callstats_client_associate_mst_with_user_id (
        client, fabric, user_id, ssrc, usage_label, associated_video_tag, &error);
  reply (mon, NULL, ok, error);
}

static void
set_identifiers (GstCallstatsMon *mon, const char *fabric, const char *conference_id,
    const char *remote_user_id, gpointer user_data)
{
  g_autoptr (CallstatsClient) client = gst_callstats_mon_ref_client (mon);
  GError *error = NULL;
  gboolean ok = callstats_client_set_identifiers (
      client, fabric, conference_id, remote_user_id, &error);

  reply (mon, NULL, ok, error);
}

static void
send_custom_event (GstCallstatsMon *mon, const char *fabric, const char *json,
    GstPromise *promise, gpointer user_data)
{
  g_autoptr (CallstatsClient) client = gst_callstats_mon_ref_client (mon);
  GError *error = NULL;
  gboolean ok = callstats_client_send_custom_event (
      client, fabric, json != NULL ? json : "", &error);

  reply (mon, promise, ok, error);
}

/* Feedback: sent from the monitor thread, whose main context surely runs for the answer.
 */

typedef struct {
  GstCallstatsMon *mon;
  CallstatsClient *client;
  GVariant *feedback;
  GstPromise *promise;
} Feedback;

static void
feedback_free (Feedback *feedback)
{
  g_object_unref (feedback->client);
  g_variant_unref (feedback->feedback);
  if (feedback->promise != NULL)
    gst_promise_unref (feedback->promise);
  gst_object_unref (feedback->mon);
  g_free (feedback);
}

static void
on_feedback_sent (GObject *client, GAsyncResult *result, gpointer user_data)
{
  Feedback *feedback = user_data;
  GError *error = NULL;
  gboolean ok = callstats_client_send_user_feedback_finish (
      CALLSTATS_CLIENT (client), result, &error);

  reply (feedback->mon, feedback->promise, ok, error);
  feedback_free (feedback);
}

static gboolean
send_feedback (gpointer data)
{
  Feedback *feedback = data;

  callstats_client_send_user_feedback (
      feedback->client, NULL, feedback->feedback, NULL, on_feedback_sent, feedback);
  return G_SOURCE_REMOVE;
}

static void
send_user_feedback (GstCallstatsMon *mon, const GstStructure *structure,
    GstPromise *promise, gpointer user_data)
{
  Feedback *feedback = g_new0 (Feedback, 1);

  feedback->mon = gst_object_ref (mon);
  feedback->client = gst_callstats_mon_ref_client (mon);
  feedback->feedback = g_variant_ref_sink (take_structure (structure));
  feedback->promise = promise != NULL ? gst_promise_ref (promise) : NULL;
  callstats_monitor_invoke (send_feedback, feedback, NULL);
}

#define STATIC_STRUCTURE (GST_TYPE_STRUCTURE | G_SIGNAL_TYPE_STATIC_SCOPE)
#define ACTION (G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION)

static void
install_fabric_actions (GType type)
{
  /**
   * GstCallstatsMon::add-new-fabric:
   * @self: the callstatsmon
   * @webrtcbin: a webrtcbin, wherever it is
   * @remote_user_id: (nullable): the user at the other end
   * @usage: what it carries; `auto`: found from what is negotiated
   * @conference_id: (nullable): the conference; %NULL: the element's
   * @attributes: (nullable): `remote-endpoint-type`, `fabric-transmission-direction`
   * @promise: (nullable): answered with `fabric`, its id, or `error`
   *
   * Watches a webrtcbin, callstats' addNewFabric(). One that is watched already keeps its
   * fabric, and gets the ids.
   */
  g_signal_new_class_handler ("add-new-fabric", type, ACTION, G_CALLBACK (add_new_fabric),
      NULL, NULL, NULL, G_TYPE_NONE, 6, GST_TYPE_ELEMENT, G_TYPE_STRING,
      CALLSTATS_TYPE_FABRIC_USAGE, G_TYPE_STRING, STATIC_STRUCTURE, GST_TYPE_PROMISE);
  /**
   * GstCallstatsMon::send-fabric-event:
   * @self: the callstatsmon
   * @fabric: (nullable): a fabric's id; %NULL: all
   * @event: callstats' name of the event
   * @data: (nullable): its data, with callstats' keys
   * @promise: (nullable): answered with nothing, or `error`
   *
   * Tells an event that only the application knows of, callstats' sendFabricEvent().
   */
  g_signal_new_class_handler ("send-fabric-event", type, ACTION,
      G_CALLBACK (send_fabric_event), NULL, NULL, NULL, G_TYPE_NONE, 4, G_TYPE_STRING,
      G_TYPE_STRING, STATIC_STRUCTURE, GST_TYPE_PROMISE);
  /**
   * GstCallstatsMon::report-error:
   * @self: the callstatsmon
   * @fabric: (nullable): a fabric's id; %NULL for `getUserMedia` and the application's
   * own
   * @function: callstats' name of the WebRTC function that failed
   * @error: (nullable): `name`, `message`, `stack`, `local-sdp`, `remote-sdp`
   * @promise: (nullable): answered with nothing, or `error`
   *
   * Tells a failure that the application sees, callstats' reportError().
   */
  g_signal_new_class_handler ("report-error", type, ACTION, G_CALLBACK (report_error),
      NULL, NULL, NULL, G_TYPE_NONE, 4, G_TYPE_STRING, G_TYPE_STRING, STATIC_STRUCTURE,
      GST_TYPE_PROMISE);
}

static void
install_user_actions (GType type)
{
  /**
   * GstCallstatsMon::associate-mst-with-user-id:
   * @self: the callstatsmon
   * @fabric: a fabric's id
   * @user_id: whose stream it is
   * @ssrc: the stream's SSRC
   * @usage_label: (nullable): the application's name for the stream, at most 20 bytes
   * @associated_video_tag: (nullable): the name of the sink element that renders it
   *
   * Tells whose stream an SSRC is, callstats' associateMstWithUserID().
   */
  g_signal_new_class_handler ("associate-mst-with-user-id", type, ACTION,
      G_CALLBACK (associate_mst_with_user_id), NULL, NULL, NULL, G_TYPE_NONE, 5,
      G_TYPE_STRING, G_TYPE_STRING, G_TYPE_UINT, G_TYPE_STRING, G_TYPE_STRING);
  /**
   * GstCallstatsMon::set-identifiers:
   * @self: the callstatsmon
   * @fabric: (nullable): a fabric's id; %NULL: all that lack what is given
   * @conference_id: (nullable): the conference
   * @remote_user_id: (nullable): the user at the other end
   *
   * Tells ids that were not known before, callstats' setIdentifiers().
   */
  g_signal_new_class_handler ("set-identifiers", type, ACTION,
      G_CALLBACK (set_identifiers), NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_STRING,
      G_TYPE_STRING, G_TYPE_STRING);
  /**
   * GstCallstatsMon::send-user-feedback:
   * @self: the callstatsmon
   * @feedback: `overall` from 1 to 5, and optionally `audio`, `video`, `screen`,
   * `comment` and `user-id`
   * @promise: (nullable): answered once the backend has stored it, with nothing, or
   * `error`
   *
   * Tells how a user rates the call, callstats' sendUserFeedback().
   */
  g_signal_new_class_handler ("send-user-feedback", type, ACTION,
      G_CALLBACK (send_user_feedback), NULL, NULL, NULL, G_TYPE_NONE, 2, STATIC_STRUCTURE,
      GST_TYPE_PROMISE);
  /**
   * GstCallstatsMon::send-custom-event:
   * @self: the callstatsmon
   * @fabric: (nullable): a fabric's id
   * @json: a JSON object
   * @promise: (nullable): answered with nothing, or `error`
   *
   * Tells an event of the application's own making, callstats' sendCustomEvent().
   */
  g_signal_new_class_handler ("send-custom-event", type, ACTION,
      G_CALLBACK (send_custom_event), NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_STRING,
      G_TYPE_STRING, GST_TYPE_PROMISE);
}

void
gst_callstats_install_actions (GType mon_type)
{
  install_fabric_actions (mon_type);
  install_user_actions (mon_type);
}
