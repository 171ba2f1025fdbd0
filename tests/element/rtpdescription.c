/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is read of RTP from session descriptions.
 */
#include "stats/rtpdescription.h"

static const char offer[] =
    "v=0\r\no=- 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    "a=group:BUNDLE audio0 video1\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 96 0\r\n"
    "a=sendrecv\r\na=rtpmap:96 OPUS/48000/2\r\na=fmtp:96 sprop-stereo=0\r\n"
    "a=mid:audio0\r\na=ssrc:1001 msid:user@host track0\r\na=ssrc:1001 cname:user@host\r\n"
    "m=video 0 UDP/TLS/RTP/SAVPF 97 98 99 100\r\n"
    "a=bundle-only\r\na=sendonly\r\na=rtpmap:97 VP8/90000\r\na=rtpmap:98 rtx/90000\r\n"
    "a=fmtp:98 apt=97\r\na=rtpmap:99 red/90000\r\na=rtpmap:100 ulpfec/90000\r\n"
    "a=mid:video1\r\na=msid:user@host track1\r\na=ssrc-group:FID 2001 2002\r\n"
    "a=ssrc:2001 cname:x\r\na=ssrc:2002 cname:x\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:data\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 97\r\n"
    "a=mid:video3\r\na=inactive\r\na=rtpmap:97 H264/90000\r\n";

static const char answer[] =
    "v=0\r\no=- 2 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    "a=group:BUNDLE audio0 video1\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\n"
    "a=recvonly\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 "
    "useinbandfec=1\r\na=mid:audio0\r\n"
    "m=video 0 UDP/TLS/RTP/SAVPF 97 98\r\n"
    "a=recvonly\r\na=rtpmap:97 VP8/90000\r\na=rtpmap:98 rtx/90000\r\na=fmtp:98 apt=97\r\n"
    "a=mid:video1\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:data\r\n"
    "m=video 0 UDP/TLS/RTP/SAVPF 97\r\na=mid:video3\r\na=inactive\r\n";

static GstSDPMessage *
parse (const char *text)
{
  GstSDPMessage *sdp;

  g_assert_cmpint (gst_sdp_message_new (&sdp), ==, GST_SDP_OK);
  g_assert_cmpint (
      gst_sdp_message_parse_buffer ((const guint8 *)text, -1, sdp), ==, GST_SDP_OK);
  return sdp;
}

static GstCallstatsRtpDescription *
read_both (const char *local, const char *remote)
{
  g_autoptr (GstSDPMessage) ours = parse (local);
  g_autoptr (GstSDPMessage) theirs = remote != NULL ? parse (remote) : NULL;

  return gst_callstats_rtp_description_new (ours, theirs);
}

static void
test_sessions_are_those_of_transports (void)
{
  GstCallstatsRtpDescription *both = read_both (offer, answer);

  g_assert_cmpuint (both->sections->len, ==, 3);
  g_assert_cmpuint (gst_callstats_rtp_description_find_section (both, 0)->session, ==, 0);
  g_assert_cmpuint (gst_callstats_rtp_description_find_section (both, 1)->session, ==, 0);
  g_assert_cmpuint (gst_callstats_rtp_description_find_section (both, 3)->session, ==, 3);
  g_assert_null (gst_callstats_rtp_description_find_section (both, 2));
  gst_callstats_rtp_description_free (both);
}

static void
test_an_answer_without_bundle_has_a_session_each (void)
{
  g_auto (GStrv) parts = g_strsplit (answer, "a=group:BUNDLE audio0 video1\r\n", 2);
  g_autofree char *unbundled = g_strjoinv ("", parts);
  GstCallstatsRtpDescription *both = read_both (offer, unbundled);

  g_assert_cmpuint (gst_callstats_rtp_description_find_section (both, 1)->session, ==, 1);
  gst_callstats_rtp_description_free (both);
}

/* Port 0 means nothing in a bundle. */
static void
test_directions_are_what_both_ends_want (void)
{
  GstCallstatsRtpDescription *ours = read_both (offer, answer);
  GstCallstatsRtpDescription *theirs = read_both (answer, offer);
  static const struct {
    guint section;
    gboolean sent, rejected;
  } rows[] = { { 0, TRUE, FALSE }, { 1, TRUE, FALSE }, { 3, FALSE, TRUE } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    const GstCallstatsSection *near =
        gst_callstats_rtp_description_find_section (ours, rows[i].section);
    const GstCallstatsSection *far =
        gst_callstats_rtp_description_find_section (theirs, rows[i].section);

    g_assert_cmpint (near->active[0], ==, rows[i].sent);
    g_assert_cmpint (near->active[1], ==, FALSE);
    g_assert_cmpint (near->rejected, ==, rows[i].rejected);
    g_assert_cmpint (far->active[0], ==, FALSE);
    g_assert_cmpint (far->active[1], ==, rows[i].sent);
  }
  gst_callstats_rtp_description_free (ours);
  gst_callstats_rtp_description_free (theirs);
}

