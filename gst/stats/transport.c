/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The transports of one webrtcbin. Monitor thread only, but for the id.
 *
 * GstWebRTCDTLSTransport is not asked: its references are not safe before 1.29, and
 * before 1.22.1 it reads elements that may be gone. The elements themselves are.
 */
#include "transport.h"

#include "candidatesagent.h"
#include "certificates.h"
#include "getstats.h"
#include "twcc.h"

/* GstDtlsConnectionState */
typedef enum {
  DTLS_NEW,
  DTLS_CLOSED,
  DTLS_FAILED,
  DTLS_CONNECTING,
  DTLS_CONNECTED,
} DtlsState;

typedef struct {
  GstCallstatsWire *wire;
  char *id;
  GstCallstatsIcePairs *pairs;
  DtlsState dtls;
  gboolean dtls_begun;
  GstCallstatsCertificate *local, *remote; /* nullable */
} Transport;

typedef struct {
  GstCallstatsWires *wires;
  GstCallstatsTwcc *twcc;
  GstCallstatsDetail detail;
  GPtrArray *transports; /* Transport */
} Source;

char *
gst_callstats_transport_id (guint session)
{
  return g_strdup_printf ("transport-stats_%u", session);
}

/* Looking */

static Transport *
transport_new (GstCallstatsWire *wire)
{
  Transport *self = g_new0 (Transport, 1);

  self->wire = gst_callstats_wire_ref (wire);
  self->id = gst_callstats_transport_id (gst_callstats_wire_get_session (wire));
  self->pairs = gst_callstats_ice_pairs_new ();
  return self;
}

static void
transport_free (gpointer data)
{
  Transport *self = data;

  gst_callstats_wire_unref (self->wire);
  g_free (self->id);
  gst_callstats_ice_pairs_free (self->pairs);
  gst_callstats_certificate_free (self->local);
  gst_callstats_certificate_free (self->remote);
  g_free (self);
}

static void
find_transports (Source *self)
{
  g_autoptr (GPtrArray) wires = gst_callstats_wires_get (self->wires);
  guint i;

  for (i = self->transports->len; i < wires->len; i++)
    g_ptr_array_add (self->transports, transport_new (g_ptr_array_index (wires, i)));
}

/* Once it is connected they stay as they are. */
static void
look_at_certificates (Transport *self, GstElement *decoder)
{
  g_autofree char *local = NULL;
  g_autofree char *remote = NULL;

  if (self->dtls != DTLS_CONNECTED || (self->local != NULL && self->remote != NULL))
    return;
  g_object_get (decoder, "pem", &local, "peer-pem", &remote, NULL);
  if (self->local == NULL)
    self->local = gst_callstats_certificate_new (local);
  if (self->remote == NULL)
    self->remote = gst_callstats_certificate_new (remote);
}

static void
look_at_dtls (Transport *self, GstCallstatsDetail detail)
{
  g_autoptr (GstElement) decoder = gst_callstats_wire_ref_decoder (self->wire);
  gint state;

  if (decoder == NULL)
    return;
  g_object_get (decoder, "connection-state", &state, NULL);
  self->dtls = state;
  self->dtls_begun |= self->dtls != DTLS_NEW && self->dtls != DTLS_CLOSED;
  if (detail & GST_CALLSTATS_DETAIL_CERTIFICATES)
    look_at_certificates (self, decoder);
}

static gboolean
look_at_ice (Transport *self)
{
  GstCallstatsIceAgent *agent = gst_callstats_wire_get_agent (self->wire);

  return agent != NULL && gst_callstats_ice_agent_take_selected (agent, self->pairs);
}

#define TOLD (1u << GST_WEBRTC_STATS_TRANSPORT | 1u << GST_WEBRTC_STATS_CERTIFICATE)
#define TOLD_BY_AGENT \
  (1u << GST_WEBRTC_STATS_CANDIDATE_PAIR | 1u << GST_WEBRTC_STATS_LOCAL_CANDIDATE | \
      1u << GST_WEBRTC_STATS_REMOTE_CANDIDATE)

