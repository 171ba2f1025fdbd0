/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of metrics. Pure, any thread.
 */
#include "series-metrics.h"

#include <string.h>

/* W3C webrtc-stats, RTCQualityLimitationReason. */
static const char *const limitations[] = { "none", "cpu", "bandwidth", "other", NULL };
/* docs/quality.md */
static const char *const reasons[] = { "loss", "one-way", "delay", "jitter", "freezes",
  "frame-rate", "bitrate", NULL };

static const SeriesMetricInfo metrics[SERIES_N_METRICS] = {
  [SERIES_BITRATE] = { "bitrate", "bit/s", SERIES_MEAN, NULL },
  [SERIES_PACKET_RATE] = { "packetRate", "1/s", SERIES_MEAN, NULL },
  [SERIES_FRACTION_LOST] = { "fractionLost", "1", SERIES_MEAN, NULL },
  [SERIES_JITTER] = { "jitter", "s", SERIES_MEAN, NULL },
  [SERIES_ROUND_TRIP_TIME] = { "roundTripTime", "s", SERIES_MEAN, NULL },
  [SERIES_JITTER_BUFFER_DELAY] = { "jitterBufferDelay", "s", SERIES_MEAN, NULL },
  [SERIES_FRAME_RATE] = { "frameRate", "1/s", SERIES_MEAN, NULL },
  [SERIES_FRAME_WIDTH] = { "frameWidth", "px", SERIES_MEAN, NULL },
  [SERIES_FRAME_HEIGHT] = { "frameHeight", "px", SERIES_MEAN, NULL },
  [SERIES_FREEZE_COUNT] = { "freezeCount", "1", SERIES_SUM, NULL },
  [SERIES_FREEZE_DURATION] = { "freezeDuration", "s", SERIES_SUM, NULL },
  [SERIES_QP] = { "qp", "1", SERIES_MEAN, NULL },
  [SERIES_TARGET_BITRATE] = { "targetBitrate", "bit/s", SERIES_MEAN, NULL },
  [SERIES_QUALITY_LIMITATION] = { "qualityLimitation", "word", SERIES_WORDS,
      limitations },
  [SERIES_AUDIO_LEVEL] = { "audioLevel", "1", SERIES_POWER, NULL },
  [SERIES_CONCEALED] = { "concealed", "1", SERIES_MEAN, NULL },
  [SERIES_SCORE] = { "score", "1", SERIES_MEAN, NULL },
  [SERIES_REASONS] = { "reasons", "word", SERIES_WORDS, reasons },
  [SERIES_AVAILABLE_OUTGOING_BITRATE] = { "availableOutgoingBitrate", "bit/s",
      SERIES_MEAN, NULL },
  [SERIES_PAIR_CHANGES] = { "candidatePairChanges", "1", SERIES_SUM, NULL },
};

const SeriesMetricInfo *
series_metric_info (SeriesMetric metric)
{
  return &metrics[metric];
}

gboolean
series_metric_find (const char *name, SeriesMetric *metric)
{
  for (guint i = 0; i < SERIES_N_METRICS; i++) {
    if (strcmp (metrics[i].name, name) == 0) {
      *metric = i;
      return TRUE;
    }
  }
  return FALSE;
}

guint32
series_metric_word (SeriesMetric metric, const char *word)
{
  const char *const *words = metrics[metric].words;

  for (guint i = 0; words[i] != NULL; i++) {
    if (strcmp (words[i], word) == 0)
      return (guint32)1 << i;
  }
  return 0;
}
