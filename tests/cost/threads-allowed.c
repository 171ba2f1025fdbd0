/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A row is added here only for what copies, counts or posts. The bounds are what was
 * seen, and half as much again where it depends on what passes.
 */
#include "threads-allowed.h"

#include <string.h>

/* What others enter */
static const Allowed outermost[] = {
  /* Each RTP packet, at pads of webrtcbin and rtpbin: its header is read and counted. A
   * list of packets counts as one. */
  { "mediaarrivals.c:on_rtp", ALLOWED_PROBE, 8 },
  { "rtpjitter.c:on_enter", ALLOWED_PROBE, 40 },
  { "rtpjitter.c:on_leave", ALLOWED_PROBE, 60 },
  { "rtppads.c:on_packet", ALLOWED_PROBE, 20 },
  { "rtptaps.c:on_packets", ALLOWED_PROBE, 160 }, /* RTCP too, as it is read whole */
  { "senderwatch.c:on_data", ALLOWED_PROBE, 2 },
  /* Each packet, until the codec behind the pad is found: a look along the way to it. */
  { "mediatap.c:on_rtp", ALLOWED_PROBE, 200 },
  { "firstmedia.c:on_received", ALLOWED_PROBE, 80 },
  /* The first packet or frame */
  { "firstmedia.c:on_packet", ALLOWED_PROBE, 20 },
  { "firstmedia.c:on_frame", ALLOWED_PROBE, 20 },
  /* Each compound packet of RTCP */
  { "mediaarrivals.c:on_rtcp", ALLOWED_PROBE, 20 },
  /* Each datagram; those of DTLS are looked at for the ServerHello */
  { "transportwire.c:on_received", ALLOWED_PROBE, 140 },
  { "transportwire.c:on_sent", ALLOWED_PROBE, 140 },
  /* Each frame, at the codec and the sink */
  { "gst_callstats_media_count_on_*", ALLOWED_PROBE, 40 },
  { "mediaframes.c:on_frame", ALLOWED_PROBE, 2 },
  /* Each message of a data channel, on threads of webrtcbin and of the application */
  { "datachannels.c:on_data", ALLOWED_HANDLER, 4 },
  { "datachannels.c:on_sent", ALLOWED_HANDLER, 8 },
  { "datachannels.c:on_string", ALLOWED_HANDLER, 4 },

  /* Elements and pads that come: probes are put on them, or they are posted. */
  { "changewatch.c:on_signal", ALLOWED_HANDLER, 8 },
  { "collector.c:on_pad", ALLOWED_HANDLER, 2 },
  { "datachannels.c:on_element_added", ALLOWED_HANDLER, 20 },
  { "datachannels.c:on_close", ALLOWED_HANDLER, 4 },
  { "datachannels.c:on_open", ALLOWED_HANDLER, 4 },
  { "datachannels.c:on_prepare", ALLOWED_HANDLER, 8 },
  { "discovery.c:on_element_added", ALLOWED_HANDLER, 10 },
  { "discovery.c:on_element_removed", ALLOWED_HANDLER, 10 },
  { "firstmedia.c:on_pad_added", ALLOWED_HANDLER, 8 },
  { "mediastats.c:on_pad_added", ALLOWED_HANDLER, 220 },
  { "rtpjitter.c:on_new_jitterbuffer", ALLOWED_HANDLER, 15 },
  { "rtptaps.c:on_pad_added", ALLOWED_HANDLER, 15 },
  { "transportwire.c:on_element_added", ALLOWED_HANDLER, 60 },
  { "twcc.c:on_element", ALLOWED_HANDLER, 8 },
  /* ICE's and DTLS' own threads: a state, or a selected pair, is copied and posted. */
  { "candidatesagent.c:on_selected", ALLOWED_HANDLER, 60 },
  { "dtlsends.c:on_connection_state", ALLOWED_HANDLER, 12 },
  { "dtlswatch.c:on_state", ALLOWED_HANDLER, 15 },
  /* Messages on the bus: errors, warnings and levels are posted. */
  { "buswatch.c:on_message", ALLOWED_HANDLER, 10 },
  { "monitormessages.c:on_message_gone", ALLOWED_HANDLER, 4 }, /* one of ours was read */
  { "setuperrors.c:on_message", ALLOWED_HANDLER, 30 },
  /* What a probe or handler held is let go of, by whom was in it last. */
  { "candidatesagent.c:ears_release", ALLOWED_HANDLER, 15 },
  { "collector.c:release", ALLOWED_HANDLER, 8 },
  { "datachannels.c:counts_release*", ALLOWED_HANDLER, 8 },
  { "datachannels.c:shared_release", ALLOWED_HANDLER, 15 },
  { "discovery.c:link_unref", ALLOWED_HANDLER, 8 },
  { "dtlswatch.c:hook_unref", ALLOWED_HANDLER, 8 },
  { "firstmedia.c:marks_unref", ALLOWED_HANDLER, 8 },
  { "firstmedia.c:search_free", ALLOWED_HANDLER, 8 },
  { "gst_callstats_fabric_link_unref", ALLOWED_HANDLER, 8 },
  { "gst_callstats_fence_unref", ALLOWED_HANDLER, 8 },
  { "gst_callstats_wire_unref", ALLOWED_HANDLER, 8 },
  { "mediaarrivals.c:ears_unref", ALLOWED_HANDLER, 8 },
  { "mediastats.c:unref_arrivals", ALLOWED_HANDLER, 40 },
  { "mediatap.c:unref", ALLOWED_HANDLER, 8 },
  { "rtpjitter.c:release", ALLOWED_HANDLER, 15 },
  { "rtpjitter.c:watch_unref", ALLOWED_HANDLER, 8 },
  { "rtptaps.c:probe_free", ALLOWED_HANDLER, 8 },
  { "rtptaps.c:release", ALLOWED_HANDLER, 15 },
  { "setuperrors.c:link_unref", ALLOWED_HANDLER, 8 },
  { "transportwire.c:shared_release", ALLOWED_HANDLER, 15 },
  { "twcc.c:shared_release", ALLOWED_HANDLER, 8 },

  /* Notifications: the one property is read and posted. */
  { "collector.c:on_notify", ALLOWED_ANSWER, 2 },
  { "mediawatch.c:on_signaling_state", ALLOWED_ANSWER, 10 },
  { "rtpstreams.c:on_signaling_state", ALLOWED_ANSWER, 10 },
  { "setupwatch.c:on_connection_state", ALLOWED_ANSWER, 30 },
  { "setupwatch.c:on_gathering_state", ALLOWED_ANSWER, 30 },
  { "setupwatch.c:on_peer_state", ALLOWED_ANSWER, 15 },
  { "webrtcbinwatch.c:on_ice_connection_state", ALLOWED_ANSWER, 20 },
  { "webrtcbinwatch.c:on_ice_gathering_state", ALLOWED_ANSWER, 20 },
  { "webrtcbinwatch.c:on_signaling_state", ALLOWED_ANSWER, 20 },
  /* webrtcbin's answers: states and descriptions as they are at that moment */
  { "negotiationfence.c:on_answer", ALLOWED_ANSWER, 60 },
  { "negotiationfence.c:question_unref", ALLOWED_ANSWER, 8 },
  { "webrtcbinwatch.c:on_reply", ALLOWED_ANSWER, 70 },
  { "webrtcbinwatch.c:request_free", ALLOWED_ANSWER, 8 },
  /* An application negotiates: webrtcbin is asked to tell when it is through. */
  { "negotiationwatch.c:on_create", ALLOWED_ANSWER, 20 },
  { "negotiationwatch.c:on_local_candidate", ALLOWED_ANSWER, 15 },
  { "negotiationwatch.c:on_remote_candidate", ALLOWED_ANSWER, 15 },
  { "negotiationwatch.c:on_set", ALLOWED_ANSWER, 20 },
};