static gboolean
has_agent (const Transport *self)
{
  return gst_callstats_wire_get_agent (self->wire) != NULL;
}

static void
look (gpointer source, GstCallstatsView *view)
{
  Source *self = source;
  guint i;

  find_transports (self);
  if (self->transports->len > 0) {
    view->told |= TOLD;
    if (has_agent (g_ptr_array_index (self->transports, 0)))
      view->told |= TOLD_BY_AGENT;
  }
  for (i = 0; i < self->transports->len; i++) {
    Transport *transport = g_ptr_array_index (self->transports, i);

    look_at_dtls (transport, self->detail);
    /* What follows the selected pair in get-stats wants to know. */
    view->want_stats |= look_at_ice (transport);
  }
}

/* Telling */

/* A connection is closed before it begins, too. */
static const char *
get_dtls_state (const Transport *self)
{
  static const char *const states[] = {
    [DTLS_NEW] = "new",
    [DTLS_CLOSED] = "closed",
    [DTLS_FAILED] = "failed",
    [DTLS_CONNECTING] = "connecting",
    [DTLS_CONNECTED] = "connected",
  };

  if (self->dtls == DTLS_CLOSED && !self->dtls_begun)
    return "new";
  return (guint)self->dtls < G_N_ELEMENTS (states) ? states[self->dtls] : NULL;
}

static void
tell_dtls_role (const Transport *self, CallstatsReport *report)
{
  g_autoptr (GstElement) encoder = gst_callstats_wire_ref_encoder (self->wire);
  gboolean is_client;

  if (encoder == NULL)
    return;
  g_object_get (encoder, "is-client", &is_client, NULL);
  callstats_report_set_string (report, "dtlsRole",
      !self->dtls_begun ? "unknown"
      : is_client       ? "client"
                        : "server");
}

/* On the wire it stands in the clear; before 1.29 it stands nowhere else. */
static void
tell_hello (const Transport *self, CallstatsReport *report)
{
  GstCallstatsServerHello hello;
  g_autofree char *version = NULL;

  if (!gst_callstats_wire_get_hello (self->wire, &hello))
    return;
  version = g_strdup_printf ("%04X", hello.version);
  callstats_report_set_string (report, "tlsVersion", version);
  callstats_report_set_string (
      report, "dtlsCipher", gst_callstats_cipher_suite_get_name (hello.cipher_suite));
  callstats_report_set_string (
      report, "srtpCipher", gst_callstats_srtp_profile_get_name (hello.srtp_profile));
}

static void
tell_dtls (const Transport *self, CallstatsReport *report)
{
  callstats_report_set_string (report, "dtlsState", get_dtls_state (self));
  tell_dtls_role (self, report);
  tell_hello (self, report);
  if (self->local != NULL)
    callstats_report_set_string (report, "localCertificateId", self->local->id);
  if (self->remote != NULL)
    callstats_report_set_string (report, "remoteCertificateId", self->remote->id);
}

static void
tell_ice (const Transport *self, GstCallstatsIceAgent *agent, gboolean whole,
    CallstatsReport *report)
{
  g_autofree char *fragment = NULL;

  fragment = gst_callstats_ice_agent_get_username_fragment (agent);
  callstats_report_set_string (
      report, "iceState", gst_callstats_ice_agent_get_state (agent));
  callstats_report_set_string (
      report, "iceRole", gst_callstats_ice_agent_get_role (agent));
  callstats_report_set_string (report, "iceLocalUsernameFragment", fragment);
  callstats_report_set_string (report, "selectedCandidatePairId",
      gst_callstats_ice_pairs_get_selected (self->pairs));
  if (whole)
    callstats_report_set_uint (report, "selectedCandidatePairChanges",
        gst_callstats_ice_pairs_get_changes (self->pairs));
}

static void
tell_traffic (const GstCallstatsTraffic *traffic, CallstatsReport *report)
{
  callstats_report_set_uint (report, "packetsSent", traffic->sent.packets);
  callstats_report_set_uint (report, "bytesSent", traffic->sent.bytes);
  callstats_report_set_uint (report, "packetsReceived", traffic->received.packets);
  callstats_report_set_uint (report, "bytesReceived", traffic->received.bytes);
}

