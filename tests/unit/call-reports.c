/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports of a call, from a table of what its members are and how they grow.
 */
#include "call-reports.h"

#include <string.h>

#include "callstats-report-private.h"

typedef enum {
  OBJECT,  /* name: its type; text: its id */
  TEXT,    /* always the same */
  COUNT,   /* base, and step for each sample, give or take noise */
  EXACTLY, /* the same without noise */
  SECONDS, /* step for each sample, with a noise of millionths */
  LEVEL,   /* about base */
} Kind;

typedef struct {
  Kind kind;
  const char *name, *text;
  double base, step;
} Row;

#define PACKETS_A_SAMPLE 50 /* of audio, by which a sample is known again */
#define AUDIO_OUT "rtp-outbound-audio"

#define RECEIVED(id, kind_of, packets, bytes) \
  { OBJECT, "inbound-rtp", id, 0, 0 }, { TEXT, "kind", kind_of, 0, 0 }, \
      { TEXT, "codecId", "codec-" kind_of, 0, 0 }, \
      { TEXT, "transportId", "transport-0", 0, 0 }, \
      { TEXT, "remoteId", "rtp-remote-outbound-" kind_of, 0, 0 }, \
      { TEXT, "trackIdentifier", "6c1f3d0e-8f6b-4e9b-9a53-0c6b9f3a7d11", 0, 0 }, \
      { LEVEL, "ssrc", NULL, 2955158514, 0 }, \
      { COUNT, "packetsReceived", NULL, 0, packets }, \
      { COUNT, "bytesReceived", NULL, 0, bytes }, \
      { COUNT, "headerBytesReceived", NULL, 0, 12 * packets }, \
      { COUNT, "packetsLost", NULL, 3, 0.02 }, \
      { COUNT, "packetsDiscarded", NULL, 0, 0 }, { SECONDS, "jitter", NULL, 0, 0 }, \
      { COUNT, "nackCount", NULL, 0, 0.1 }, \
      { COUNT, "jitterBufferEmittedCount", NULL, 0, packets }, \
      { SECONDS, "jitterBufferDelay", NULL, 0, 0.8 }, \
      { SECONDS, "jitterBufferTargetDelay", NULL, 0, 2.5 }, \
      { COUNT, "retransmittedPacketsReceived", NULL, 0, 0.1 }, \
      { COUNT, "retransmittedBytesReceived", NULL, 0, 40 }, \
      { SECONDS, "lastPacketReceivedTimestamp", NULL, 1795338387, 1 }, \
      { SECONDS, "totalProcessingDelay", NULL, 0, 0.6 }, \
  { \
    SECONDS, "csQuality", NULL, 4, 0 \
  }

#define SENT(id, kind_of, packets, bytes) \
  { OBJECT, "outbound-rtp", id, 0, 0 }, { TEXT, "kind", kind_of, 0, 0 }, \
      { TEXT, "codecId", "codec-" kind_of, 0, 0 }, \
      { TEXT, "transportId", "transport-0", 0, 0 }, \
      { TEXT, "mediaSourceId", "source-" kind_of, 0, 0 }, \
      { TEXT, "remoteId", "rtp-remote-inbound-" kind_of, 0, 0 }, \
      { LEVEL, "ssrc", NULL, 1590275277, 0 }, \
      { EXACTLY, "packetsSent", NULL, 0, packets }, \
      { COUNT, "bytesSent", NULL, 0, bytes }, \
      { COUNT, "headerBytesSent", NULL, 0, 12 * packets }, \
      { COUNT, "retransmittedPacketsSent", NULL, 0, 0.2 }, \
      { COUNT, "retransmittedBytesSent", NULL, 0, 60 }, \
      { COUNT, "nackCount", NULL, 0, 0.1 }, { LEVEL, "targetBitrate", NULL, 64000, 0 }, \
  { \
    SECONDS, "totalPacketSendDelay", NULL, 0, 0.1 \
  }

#define REMOTE(id, type, local, packets) \
  { OBJECT, type, id, 0, 0 }, { TEXT, "localId", local, 0, 0 }, \
      { TEXT, "transportId", "transport-0", 0, 0 }, \
      { LEVEL, "ssrc", NULL, 1222898203, 0 }, { COUNT, "packetsLost", NULL, 80, 0.05 }, \
      { SECONDS, "fractionLost", NULL, 0, 0 }, \
      { SECONDS, "roundTripTime", NULL, 0.04, 0 }, \
      { SECONDS, "totalRoundTripTime", NULL, 0, 0.04 }, \
      { COUNT, "roundTripTimeMeasurements", NULL, 0, 0.2 }, \
      { COUNT, "packetsSent", NULL, 0, packets }, \
  { \
    SECONDS, "remoteTimestamp", NULL, 1795338387, 1 \
  }

