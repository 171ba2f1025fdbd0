/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tables of names and units. Chrome told milliseconds where W3C has seconds, levels up to
 * 32767 where W3C has 1, and -1 for what it did not know; bridges told milliseconds.
 * Pure, any thread.
 */
#include "rest-stats-names.h"

#include <string.h>

/* clang-format off */
#define NUMBER(from, to) { from, to, REST_STAT_NUMBER, 1, 0, NULL }
#define SAME(name) NUMBER (name, name)
/* May be negative: duplicates count against losses. */
#define SIGNED(name) { name, name, REST_STAT_NUMBER, 1, -G_MAXDOUBLE, NULL }
#define MILLISECONDS(from, to) { from, to, REST_STAT_NUMBER, 0.001, 0, NULL }
#define LEVEL(from, to) { from, to, REST_STAT_NUMBER, 1.0 / 32767, 0, NULL }
#define TEXT(from, to) { from, to, REST_STAT_TEXT, 1, 0, NULL }
#define BOOLEAN(from, to) { from, to, REST_STAT_BOOLEAN, 1, 0, NULL }
#define END { NULL, NULL, REST_STAT_TEXT, 1, 0, NULL }
/* clang-format on */

/* ---- Chrome's legacy streams ---- */

static const RestStatName legacy_received[] = {
  SAME ("packetsReceived"),
  SAME ("bytesReceived"),
  SIGNED ("packetsLost"),
  MILLISECONDS ("googJitterReceived", "jitter"),
  LEVEL ("audioOutputLevel", "audioLevel"),
  SAME ("totalAudioEnergy"),
  SAME ("totalSamplesDuration"),
  NUMBER ("googFrameRateDecoded", "framesPerSecond"),
  NUMBER ("googFrameWidthReceived", "frameWidth"),
  NUMBER ("googFrameHeightReceived", "frameHeight"),
  NUMBER ("googNacksSent", "nackCount"),
  NUMBER ("googPlisSent", "pliCount"),
  NUMBER ("googFirsSent", "firCount"),
  SAME ("framesDecoded"),
  SAME ("framesReceived"),
  SAME ("framesDropped"),
  SAME ("qpSum"),
  TEXT ("googTrackId", "trackIdentifier"),
  END,
};

static const RestStatName legacy_received_remote[] = { END };

static const RestStatName legacy_sent[] = {
  SAME ("packetsSent"),
  SAME ("bytesSent"),
  NUMBER ("googFrameRateSent", "framesPerSecond"),
  NUMBER ("googFrameWidthSent", "frameWidth"),
  NUMBER ("googFrameHeightSent", "frameHeight"),
  NUMBER ("googNacksReceived", "nackCount"),
  NUMBER ("googPlisReceived", "pliCount"),
  NUMBER ("googFirsReceived", "firCount"),
  SAME ("framesEncoded"),
  SAME ("hugeFramesSent"),
  SAME ("qpSum"),
  TEXT ("googTrackId", "trackIdentifier"),
  END,
};

/* Of a stream that is sent, Chrome knew these from the receiver's reports alone. */
static const RestStatName legacy_sent_remote[] = {
  SIGNED ("packetsLost"),
  MILLISECONDS ("googRtt", "roundTripTime"),
  MILLISECONDS ("googJitterReceived", "jitter"),
  END,
};

static const RestStatStream legacy_streams[] = {
  { "inbound-rtp", legacy_received, "remote-outbound-rtp", legacy_received_remote },
  { "outbound-rtp", legacy_sent, "remote-inbound-rtp", legacy_sent_remote },
};

const RestStatStream *
rest_stats_legacy_stream (gboolean sent)
{
  return &legacy_streams[sent ? 1 : 0];
}

/* ---- Streams of bridges ---- */

static const RestStatName bridge_received[] = {
  SAME ("packetsReceived"),
  SAME ("bytesReceived"),
  SIGNED ("packetsLost"),
  SAME ("packetsDiscarded"),
  SAME ("framesReceived"),
  SAME ("framesDropped"),
  MILLISECONDS ("jitter", "jitter"),
  END,
};