static void
tell_candidates (Source *self, const Transport *transport, const GstCallstatsView *view,
    const GstCallstatsTraffic *traffic, CallstatsReport *report)
{
  GstCallstatsIceAgent *agent = gst_callstats_wire_get_agent (transport->wire);
  gboolean all = (self->detail & GST_CALLSTATS_DETAIL_CANDIDATES) != 0;
  g_autoptr (GPtrArray) candidates = all && agent != NULL
                                         ? gst_callstats_ice_agent_get_candidates (agent)
                                         : g_ptr_array_new ();
  GstCallstatsIceView ice = {
    .transport_id = transport->id,
    .traffic = traffic,
    .candidates = candidates,
    .all = all,
    .collect_ip = view->collect_ip,
  };

  /* Whose transport's the estimate is, nobody says. */
  ice.has_estimate =
      self->transports->len == 1 &&
      gst_callstats_twcc_get_estimate (self->twcc, &ice.available_outgoing_bitrate);
  gst_callstats_ice_pairs_tell (transport->pairs, &ice, report);
}

/* foreign: of an ICE that get-stats alone knows */
static void
tell_get_stats (const GstCallstatsView *view, gboolean foreign, CallstatsReport *report)
{
  if (foreign)
    gst_callstats_get_stats_tell_known (view->stats, GST_WEBRTC_STATS_TRANSPORT,
        "selected-candidate-pair-id", view->collect_ip, report);
  gst_callstats_get_stats_tell_unknown (view->stats, GST_WEBRTC_STATS_TRANSPORT, report);
}

static void
tell_transport (Source *self, const Transport *transport, const GstCallstatsView *view,
    GHashTable *told, CallstatsReport *report)
{
  GstCallstatsTraffic traffic;
  gboolean whole = gst_callstats_wire_get_traffic (transport->wire, &traffic);
  GstCallstatsIceAgent *agent = gst_callstats_wire_get_agent (transport->wire);

  callstats_report_add_stats (report, "transport", transport->id);
  if (whole)
    tell_traffic (&traffic, report);
  if (agent != NULL)
    tell_ice (transport, agent, whole, report);
  tell_dtls (transport, report);
  gst_callstats_twcc_tell (
      view->rtpbin, gst_callstats_wire_get_session (transport->wire), report);
  if (view->stats != NULL && self->transports->len == 1)
    tell_get_stats (view, agent == NULL, report);
  if (transport->local != NULL)
    gst_callstats_certificate_tell (transport->local, told, report);
  if (transport->remote != NULL)
    gst_callstats_certificate_tell (transport->remote, told, report);
  tell_candidates (self, transport, view, whole ? &traffic : NULL, report);
}

static void
describe (gpointer source, const GstCallstatsView *view, CallstatsReport *report)
{
  Source *self = source;
  g_autoptr (GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);
  guint i;

  for (i = 0; i < self->transports->len; i++)
    tell_transport (self, g_ptr_array_index (self->transports, i), view, told, report);
}

static gpointer
attach (GstCallstatsFabricLink *link, GstElement *webrtcbin, GstCallstatsDetail detail)
{
  Source *self = g_new0 (Source, 1);

  self->wires = gst_callstats_wires_new (webrtcbin);
  self->twcc = gst_callstats_twcc_new (webrtcbin);
  self->detail = detail;
  self->transports = g_ptr_array_new_with_free_func (transport_free);
  return self;
}

static void
detach (gpointer source, GstElement *webrtcbin)
{
  Source *self = source;

  g_ptr_array_unref (self->transports);
  gst_callstats_twcc_free (self->twcc, webrtcbin);
  gst_callstats_wires_free (self->wires, webrtcbin);
  g_free (self);
}

const GstCallstatsStatsSource gst_callstats_transport_source = {
  .attach = attach,
  .detach = detach,
  .look = look,
  .describe = describe,
};
