/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One stream of a loopback call: RTP in at sink_N, RTP out at src_N. See
 * loopback-stream.c for the thread contract.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* How long a stream's first packet is waited for, in milliseconds */
#define LOOPBACK_STREAM_SETTLING 1000

typedef struct _LoopbackStream LoopbackStream;

/* What a stream asks of its owner; called without a lock held. */
typedef struct {
  /* Upstream's streaming thread: why these caps cannot be in the call, or NULL. */
  gchar *(*refuse) (gpointer owner, LoopbackStream *stream, const GstCaps *caps);
  /* Upstream's streaming thread: wants loopback_stream_attach() called. */
  void (*attach) (gpointer owner, LoopbackStream *stream, GstCaps *caps);
  /* Any thread: the stream became ready to be offered, got EOS, or ended. */
  void (*changed) (gpointer owner);
  /* Upstream's streaming thread: wants loopback_stream_check_eos() called on the
   * signalling thread; at once if @due, else when the last packet must be out. */
  void (*got_eos) (gpointer owner, LoopbackStream *stream, gboolean due);
} LoopbackStreamEvents;

LoopbackStream *loopback_stream_new (GstElement *element, guint index,
    GstPadTemplate *templ, const LoopbackStreamEvents *events, gpointer owner);
LoopbackStream *loopback_stream_ref (LoopbackStream *self);
void loopback_stream_unref (LoopbackStream *self);
void loopback_stream_attach (LoopbackStream *self, GstElement *caller, GstCaps *caps);
void loopback_stream_detach (LoopbackStream *self, GstElement *caller);
void loopback_stream_release (LoopbackStream *self, GstElement *caller);
void loopback_stream_reset (LoopbackStream *self);

gboolean loopback_stream_has_settled (LoopbackStream *self, gint64 now);
guint loopback_stream_get_index (LoopbackStream *self);
guint loopback_stream_get_mline (LoopbackStream *self);
GstCaps *loopback_stream_get_caps (LoopbackStream *self);
gboolean loopback_stream_has_ended (LoopbackStream *self, guint32 *seqnum);

/* sink_N: loopback-sink.c */
GstPad *loopback_stream_get_sink (LoopbackStream *self);
LoopbackStream *loopback_stream_from_sink (GstPad *sink);
gboolean loopback_stream_may_offer (LoopbackStream *self);
gboolean loopback_stream_take_offer (LoopbackStream *self);
void loopback_stream_open (LoopbackStream *self);
void loopback_stream_fail (LoopbackStream *self);

/* src_N: loopback-src.c */
LoopbackStream *loopback_stream_find (GPtrArray *streams, GstPad *callee_pad);
void loopback_stream_receive (LoopbackStream *self, GstPad *callee_pad);
void loopback_stream_remove_src (LoopbackStream *self);
void loopback_discard (GstPad *callee_pad);

/* The end: loopback-end.c */
gboolean loopback_stream_check_eos (LoopbackStream *self);
gboolean loopback_stream_leave (LoopbackStream *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LoopbackStream, loopback_stream_unref)

G_END_DECLS
