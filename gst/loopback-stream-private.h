/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the two edges of a loopback stream share: loopback-sink.c, loopback-src.c and
 * loopback-stream.c only. Everything below `lock` is read and written with it held.
 */
#pragma once

#include "loopback-stream.h"

G_BEGIN_DECLS

struct _LoopbackStream {
  GstElement *element; /* not a reference: it owns us */
  const LoopbackStreamEvents *events;
  gpointer owner;
  guint index;
  GstPad *sink; /* not a reference: it holds one to us */

  GMutex lock;
  GstPad *send;         /* caller's request pad behind sink */
  GObject *transceiver; /* send's; knows the m-line */
  GstPad *src;          /* NULL until packets or an EOS come out */
  GstCaps *caps;
  gulong hold;       /* probe that keeps data back until negotiated */
  gint64 opened_at;  /* when data first was let go; 0 before */
  gboolean received; /* at least once */
  gboolean offered;  /* in a description that was made or is asked for */
  gboolean dropping; /* the call failed or the pad was released */
  gboolean released;
  gboolean refused; /* its caps, and said so */

  guint call; /* counts them, as the element is used again */

  gboolean eos_in, eos_out;
  gboolean eos_sent; /* eos_out, and downstream has it */
  guint32 eos_seqnum;
  guint64 packets_in, packets_out, packets_checked;
  guint16 last_in, last_out;
  gboolean pushing; /* a packet is on its way downstream */
};

typedef void (*LoopbackNotePacket) (LoopbackStream *self, guint16 seqnum);

void loopback_stream_note_in (LoopbackStream *self, guint16 seqnum);
void loopback_stream_note_out (LoopbackStream *self, guint16 seqnum);
void loopback_stream_note_data (
    LoopbackStream *self, GstPadProbeInfo *info, LoopbackNotePacket note);
gboolean loopback_stream_is_drained (LoopbackStream *self);

GstPad *loopback_sink_new (LoopbackStream *self, GstPadTemplate *templ);
void loopback_sink_hold (LoopbackStream *self);
void loopback_sink_let_go (LoopbackStream *self);
GstPad *loopback_src_dup (LoopbackStream *self);
GstPad *loopback_src_add (LoopbackStream *self, guint call, GstPad *target);
void loopback_stream_end_if_drained (LoopbackStream *self);
gboolean loopback_read_rtp_header (GstBuffer *buffer, guint16 *seqnum, guint32 *ssrc);

G_END_DECLS