/* Names as they are registered; the parameters of who gets the media. */
static void
test_codecs_are_those_of_the_receiver (void)
{
  GstCallstatsRtpDescription *both = read_both (offer, answer);
  const GstCallstatsSection *audio = gst_callstats_rtp_description_find_section (both, 0);
  const GstCallstatsSection *video = gst_callstats_rtp_description_find_section (both, 1);
  const GstCallstatsCodec *codec = gst_callstats_section_find_codec (audio, FALSE, 96);

  g_assert_cmpstr (codec->mime_type, ==, "audio/opus");
  g_assert_cmpstr (codec->fmtp, ==, "useinbandfec=1");
  g_assert_cmpuint (codec->payload.clock_rate, ==, 48000);
  g_assert_cmpuint (codec->channels, ==, 2);
  codec = gst_callstats_section_find_codec (audio, TRUE, 96);
  g_assert_cmpstr (codec->fmtp, ==, "sprop-stereo=0");
  codec = gst_callstats_section_find_codec (audio, TRUE, 0);
  g_assert_cmpstr (codec->mime_type, ==, "audio/PCMU");
  g_assert_cmpuint (codec->channels, ==, 1);
  codec = gst_callstats_section_find_codec (video, FALSE, 97);
  g_assert_cmpstr (codec->mime_type, ==, "video/VP8");
  g_assert_cmpuint (codec->channels, ==, 0);
  g_assert_null (codec->fmtp);
  gst_callstats_rtp_description_free (both);
}

static void
test_payload_types_have_roles (void)
{
  GstCallstatsRtpDescription *both = read_both (offer, answer);
  GstCallstatsPayload payloads[GST_CALLSTATS_N_PAYLOADS];

  gst_callstats_rtp_description_get_payloads (both, 0, FALSE, payloads);
  g_assert_cmpint (payloads[96].role, ==, GST_CALLSTATS_PAYLOAD_MEDIA);
  g_assert_cmpint (payloads[97].role, ==, GST_CALLSTATS_PAYLOAD_MEDIA);
  g_assert_cmpint (payloads[98].role, ==, GST_CALLSTATS_PAYLOAD_RTX);
  g_assert_cmpuint (payloads[98].repaired, ==, 97);
  g_assert_cmpint (payloads[99].role, ==, GST_CALLSTATS_PAYLOAD_RED);
  g_assert_cmpint (payloads[100].role, ==, GST_CALLSTATS_PAYLOAD_ULPFEC);
  g_assert_cmpint (payloads[101].role, ==, GST_CALLSTATS_PAYLOAD_UNKNOWN);
  gst_callstats_rtp_description_free (both);
}

static void
test_ssrcs_have_tracks_and_repair_others (void)
{
  GstCallstatsRtpDescription *both = read_both (answer, offer);
  const GstCallstatsSource *source =
      gst_callstats_rtp_description_find_source (both, TRUE, 1001);

  g_assert_cmpstr (source->track, ==, "track0");
  g_assert_cmpuint (source->section, ==, 0);
  source = gst_callstats_rtp_description_find_source (both, TRUE, 2002);
  g_assert_cmpuint (source->repaired, ==, 2001);
  g_assert_cmpint (source->role, ==, GST_CALLSTATS_PAYLOAD_RTX);
  g_assert_cmpuint (gst_callstats_rtp_description_find_repair (
                        both, TRUE, 2001, GST_CALLSTATS_PAYLOAD_RTX)
                        ->ssrc,
      ==, 2002);
  g_assert_null (gst_callstats_rtp_description_find_source (both, FALSE, 2002));
  g_assert_cmpstr (
      gst_callstats_rtp_description_find_section (both, 1)->track[1], ==, "track1");
  gst_callstats_rtp_description_free (both);
}

/* A payload type that two m-lines have tells of neither. */
static void
test_only_one_section_is_guessed (void)
{
  GstCallstatsRtpDescription *both = read_both (offer, answer);
  const GstCallstatsSection *section =
      gst_callstats_rtp_description_guess_section (both, 0, FALSE, 97);

  g_assert_nonnull (section);
  g_assert_cmpuint (section->index, ==, 1);
  g_assert_null (gst_callstats_rtp_description_guess_section (both, 0, TRUE, 97));
  g_assert_null (gst_callstats_rtp_description_guess_section (both, 3, FALSE, 97));
  g_assert_null (gst_callstats_rtp_description_guess_section (both, 0, FALSE, 50));
  gst_callstats_rtp_description_free (both);
}

static void
test_without_an_answer_the_offer_counts (void)
{
  GstCallstatsRtpDescription *one = read_both (offer, NULL);

  g_assert_true (gst_callstats_rtp_description_find_section (one, 0)->active[1]);
  g_assert_cmpuint (gst_callstats_rtp_description_find_section (one, 1)->session, ==, 0);
  gst_callstats_rtp_description_free (one);
}

static void
test_what_is_malformed_is_left_out (void)
{
  GstCallstatsRtpDescription *one =
      read_both ("v=0\r\no=- 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE\r\n"
                 "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:300 X/1\r\na=rtpmap:96\r\n"
                 "a=rtpmap:96 opus\r\na=fmtp:96\r\na=fmtp:rtx apt=1\r\na=ssrc:x y\r\n"
                 "a=ssrc-group:FID 1\r\na=ssrc-group\r\na=ssrc\r\na=msid:only\r\n",
          NULL);
  const GstCallstatsSection *section =
      gst_callstats_rtp_description_find_section (one, 0);

  g_assert_cmpuint (section->codecs[0]->len, ==, 0);
  g_assert_cmpuint (one->sources[0]->len, ==, 0);
  g_assert_null (section->track[0]);
  gst_callstats_rtp_description_free (one);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(path, name) g_test_add_func ("/rtpdescription/" path, test_##name)
  ADD ("sessions", sessions_are_those_of_transports);
  ADD ("not-bundled", an_answer_without_bundle_has_a_session_each);
  ADD ("directions", directions_are_what_both_ends_want);
  ADD ("codecs", codecs_are_those_of_the_receiver);
  ADD ("roles", payload_types_have_roles);
  ADD ("ssrcs", ssrcs_have_tracks_and_repair_others);
  ADD ("guess", only_one_section_is_guessed);
  ADD ("no-answer", without_an_answer_the_offer_counts);
  ADD ("malformed", what_is_malformed_is_left_out);
  return g_test_run ();
}
