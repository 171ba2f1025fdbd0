/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports of a call that nobody made.
 */
#include "synthetic-call.h"

#define TRANSPORT "transport-stats_webrtcdtlstransport0"
#define PAIR "ice-candidate-pair_webrtcnicetransport0"
#define LOCAL "ice-candidate-local_1_192.0.2.17_37049"
#define REMOTE "ice-candidate-remote_1_198.51.100.23_58725"
#define RTCP_SECONDS 5 /* between two reports of the other end */
#define NTP_EPOCH 2208988800.0

typedef struct {
  const char *kind, *codec;
  guint ssrc_sent, ssrc_received;
  guint packets, bytes; /* a second */
  gint64 clock_rate;
} Stream;

static const Stream streams[] = {
  { "video", "codec-stats-sink_0", 2447301367, 2955158514, 120, 168000, 90000 },
  { "audio", "codec-stats-sink_1", 1590275277, 1222898203, 50, 2650, 48000 },
};

typedef struct {
  CallstatsReport *report;
  guint call, second;
} Sample;

/* Up to limit, always the same for the same three. */
static gint64
noise (const Sample *sample, guint second, guint column, guint limit)
{
  guint64 x = (sample->call + 1) * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15) +
              second * G_GUINT64_CONSTANT (0xBF58476D1CE4E5B9) +
              column * G_GUINT64_CONSTANT (0x94D049BB133111EB);

  x ^= x >> 31;
  x *= G_GUINT64_CONSTANT (0xD6E8FEB86659FD93);
  return (gint64)((x ^ x >> 32) % limit);
}

static void
add (Sample *sample, const char *type, const char *format, guint ssrc)
{
  g_autofree char *id = g_strdup_printf ("%s%u", format, ssrc);

  callstats_report_add_stats (sample->report, type, ssrc != 0 ? id : format);
}

static void
set_text (Sample *sample, const char *name, const char *value)
{
  callstats_report_set_string (sample->report, name, value);
}

static void
set_id (Sample *sample, const char *name, const char *prefix, guint ssrc)
{
  g_autofree char *id = g_strdup_printf ("%s%u", prefix, ssrc);

  set_text (sample, name, id);
}

static void
set_int (Sample *sample, const char *name, gint64 value)
{
  callstats_report_set_int (sample->report, name, value);
}

static void
set_zeros (Sample *sample, const char *const *names)
{
  for (gsize i = 0; names[i] != NULL; i++)
    set_int (sample, names[i], 0);
}

static void
add_connection (Sample *sample)
{
  static const char *const channels[] = { "dataChannelsOpened", "dataChannelsClosed",
    "dataChannelsRequested", "dataChannelsAccepted", NULL };
  static const char *const candidates[][3] = {
    { "local-candidate", LOCAL, "192.0.2.17" },
    { "remote-candidate", REMOTE, "198.51.100.23" },
  };

  add (sample, "peer-connection", "peer-connection-stats", 0);
  set_zeros (sample, channels);
  for (gsize i = 0; i < G_N_ELEMENTS (candidates); i++) {
    add (sample, candidates[i][0], candidates[i][1], 0);
    set_text (sample, "transportId", TRANSPORT);
    set_text (sample, "address", candidates[i][2]);
    set_int (sample, "port", 37049 + (gint64)i);
    set_text (sample, "candidateType", "host");
    set_int (sample, "priority", 2015363839);
    set_text (sample, "protocol", "udp");
  }
  add (sample, "candidate-pair", PAIR, 0);
  set_text (sample, "localCandidateId", LOCAL);
  set_text (sample, "remoteCandidateId", REMOTE);
  add (sample, "transport", TRANSPORT, 0);
  set_text (sample, "selectedCandidatePairId", PAIR);
}

static void
begin_stream (Sample *sample, const Stream *stream, const char *type, const char *prefix,
    guint ssrc)
{
  add (sample, type, prefix, ssrc);
  set_int (sample, "ssrc", ssrc);
  set_text (sample, "codecId", stream->codec);
  set_text (sample, "transportId", TRANSPORT);
  set_text (sample, "kind", stream->kind);
}

