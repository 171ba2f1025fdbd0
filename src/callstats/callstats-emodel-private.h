/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The E-model of ITU-T G.107, as far as packet networks need it. Pure, any thread.
 */
#pragma once

#include <glib.h>

/* Ro - Is with all defaults */
#define CALLSTATS_EMODEL_RATING 93.2

typedef struct {
  const char *mime_type;
  double ie;
  double bpl;
  double bpl_not_concealed;
  double delay; /* of a packet and the encoder's look-ahead, ms */
} CallstatsAudioCodec;

/* mime_type: nullable. Returns: that codec, or Opus. */
const CallstatsAudioCodec *callstats_audio_codec_find (const char *mime_type);
/* bitrate: what the encoder was told to make, bit/s; 0: not known. Returns: what that
 * adds to Ie. */
double callstats_audio_codec_impair (const CallstatsAudioCodec *codec, double bitrate);

/* loss: 0 to 1. Returns: Ie,eff. */
double callstats_emodel_equipment_impairment (double ie, double bpl, double loss);
/* delay: milliseconds, mouth to ear. Returns: Idd. */
double callstats_emodel_delay_impairment (double delay);
/* Returns: MOS-CQE. */
double callstats_emodel_opinion (double rating);