#define CANDIDATE(type, id, address) \
  { OBJECT, type, id, 0, 0 }, { TEXT, "transportId", "transport-0", 0, 0 }, \
      { TEXT, "address", address, 0, 0 }, { LEVEL, "port", NULL, 37049, 0 }, \
      { TEXT, "protocol", "udp", 0, 0 }, { TEXT, "candidateType", "host", 0, 0 }, \
      { LEVEL, "priority", NULL, 2015363839, 0 }, \
  { \
    TEXT, "foundation", "3", 0, 0 \
  }

#define CERTIFICATE(id, fingerprint) \
  { OBJECT, "certificate", id, 0, 0 }, { TEXT, "fingerprint", fingerprint, 0, 0 }, \
  { \
    TEXT, "fingerprintAlgorithm", "sha-256", 0, 0 \
  }

static const Row rows[] = {
  { OBJECT, "peer-connection", "peer-connection", 0, 0 },
  { COUNT, "dataChannelsOpened", NULL, 1, 0 },
  { COUNT, "dataChannelsClosed", NULL, 0, 0 },
  { OBJECT, "transport", "transport-0", 0, 0 },
  { TEXT, "selectedCandidatePairId", "pair-1", 0, 0 },
  { TEXT, "localCertificateId", "certificate-1", 0, 0 },
  { TEXT, "remoteCertificateId", "certificate-2", 0, 0 },
  { TEXT, "dtlsState", "connected", 0, 0 },
  { TEXT, "iceRole", "controlling", 0, 0 },
  { TEXT, "tlsVersion", "FEFD", 0, 0 },
  { TEXT, "srtpCipher", "AES_CM_128_HMAC_SHA1_80", 0, 0 },
  { COUNT, "packetsSent", NULL, 20, 160 },
  { COUNT, "packetsReceived", NULL, 20, 150 },
  { COUNT, "bytesSent", NULL, 4000, 142000 },
  { COUNT, "bytesReceived", NULL, 4000, 139000 },
  { OBJECT, "candidate-pair", "pair-1", 0, 0 },
  { TEXT, "transportId", "transport-0", 0, 0 },
  { TEXT, "localCandidateId", "candidate-1", 0, 0 },
  { TEXT, "remoteCandidateId", "candidate-2", 0, 0 },
  { TEXT, "state", "succeeded", 0, 0 },
  { COUNT, "packetsSent", NULL, 20, 160 },
  { COUNT, "packetsReceived", NULL, 20, 150 },
  { COUNT, "bytesSent", NULL, 4000, 142000 },
  { COUNT, "bytesReceived", NULL, 4000, 139000 },
  { SECONDS, "lastPacketSentTimestamp", NULL, 1795338387, 1 },
  CANDIDATE ("local-candidate", "candidate-1", "192.0.2.0"),
  CANDIDATE ("remote-candidate", "candidate-2", "198.51.100.0"),
  CERTIFICATE ("certificate-1", "5A:0C:E5:7C:51:10:13:4E:93:9B:66:4C:3C:30:B0:6F:EF:A5"),
  CERTIFICATE ("certificate-2", "91:5E:9F:49:6F:8D:36:2B:12:E9:33:A1:10:87:C7:45:BD:50"),
  { OBJECT, "codec", "codec-audio", 0, 0 },
  { LEVEL, "payloadType", NULL, 97, 0 },
  { LEVEL, "clockRate", NULL, 48000, 0 },
  { TEXT, "mimeType", "audio/opus", 0, 0 },
  { TEXT, "sdpFmtpLine", "sprop-stereo=0;useinbandfec=1", 0, 0 },
  { OBJECT, "codec", "codec-video", 0, 0 },
  { LEVEL, "payloadType", NULL, 96, 0 },
  { LEVEL, "clockRate", NULL, 90000, 0 },
  { TEXT, "mimeType", "video/VP8", 0, 0 },
  RECEIVED ("rtp-inbound-audio", "audio", 50, 4000),
  { SECONDS, "audioLevel", NULL, 0.1, 0 },
  { SECONDS, "totalAudioEnergy", NULL, 0, 0.01 },
  { SECONDS, "totalSamplesDuration", NULL, 0, 1 },
  RECEIVED ("rtp-inbound-video", "video", 100, 125000),
  { COUNT, "framesReceived", NULL, 0, 30 },
  { COUNT, "framesDecoded", NULL, 0, 30 },
  { COUNT, "keyFramesDecoded", NULL, 1, 0.02 },
  { LEVEL, "frameWidth", NULL, 1280, 0 },
  { LEVEL, "frameHeight", NULL, 720, 0 },
  { SECONDS, "framesPerSecond", NULL, 30, 0 },
  { SECONDS, "totalDecodeTime", NULL, 0, 0.2 },
  { SECONDS, "totalInterFrameDelay", NULL, 0, 1 },
  { COUNT, "freezeCount", NULL, 0, 0.01 },
  SENT (AUDIO_OUT, "audio", PACKETS_A_SAMPLE, 4000),
  SENT ("rtp-outbound-video", "video", 100, 125000),
  { COUNT, "framesEncoded", NULL, 0, 30 },
  { COUNT, "keyFramesEncoded", NULL, 1, 0.02 },
  { SECONDS, "totalEncodeTime", NULL, 0, 0.3 },
  { TEXT, "qualityLimitationReason", "none", 0, 0 },
  REMOTE ("rtp-remote-inbound-audio", "remote-inbound-rtp", AUDIO_OUT, 50),
  REMOTE ("rtp-remote-inbound-video", "remote-inbound-rtp", "rtp-outbound-video", 100),
  REMOTE ("rtp-remote-outbound-audio", "remote-outbound-rtp", "rtp-inbound-audio", 50),
  REMOTE ("rtp-remote-outbound-video", "remote-outbound-rtp", "rtp-inbound-video", 100),
  { OBJECT, "media-source", "source-audio", 0, 0 },
  { TEXT, "kind", "audio", 0, 0 },
  { SECONDS, "audioLevel", NULL, 0.1, 0 },
  { SECONDS, "totalAudioEnergy", NULL, 0, 0.01 },
  { OBJECT, "media-source", "source-video", 0, 0 },
  { TEXT, "kind", "video", 0, 0 },
  { COUNT, "frames", NULL, 0, 30 },
};