static void
set_packets (Sample *sample, const Stream *stream, guint second, guint column,
    const char *packets, const char *bytes)
{
  gint64 n = (gint64)stream->packets * second +
             noise (sample, second, column, stream->packets / 2);

  set_int (sample, packets, n);
  set_int (sample, bytes,
      n * (stream->bytes / stream->packets) +
          noise (sample, second, column + 1, stream->bytes));
}

static void
add_received (Sample *sample, const Stream *stream, guint column)
{
  static const char *const zeros[] = { "packetsDiscarded", "packetsRepaired", "firCount",
    "pliCount", "nackCount", "packetsDuplicated", NULL };
  guint ssrc = stream->ssrc_received,
        heard = sample->second / RTCP_SECONDS * RTCP_SECONDS;

  begin_stream (sample, stream, "inbound-rtp", "rtp-inbound-stream-stats_", ssrc);
  set_packets (
      sample, stream, sample->second, column, "packetsReceived", "bytesReceived");
  set_int (sample, "packetsLost", sample->second / 40);
  callstats_report_set_double (sample->report, "jitter",
      (double)(20 + noise (sample, sample->second, column + 2, 60)) /
          (double)stream->clock_rate);
  set_zeros (sample, zeros);
  set_id (sample, "remoteId", "rtp-remote-outbound-stream-stats_", ssrc);

  begin_stream (
      sample, stream, "remote-outbound-rtp", "rtp-remote-outbound-stream-stats_", ssrc);
  set_packets (sample, stream, heard, column + 3, "packetsSent", "bytesSent");
  callstats_report_set_double (sample->report, "remoteTimestamp",
      NTP_EPOCH + 1795338386 + heard +
          (double)noise (sample, heard, column + 5, 65536) / 65536);
  set_id (sample, "localId", "rtp-inbound-stream-stats_", ssrc);
}

static void
add_sent (Sample *sample, const Stream *stream, guint column)
{
  static const char *const zeros[] = { "firCount", "pliCount", "nackCount", NULL };
  guint ssrc = stream->ssrc_sent, heard = sample->second / RTCP_SECONDS * RTCP_SECONDS;

  begin_stream (sample, stream, "outbound-rtp", "rtp-outbound-stream-stats_", ssrc);
  set_packets (sample, stream, sample->second, column, "packetsSent", "bytesSent");
  set_zeros (sample, zeros);
  set_id (sample, "remoteId", "rtp-remote-inbound-stream-stats_", ssrc);

  begin_stream (
      sample, stream, "remote-inbound-rtp", "rtp-remote-inbound-stream-stats_", ssrc);
  set_id (sample, "localId", "rtp-outbound-stream-stats_", ssrc);
  set_int (sample, "packetsLost", heard / 20);
  callstats_report_set_double (sample->report, "fractionLost", 0);
  callstats_report_set_double (sample->report, "roundTripTime",
      (double)(2000 + noise (sample, heard, column + 2, 300)) / 65536);
}

static void
add_codec (Sample *sample, const Stream *stream, gint64 payload_type)
{
  add (sample, "codec", stream->codec, 0);
  set_int (sample, "payloadType", payload_type);
  set_int (sample, "clockRate", stream->clock_rate);
  set_id (sample, "mimeType", stream->kind, (guint)payload_type);
  set_text (sample, "codecType", "encode");
}

CallstatsReport *
synthetic_report_new (guint call, guint second, gint64 time_us)
{
  Sample sample = { callstats_report_new (time_us), call, second };

  add_connection (&sample);
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++) {
    add_received (&sample, &streams[i], 20 * i);
    add_sent (&sample, &streams[i], 20 * i + 10);
    add_codec (&sample, &streams[i], 96 + (gint64)i);
  }
  return sample.report;
}
