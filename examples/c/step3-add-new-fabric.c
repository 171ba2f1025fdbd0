/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Step 3 of callstats' guide, addNewFabric(): a new webrtcbin is told, as soon as it is
 * there. Without this call callstatsmon finds every webrtcbin by itself; an application
 * makes it to name the other end before anything else happens.
 */
#include <gst/gst.h>

#include "guide.h"

static void
pc_callback (GstPromise *promise, gpointer user_data)
{
  const GstStructure *answer = gst_promise_get_reply (promise);
  g_autofree char *text = gst_structure_to_string (answer);

  g_print ("Monitoring status: %s\n", text);
}

static gboolean
wait_for_event (GstBus *bus, const char *name)
{
  GstMessage *message;
  gboolean found = FALSE;

  while (!found && (message = gst_bus_timed_pop_filtered (bus, 30 * GST_SECOND,
                        GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR)) != NULL) {
    const GstStructure *event = gst_message_get_structure (message);

    found = gst_message_has_name (message, "callstats-fabric-event") &&
            g_strcmp0 (gst_structure_get_string (event, "name"), name) == 0;
    gst_message_unref (message);
  }
  return found;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstElement) webrtcbin = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstStructure) attributes = NULL;
  GstElement *monitor, *call;
  gboolean set_up;

  gst_init (&argc, &argv);
  pipeline = gst_pipeline_new (NULL);
  monitor = gst_element_factory_make_full (
      "callstatsmon", "webrtcbin-name", "caller", "user-id", LOCAL_USER, NULL);
  gst_bin_add (GST_BIN (pipeline), monitor);
  gst_element_set_state (pipeline, GST_STATE_READY);

  call = gst_parse_bin_from_description (CALL, FALSE, &error);
  if (call == NULL)
    return guide_fail (error);
  attributes = gst_structure_new ("attributes", "remote-endpoint-type", G_TYPE_STRING,
      "peer", "fabric-transmission-direction", G_TYPE_STRING, "sendonly", NULL);
  webrtcbin = gst_bin_get_by_name (GST_BIN (call), "caller");
  g_signal_emit_by_name (monitor, "add-new-fabric", webrtcbin, REMOTE_USER,
      CALLSTATS_FABRIC_USAGE_MULTIPLEX, CONFERENCE, attributes,
      gst_promise_new_with_change_func (pc_callback, NULL, NULL));

  bus = gst_element_get_bus (pipeline);
  gst_bin_add (GST_BIN (pipeline), call);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  set_up = wait_for_event (bus, "fabricSetup");
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return !set_up;
}
