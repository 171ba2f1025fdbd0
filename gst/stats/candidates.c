/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ICE candidates and the pairs of them that were selected. Pure.
 */
#include "candidates.h"

#include <string.h>

/* Nothing but the pairs a transport had before the selected one. */
#define MAX_PAIRS 16
#define DIGEST_SIZE 12

typedef struct {
  char *id;
  GstCallstatsIceCandidate *local, *remote;
  GstCallstatsTraffic carried; /* while it was selected before */
  GstCallstatsTraffic since;   /* the transport's, when it was selected last */
} Pair;

struct _GstCallstatsIcePairs {
  GPtrArray *pairs; /* Pair, the selected one last */
  guint changes;
};

/* Candidates */

GstCallstatsIceCandidate *
gst_callstats_ice_candidate_copy (const GstCallstatsIceCandidate *candidate)
{
  GstCallstatsIceCandidate *copy = g_memdup2 (candidate, sizeof *candidate);

  copy->id = g_strdup (candidate->id);
  copy->address = g_strdup (candidate->address);
  copy->stun_server = g_strdup (candidate->stun_server);
  copy->related_address = g_strdup (candidate->related_address);
  copy->foundation = g_strdup (candidate->foundation);
  copy->username_fragment = g_strdup (candidate->username_fragment);
  return copy;
}

void
gst_callstats_ice_candidate_free (gpointer data)
{
  GstCallstatsIceCandidate *self = data;

  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->address);
  g_free (self->stun_server);
  g_free (self->related_address);
  g_free (self->foundation);
  g_free (self->username_fragment);
  g_free (self);
}

/* Keyed, and cut short. */
static char *
digest (const char *text)
{
  static gsize once;
  static guint32 key[4];
  char *hex;
  guint i;

  if (g_once_init_enter (&once)) {
    for (i = 0; i < G_N_ELEMENTS (key); i++)
      key[i] = g_random_int ();
    g_once_init_leave (&once, 1);
  }
  hex = g_compute_hmac_for_string (
      G_CHECKSUM_SHA256, (const guchar *)key, sizeof key, text, -1);
  hex[DIGEST_SIZE] = '\0';
  return hex;
}

char *
gst_callstats_ice_candidate_make_id (gboolean remote, const char *identity)
{
  g_autofree char *hash = digest (identity);

  return g_strdup_printf ("ice-candidate-%s-%s", remote ? "remote" : "local", hash);
}

static void
tell_address (const char *member, const char *address, const GstCallstatsIceView *view,
    CallstatsReport *report)
{
  g_autofree char *told = NULL;

  if (address == NULL)
    return;
  told = gst_callstats_filter_address (address, view->collect_ip);
  if (told != NULL)
    callstats_report_set_string (report, member, told);
}

/* As RFC 7064 writes it. */
static void
tell_server (const GstCallstatsIceCandidate *self, const GstCallstatsIceView *view,
    CallstatsReport *report)
{
  g_autofree char *address = NULL;
  g_autofree char *url = NULL;

  if (self->stun_server == NULL)
    return;
  address = gst_callstats_filter_address (self->stun_server, view->collect_ip);
  if (address == NULL)
    return;
  url = g_strdup_printf (strchr (address, ':') != NULL ? "stun:[%s]:%u" : "stun:%s:%u",
      address, self->stun_port);
  callstats_report_set_string (report, "url", url);
}

static void
tell_text (const char *member, const char *text, CallstatsReport *report)
{
  if (text != NULL && *text != '\0')
    callstats_report_set_string (report, member, text);
}

static void
tell_candidate (const GstCallstatsIceCandidate *self, const GstCallstatsIceView *view,
    CallstatsReport *report)
{
  callstats_report_add_stats (
      report, self->remote ? "remote-candidate" : "local-candidate", self->id);
  callstats_report_set_string (report, "transportId", view->transport_id);
  tell_address ("address", self->address, view, report);
  callstats_report_set_uint (report, "port", self->port);
  tell_text ("protocol", self->protocol, report);
  tell_text ("candidateType", self->candidate_type, report);
  callstats_report_set_uint (report, "priority", self->priority);
  tell_text ("foundation", self->foundation, report);
  tell_text ("usernameFragment", self->username_fragment, report);
  tell_text ("tcpType", self->tcp_type, report);
  tell_text ("relayProtocol", self->relay_protocol, report);
  tell_server (self, view, report);
  tell_address ("relatedAddress", self->related_address, view, report);
  if (self->related_address != NULL)
    callstats_report_set_uint (report, "relatedPort", self->related_port);
}

/* Pairs */

static void
pair_free (gpointer data)
{
  Pair *pair = data;

  g_free (pair->id);
  gst_callstats_ice_candidate_free (pair->local);
  gst_callstats_ice_candidate_free (pair->remote);
  g_free (pair);
}

static Pair *
pair_new (const GstCallstatsIceCandidate *local, const GstCallstatsIceCandidate *remote)
{
  Pair *pair = g_new0 (Pair, 1);
  g_autofree char *ids = g_strdup_printf ("%s %s", local->id, remote->id);
  g_autofree char *hash = digest (ids);

  pair->id = g_strdup_printf ("ice-candidate-pair-%s", hash);
  pair->local = gst_callstats_ice_candidate_copy (local);
  pair->remote = gst_callstats_ice_candidate_copy (remote);
  return pair;
}

static Pair *
get_selected (GstCallstatsIcePairs *self)
{
  return self->pairs->len > 0 ? self->pairs->pdata[self->pairs->len - 1] : NULL;
}

