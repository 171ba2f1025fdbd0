/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The E-model of ITU-T G.107 (06/2015) without echo and noise, and the codecs it is asked
 * about. docs/quality.md has the sources.
 *
 * Pure, any thread.
 */
#include <glib.h>
#include <math.h>

#include "callstats-emodel-private.h"

#define RATING_LOST_TO_LOSS 95.0
#define DELAY_UNNOTICED 100.0 /* mT, ms */
#define DELAY_MAX 1e6         /* beyond it nothing changes, but for rounding */

/* The first is taken for those that are not here. */
static const CallstatsAudioCodec audio_codecs[] = {
  { "audio/opus", 0, 10.75, 10.75, 26.5 },
  { "audio/PCMU", 0, 25.1, 4.3, 20 },
  { "audio/PCMA", 0, 25.1, 4.3, 20 },
  { "audio/G729", 11, 19, 19, 25 },
};

/* Opus in narrow band, by kbit/s from 6 on. */
static const double opus_ie[] = { 46.27, 31.73, 19.25, 13.21, 6.20, 2.03, 0 };

const CallstatsAudioCodec *
callstats_audio_codec_find (const char *mime_type)
{
  guint i;

  for (i = 0; mime_type != NULL && i < G_N_ELEMENTS (audio_codecs); i++) {
    if (g_ascii_strcasecmp (audio_codecs[i].mime_type, mime_type) == 0)
      return &audio_codecs[i];
  }
  return &audio_codecs[0];
}

double
callstats_audio_codec_impair (const CallstatsAudioCodec *codec, double bitrate)
{
  double step = bitrate / 1000 - 6;
  guint i;

  if (codec != &audio_codecs[0] || bitrate == 0 || step >= G_N_ELEMENTS (opus_ie) - 1)
    return 0;
  if (step <= 0)
    return opus_ie[0];
  i = (guint)step;
  return opus_ie[i] + (step - i) * (opus_ie[i + 1] - opus_ie[i]);
}

/* Equation 7-29, with losses at random. */
double
callstats_emodel_equipment_impairment (double ie, double bpl, double loss)
{
  double percent = 100 * loss;

  return ie + (RATING_LOST_TO_LOSS - ie) * percent / (percent + bpl);
}

/* Equations 7-27 and 7-28, with the default delay sensitivity. */
double
callstats_emodel_delay_impairment (double delay)
{
  double x;

  if (delay <= DELAY_UNNOTICED)
    return 0;
  x = log2 (MIN (delay, DELAY_MAX) / DELAY_UNNOTICED);
  return 25 * (pow (1 + pow (x, 6), 1.0 / 6) - 3 * pow (1 + pow (x / 3, 6), 1.0 / 6) + 2);
}

/* Annex B. The cubic is below 1, and falls, where the rating is above 0 but small. */
double
callstats_emodel_opinion (double rating)
{
  if (rating <= 0)
    return 1;
  if (rating >= 100)
    return 4.5;
  return MAX (1, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6);
}
