/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The webrtcbins of a loopback call, made so that they need no network. Any thread;
 * a webrtcbin here is always closed.
 */
#include "loopback-peer.h"

/* Given an address of its own, libnice asks no interface for one; without UPnP it
 * asks no router either. In C a plain unref of ice-agent is right though its reference
 * floats. */
static void
stay_on_loopback (GstElement *webrtcbin)
{
  g_autoptr (GObject) ice = NULL, agent = NULL;
  gboolean added;

  g_object_get (webrtcbin, "ice-agent", &ice, NULL);
  g_signal_emit_by_name (ice, "add-local-ip-address", "127.0.0.1", &added);
  g_object_get (ice, "agent", &agent, NULL);
  g_object_set (agent, "upnp", FALSE, NULL);
}

/* A reference of the caller's, or NULL if there is no webrtcbin. It is neither source nor
 * sink to the bin around it: it never posts EOS, and EOS sent to a pipeline must not
 * reach its sockets. */
GstElement *
loopback_peer_new (const gchar *name)
{
  GstElement *webrtcbin = gst_element_factory_make ("webrtcbin", name);

  if (!webrtcbin)
    return NULL;
  GST_OBJECT_FLAG_UNSET (webrtcbin, GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE);
  stay_on_loopback (webrtcbin);
  return gst_object_ref_sink (webrtcbin);
}

static gboolean
is_setting (GParamSpec *pspec)
{
  return (pspec->flags & G_PARAM_READWRITE) == G_PARAM_READWRITE &&
         !(pspec->flags & G_PARAM_CONSTRUCT_ONLY) &&
         !g_type_is_a (pspec->value_type, G_TYPE_OBJECT) &&
         pspec->owner_type != GST_TYPE_OBJECT;
}

/* What somebody set on a webrtcbin by hand outlives it. */
void
loopback_peer_copy_settings (GstElement *from, GstElement *to)
{
  guint n;
  g_autofree GParamSpec **pspecs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (from), &n);

  for (guint i = 0; i < n; i++) {
    g_auto (GValue) value = G_VALUE_INIT;

    if (!is_setting (pspecs[i]))
      continue;
    g_object_get_property (G_OBJECT (from), pspecs[i]->name, &value);
    if (!g_param_value_defaults (pspecs[i], &value))
      g_object_set_property (G_OBJECT (to), pspecs[i]->name, &value);
  }
}
