/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The signalling of a loopback call: carries offer, answer and candidates between
 * the two webrtcbins. See loopback-signalling.c for the thread contract.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _LoopbackSignalling LoopbackSignalling;

/* Called on the signalling thread, without a lock held. */
typedef struct {
  /* Negotiated and connected: data may flow; again after each negotiation. */
  void (*ready) (gpointer owner);
  /* Once, and then nothing more is negotiated. */
  void (*failed) (gpointer owner, const gchar *reason);
} LoopbackSignallingEvents;

LoopbackSignalling *loopback_signalling_start (GstElement *caller, GstElement *callee,
    const LoopbackSignallingEvents *events, gpointer owner);
LoopbackSignalling *loopback_signalling_ref (LoopbackSignalling *self);
void loopback_signalling_unref (LoopbackSignalling *self);

void loopback_signalling_negotiate (LoopbackSignalling *self);
void loopback_signalling_invoke_later (LoopbackSignalling *self, guint milliseconds,
    GSourceFunc function, gpointer data, GDestroyNotify notify);
void loopback_signalling_silence (LoopbackSignalling *self);
void loopback_signalling_stop (LoopbackSignalling *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LoopbackSignalling, loopback_signalling_unref)

G_END_DECLS