static const RestStatName bridge_received_remote[] = {
  MILLISECONDS ("rtt", "roundTripTime"),
  END,
};

static const RestStatName bridge_sent[] = {
  SAME ("packetsSent"),
  SAME ("bytesSent"),
  SAME ("framesSent"),
  END,
};

static const RestStatName bridge_sent_remote[] = {
  SIGNED ("packetsLost"),
  NUMBER ("fractionalPacketLost", "fractionLost"),
  MILLISECONDS ("jitter", "jitter"),
  MILLISECONDS ("rtt", "roundTripTime"),
  END,
};

static const RestStatStream bridge_streams[] = {
  { "inbound-rtp", bridge_received, "remote-outbound-rtp", bridge_received_remote },
  { "outbound-rtp", bridge_sent, "remote-inbound-rtp", bridge_sent_remote },
};

const RestStatStream *
rest_stats_bridge_stream (gboolean sent)
{
  return &bridge_streams[sent ? 1 : 0];
}

/* ---- Chrome's other legacy objects ---- */

static const RestStatName legacy_pair[] = {
  SAME ("bytesSent"),
  SAME ("bytesReceived"),
  SAME ("packetsSent"),
  SAME ("packetsReceived"),
  SAME ("requestsSent"),
  SAME ("requestsReceived"),
  SAME ("responsesSent"),
  SAME ("responsesReceived"),
  SAME ("consentRequestsSent"),
  MILLISECONDS ("googRtt", "currentRoundTripTime"),
  TEXT ("localCandidateId", "localCandidateId"),
  TEXT ("remoteCandidateId", "remoteCandidateId"),
  TEXT ("googChannelId", "transportId"),
  BOOLEAN ("googActiveConnection", "nominated"),
  BOOLEAN ("googWritable", "writable"),
  END,
};

static const RestStatWord candidate_words[] = {
  { "serverreflexive", "srflx" },
  { "peerreflexive", "prflx" },
  { "relayed", "relay" },
  { NULL, NULL },
};

static const RestStatName legacy_candidate[] = {
  TEXT ("ipAddress", "address"),
  NUMBER ("portNumber", "port"),
  TEXT ("transport", "protocol"),
  SAME ("priority"),
  TEXT ("networkType", "networkType"),
  { "candidateType", "candidateType", REST_STAT_TEXT, 1, 0, candidate_words },
  END,
};

static const RestStatType types[] = {
  { "googCandidatePair", "candidate-pair", legacy_pair },
  { "localcandidate", "local-candidate", legacy_candidate },
  { "remotecandidate", "remote-candidate", legacy_candidate },
};

const RestStatType *
rest_stats_find_type (const char *type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (strcmp (types[i].from, type) == 0)
      return &types[i];
  return NULL;
}

/* ---- What is not told itself ---- */

typedef struct {
  const char *type; /* its end */
  const char *const *fields;
} Copies;

static const char *const codec_fields[] = { "channels", "clockRate", "mimeType",
  "payloadType", "sdpFmtpLine", NULL };

static const char *const pair_fields[] = { "availableIncomingBitrate",
  "availableOutgoingBitrate", "bytesDiscardedOnSend", "consentRequestsSent",
  "currentRoundTripTime", "hash", "lastPacketReceivedTimestamp",
  "lastPacketSentTimestamp", "localCandidateId", "nominated", "packetsDiscardedOnSend",
  "priority", "remoteCandidateId", "requestsReceived", "requestsSent",
  "responsesReceived", "responsesSent", "state", "totalRoundTripTime", "transportId",
  "writable", NULL };

/* Into streams the browser's client copied their codec, into transports their pair. */
static const Copies copies[] = {
  { "-rtp", codec_fields },
  { "transport", pair_fields },
};

gboolean
rest_stats_is_derived (const char *type, const char *field)
{
  if (g_str_has_prefix (field, "csio") || strcmp (field, "intervalBandwidth") == 0)
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (copies); i++)
    if (g_str_has_suffix (type, copies[i].type) &&
        g_strv_contains (copies[i].fields, field))
      return TRUE;
  return FALSE;
}