/* clang-format off: groups */

/* What these enter */
static const char *const inner[] = {
  /* Pure: no lock, no call out, bounded by what they are given */
  "audiometer.c:*",
  "gst_callstats_audio_*",
  "codectimes.c:*",
  "gst_callstats_codec_times_*",
  "frametimes.c:*",
  "gst_callstats_frame_gaps_*",
  "gst_callstats_frame_rate_*",
  "mediafigures.c:*",
  "gst_callstats_media_figures_*",
  "gst_callstats_packet_read",
  "rtcpledger.c:*",
  "gst_callstats_rtcp_ledger_*",
  "rtcpreader.c:*",
  "gst_callstats_rtcp_init",
  "gst_callstats_rtcp_clear",
  "rtpemission.c:*",
  "gst_callstats_emission_*",
  "rtpflow.c:*",
  "gst_callstats_flow_*",
  "rtpframes.c:*",
  "gst_callstats_rtp_frames_*",
  "gst_callstats_video_*",
  "rtppacket.c:*",
  "gst_callstats_rtp_packet_*",
  "transporthello.c:*",
  "gst_callstats_server_hello_read",
  "gst_callstats_is_dtls",

  /* Counting under the lock of a probe's own book */
  "datachannels.c:count",
  "datachannels.c:count_sent",
  "datachannels.c:mark",
  "mediaarrivals.c:clock_set",
  "mediaarrivals.c:get_milliseconds",
  "mediacount.c:*",
  "gst_callstats_media_count_*",
  "rtpjitter.c:take",
  "rtpjitter.c:take_all",
  "rtppads.c:disarm",
  "rtpreports.c:take_buffer",
  "rtptraffic.c:*",
  "transportwire.c:count",
  "transportwire.c:count_buffer",
  "transportwire.c:look_for_hello",

  /* Posting, with what is posted */
  "buserror.c:*",
  "gst_callstats_bus_error_*",
  "setuperrors.c:link_ref",
  "buswatch.c:concerns_us",
  "buswatch.c:is_level",
  "gst_callstats_pipeline_invoke",
  "discovery.c:link_ref",
  "discovery.c:post",
  "callstats_monitor_invoke",
  "callstats_monitor_get_context",
  "callstats_client_get_type",
  "callstats-client-fabrics.c:CALLSTATS_IS_CLIENT",
  "callstats_client_mark_phase",
  "callstats_client_set_ice_connection_state",
  "callstats_client_set_ice_gathering_state",
  "callstats_client_set_signaling_state",
  "callstats-client-fabrics.c:post_state",
  "callstats_job_new",
  "callstats_job_post",
  "callstats_reporter_ref",
  "changewatch.c:post",
  "gst_callstats_pipeline_add_timeout",
  "pipelinethread.c:attach",
  "pipelinethread.c:get_context",
  "dtlswatch.c:get_progress",
  "dtlswatch.c:hook_ref",
  "firstmedia.c:mark",
  "firstmedia.c:marks_ref",
  "firstmedia.c:watch_decoder",
  "gst_callstats_fabric_link_ref",
  "gst_callstats_fence_get_link",
  "gst_callstats_fence_pass",
  "gst_callstats_fence_post",
  "gst_callstats_fence_ref",
  "mediaarrivals.c:ears_ref",
  "mediaarrivals.c:take_rtcp",
  "setupwatch.c:tell_state",
  "webrtcbinwatch.c:tell_states",

  /* Probes for what has come: the new element or pad is looked at, and nothing else */
  "datachannels.c:channel_new",
  "datachannels.c:counts_release",
  "datachannels.c:find_appsrc_pad",
  "discovery.c:is_webrtcbin",
  "gst_callstats_is_webrtcbin",
  "gst_callstats_read_session",
  "gst_callstats_rtcp_ledger_new",
  "rtpreports.c:open_ledger",
  "rtpjitter.c:add_probe",
  "rtpjitter.c:arrive",
  "rtpjitter.c:buffer_new",
  "rtptaps.c:add_tap",
  "rtptaps.c:box_new",
  "rtptaps.c:box_ref",
  "rtptaps.c:get_box",
  "rtptaps.c:is_tapped",
  "transportwire.c:find_element",
  "transportwire.c:find_ice_element",
  "transportwire.c:find_wire",
  "transportwire.c:get_session",
  "transportwire.c:is_tapped",
  "transportwire.c:keep",
  "transportwire.c:look_at_child",
  "transportwire.c:look_at_receiver",
  "transportwire.c:look_at_sender",
  "transportwire.c:tap_pad",
  "transportwire.c:watch_agent",
  "transportwire.c:wire_new",
  "gst_callstats_wire_*",
  "twcc.c:is_estimator",
  "twcc.c:look_at",

  /* A selected pair is copied. */
  "candidates.c:digest",
  "gst_callstats_ice_candidate_make_id",
  "candidatesagent.c:*",
  "gst_callstats_ice_agent_free",
  "gst_callstats_ice_agent_new",

  /* The way to codec and sink, until both are found */
  "mediapath.c:*",
  "gst_callstats_media_path_*",
  "mediatap.c:*",
  "gst_callstats_media_tap_new",
  "gst_callstats_media_tap_free",
  "gst_callstats_find_jitterbuffer",
  "gst_callstats_get_metadata",
  "gst_callstats_is_factory",
  "gst_callstats_is_raw",

  /* Letting go */
  "mediastats.c:free_tap",
  "rtpjitter.c:buffer_free",
  "rtpjitter.c:remove_probe",
  "rtpjitter.c:arrivals_unref",
  "rtptaps.c:box_unref",
  "rtptaps.c:lists_unref",
  "transportwire.c:wire_clear",
  "transportwire.c:shared_clear",

  /* Negotiations, never where media pass */
  "negotiationfence.c:add_transport",
  "negotiationfence.c:add_transports_of",
  "negotiationfence.c:ask",
  "negotiationfence.c:copy_error",
  "negotiationfence.c:find_transports",
  "negotiationfence.c:forget_in_flight",
  "negotiationfence.c:look_at",
  "negotiationfence.c:remember_in_flight",
  "negotiationwatch.c:ask",
  "negotiationwatch.c:see",
};