static void
add_flow (
    GstCallstatsFlow *sum, const GstCallstatsFlow *since, const GstCallstatsFlow *now)
{
  sum->packets += now->packets - since->packets;
  sum->bytes += now->bytes - since->bytes;
  if (now->last > since->last)
    sum->last = now->last;
}

static void
add_traffic (GstCallstatsTraffic *sum, const GstCallstatsTraffic *since,
    const GstCallstatsTraffic *now)
{
  add_flow (&sum->sent, &since->sent, &now->sent);
  add_flow (&sum->received, &since->received, &now->received);
}

/* Out of its place, or new. */
static Pair *
take_pair (GstCallstatsIcePairs *self, const GstCallstatsIceCandidate *local,
    const GstCallstatsIceCandidate *remote)
{
  guint i;

  for (i = 0; i < self->pairs->len; i++) {
    Pair *pair = g_ptr_array_index (self->pairs, i);

    if (strcmp (pair->local->id, local->id) == 0 &&
        strcmp (pair->remote->id, remote->id) == 0)
      return g_ptr_array_steal_index (self->pairs, i);
  }
  return pair_new (local, remote);
}

gboolean
gst_callstats_ice_pairs_select (GstCallstatsIcePairs *self,
    const GstCallstatsIceCandidate *local, const GstCallstatsIceCandidate *remote,
    const GstCallstatsTraffic *traffic)
{
  static const GstCallstatsTraffic none;
  Pair *before = get_selected (self);
  Pair *pair;

  if (before != NULL && strcmp (before->local->id, local->id) == 0 &&
      strcmp (before->remote->id, remote->id) == 0)
    return FALSE;
  if (before != NULL)
    add_traffic (&before->carried, &before->since, traffic);
  pair = take_pair (self, local, remote);
  /* What little there was without a selected pair is the first one's. */
  pair->since = before != NULL ? *traffic : none;
  g_ptr_array_add (self->pairs, pair);
  if (self->pairs->len > MAX_PAIRS)
    g_ptr_array_remove_index (self->pairs, 0);
  self->changes++;
  return TRUE;
}

const char *
gst_callstats_ice_pairs_get_selected (GstCallstatsIcePairs *self)
{
  Pair *selected = get_selected (self);

  return selected != NULL ? selected->id : NULL;
}

guint
gst_callstats_ice_pairs_get_changes (GstCallstatsIcePairs *self)
{
  return self->changes;
}

/* What came after the report was begun is counted, but a report tells of no time behind
 * its own. */
static void
tell_flow (const GstCallstatsFlow *flow, const char *packets, const char *bytes,
    const char *last, CallstatsReport *report)
{
  gint64 time = callstats_monitor_to_epoch (flow->last);

  callstats_report_set_uint (report, packets, flow->packets);
  callstats_report_set_uint (report, bytes, flow->bytes);
  if (flow->last != 0)
    callstats_report_set_double (
        report, last, MIN (time, callstats_report_get_time (report)) / 1000.0);
}

static void
tell_traffic (const GstCallstatsTraffic *traffic, CallstatsReport *report)
{
  tell_flow (
      &traffic->sent, "packetsSent", "bytesSent", "lastPacketSentTimestamp", report);
  tell_flow (&traffic->received, "packetsReceived", "bytesReceived",
      "lastPacketReceivedTimestamp", report);
}

static void
tell_pair (const Pair *pair, gboolean selected, const GstCallstatsIceView *view,
    CallstatsReport *report)
{
  GstCallstatsTraffic carried = pair->carried;

  callstats_report_add_stats (report, "candidate-pair", pair->id);
  callstats_report_set_string (report, "transportId", view->transport_id);
  callstats_report_set_string (report, "localCandidateId", pair->local->id);
  callstats_report_set_string (report, "remoteCandidateId", pair->remote->id);
  callstats_report_set_string (report, "state", "succeeded");
  callstats_report_set_boolean (report, "nominated", TRUE);
  if (view->traffic != NULL) {
    if (selected)
      add_traffic (&carried, &pair->since, view->traffic);
    tell_traffic (&carried, report);
  }
  if (selected && view->has_estimate)
    callstats_report_set_double (
        report, "availableOutgoingBitrate", view->available_outgoing_bitrate);
}

/* Each once: an end of two pairs, or one that ICE lists, too. */
static void
tell_once (const GstCallstatsIceCandidate *candidate, GHashTable *told,
    const GstCallstatsIceView *view, CallstatsReport *report)
{
  if (g_hash_table_add (told, candidate->id))
    tell_candidate (candidate, view, report);
}

void
gst_callstats_ice_pairs_tell (
    GstCallstatsIcePairs *self, const GstCallstatsIceView *view, CallstatsReport *report)
{
  g_autoptr (GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);
  Pair *selected = get_selected (self);
  guint i;

  for (i = 0; view->all && i < view->candidates->len; i++)
    tell_once (g_ptr_array_index (view->candidates, i), told, view, report);
  for (i = 0; i < self->pairs->len; i++) {
    Pair *pair = g_ptr_array_index (self->pairs, i);

    if (!view->all && pair != selected)
      continue;
    tell_once (pair->local, told, view, report);
    tell_once (pair->remote, told, view, report);
    tell_pair (pair, pair == selected, view, report);
  }
}

GstCallstatsIcePairs *
gst_callstats_ice_pairs_new (void)
{
  GstCallstatsIcePairs *self = g_new0 (GstCallstatsIcePairs, 1);

  self->pairs = g_ptr_array_new_with_free_func (pair_free);
  return self;
}

void
gst_callstats_ice_pairs_free (GstCallstatsIcePairs *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->pairs);
  g_free (self);
}