/* From 0 to 1, always the same for the same three. */
static double
noise (guint call, guint64 number, guint row)
{
  guint64 x = (call + 1) * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15) +
              number * G_GUINT64_CONSTANT (0xBF58476D1CE4E5B9) +
              row * G_GUINT64_CONSTANT (0x94D049BB133111EB);

  x ^= x >> 31;
  x *= G_GUINT64_CONSTANT (0xD6E8FEB86659FD93);
  return (double)((x ^ (x >> 32)) & 0xFFFFF) / 0x100000;
}

static void
add_row (CallstatsReport *report, const Row *row, guint64 number, double some)
{
  switch (row->kind) {
  case OBJECT:
    callstats_report_add_stats (report, row->name, row->text);
    break;
  case TEXT:
    callstats_report_set_string (report, row->name, row->text);
    break;
  case COUNT:
    callstats_report_set_int (
        report, row->name, (gint64)(row->base + row->step * ((double)number + some / 2)));
    break;
  case EXACTLY:
  case LEVEL:
    callstats_report_set_int (
        report, row->name, (gint64)(row->base + row->step * (double)number));
    break;
  case SECONDS:
    callstats_report_set_double (report, row->name,
        row->base + row->step * (double)number + (double)(guint)(some * 2000) / 1000000);
    break;
  }
}

CallstatsReport *
call_report_new (guint call, guint64 number, gint64 time_us)
{
  CallstatsReport *report = callstats_report_new (time_us);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    add_row (report, &rows[i], number, noise (call, number, i));
  return report;
}

guint64
call_report_get_number (CallstatsReport *report)
{
  guint i, j;

  for (i = 0; i < callstats_report_n_objects (report); i++) {
    const CallstatsStatsObject *object = callstats_report_object (report, i);
    const CallstatsField *fields = callstats_report_fields (report, object);

    if (strcmp (object->id, AUDIO_OUT) != 0)
      continue;
    for (j = 0; j < object->n_fields; j++) {
      if (strcmp (fields[j].name, "packetsSent") == 0)
        return (guint64)fields[j].i / PACKETS_A_SAMPLE;
    }
  }
  return 0;
}