/* clang-format on */

/* What may be called that is wrapped, where no media pass: action signals of webrtcbin
 * that only look or post, and promises that are answered already. */
static const struct {
  const char *function, *called;
} calls[] = {
  { "negotiationfence.c:ask", "g_signal_emit_by_name" }, /* get-stats */
  { "negotiationfence.c:find_transports",
      "g_signal_emit_by_name" }, /* get-transceivers */
  { "negotiationfence.c:on_answer", "gst_promise_wait" },
  { "webrtcbinwatch.c:on_reply", "gst_promise_wait" },
};

static gboolean
matches (const char *pattern, const char *function)
{
  gsize length = strlen (pattern);

  return pattern[length - 1] == '*' ? strncmp (pattern, function, length - 1) == 0
                                    : strcmp (pattern, function) == 0;
}

const Allowed *
allowed_find (const char *function)
{
  static const Allowed within = { "", ALLOWED_INNER, 0 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (outermost); i++) {
    if (matches (outermost[i].name, function))
      return &outermost[i];
  }
  for (i = 0; i < G_N_ELEMENTS (inner); i++) {
    if (matches (inner[i], function))
      return &within;
  }
  return NULL;
}

gboolean
allowed_is_call (const char *function, const char *called)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (calls); i++) {
    if (strcmp (calls[i].function, function) == 0 &&
        strcmp (calls[i].called, called) == 0)
      return TRUE;
  }
  return FALSE;
}
