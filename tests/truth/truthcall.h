/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A call of two webrtcbins in one pipeline, watched by callstatsmon, with the packets
 * counted where they enter and leave the webrtcbins and their RTP sessions. Only
 * 127.0.0.1 is used.
 *
 * One thread uses a call. Every wait is for an event, with a deadline that fails the
 * test.
 */
#pragma once

#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>

#include "packets.h"

G_BEGIN_DECLS

typedef enum { CALLER, CALLEE, N_ENDS } TruthEnd;

typedef struct {
  const char *kind, *mime_type;
  guint payload_type, clock_rate;
  guint channels; /* 0: no audio */
  const char *launch;
} TruthFormat;

/* Opus at 96; VP8 at 97, and at 100 and 101 for more of them */
extern const TruthFormat truth_formats[];
#define TRUTH_OPUS (&truth_formats[0])
#define TRUTH_VP8 (&truth_formats[1])
#define TRUTH_VP8_SECOND (&truth_formats[2])
#define TRUTH_VP8_THIRD (&truth_formats[3])
const TruthFormat *truth_find_format (guint payload_type);

/* What is true of one SSRC that an end sends, the other receives. */
typedef struct {
  guint32 ssrc, rtx_ssrc; /* rtx_ssrc 0: none */
  const TruthFormat *format;
  char *mid;      /* NULL: the description has none */
  char *track_id; /* NULL: the description has none */
  gboolean gone;  /* taken out of the call */
  /* The call was at rest in between. RTP sessions say BYE for a stream that rests and
   * count it anew when it goes on, with the same SSRC; the other end's may not report of
   * it any more. */
  gboolean rested;
  PacketCount sent, sent_rtx, received, received_rtx;
  RtcpCount heard_by_sender, heard_by_receiver;
} TruthStream;

/* One report of an end, and what had passed its transports by then. */
typedef struct {
  char *json;
  gint64 time; /* epoch ms, when it came */
  guint64 packets_sent, bytes_sent, packets_received, bytes_received;
} TruthReport;

typedef struct _TruthCall TruthCall;
typedef struct _TruthSource TruthSource; /* the call has it */

TruthCall *truth_call_new (GstWebRTCBundlePolicy policy);
void truth_call_free (TruthCall *call);
GstElement *truth_call_get (TruthCall *call, TruthEnd end);

/* Before they are used */
void truth_call_use_rtx (TruthCall *call);
/* Loses each twentieth packet of a stream on its way from the caller; no RTX. */
void truth_call_drop (TruthCall *call);

TruthSource *truth_call_add_source (
    TruthCall *call, TruthEnd end, const TruthFormat *format);
/* Its caps tell no SSRC. */
TruthSource *truth_call_add_source_without_ssrc (
    TruthCall *call, TruthEnd end, const TruthFormat *format);
/* The payloader takes another SSRC, as after a collision. */
void truth_call_change_ssrc (TruthCall *call, TruthSource *source);
/* Its pad is released and its transceiver is stopped. */
void truth_call_remove_source (TruthCall *call, TruthSource *source);

/* PLAYING, once all sink pads have caps. */
void truth_call_play (TruthCall *call);
/* The caller offers; again for what has changed. */
void truth_call_negotiate (TruthCall *call);

/* Until so many packets more of each stream have arrived. */
void truth_call_wait_packets (TruthCall *call, guint64 packets);
void truth_call_wait_reports (TruthCall *call, guint reports);
/* Sources give nothing until the other end's RTP sessions no longer take the streams for
 * senders; then they go on. */
void truth_call_rest (TruthCall *call);
/* No source gives a packet from now on. Waits until all that were sent have arrived or
 * are lost, both ends have heard of it in two further RTCP reports, and each end has made
 * two further reports of statistics. */
void truth_call_settle (TruthCall *call);

/* Looking. Settled, or between other packets, which go on. */

/* Returns: (transfer full): TruthStream, of what that end sends. */
GPtrArray *truth_call_get_streams (TruthCall *call, TruthEnd sender);
/* Returns: (transfer full): the last */
char *truth_call_dup_report (TruthCall *call, TruthEnd end);
/* Returns: (transfer none): TruthReport, all of them; once the call has stopped */
GPtrArray *truth_call_get_reports (TruthCall *call, TruthEnd end);
gint64 truth_call_get_start (TruthCall *call); /* epoch ms */
/* Ends the call: no report comes after that. */
void truth_call_stop (TruthCall *call);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TruthCall, truth_call_free)

G_END_DECLS
