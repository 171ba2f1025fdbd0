/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way to a WebSocket's first frame: TCP, through a proxy where the environment says
 * so, TLS for wss:, and the HTTP upgrade. Redirects are not followed, since the token
 * would go with them.
 *
 * libsoup's own handshake gives the stream away only with a connection on top that reads
 * from it already; this one lets a guard in between. It reads not one byte beyond the
 * answer, and no more of that than 16 KiB. It has no time-out: whoever starts it cancels
 * it.
 *
 * One thread, the one whose main context is thread-default at the call.
 */
#pragma once

#include "callstats-transport-private.h"

/* A stream whose halves are pollable. */
typedef struct {
  GIOStream *stream;
  GSocket *socket; /* below it */
} HandshakeResult;

/* Called once: with one of the two, never from within handshake_start(). */
typedef void (*HandshakeFunc) (
    const HandshakeResult *result, const CallstatsTransportEnd *end, gpointer user_data);

void handshake_start (const CallstatsTransportOptions *options, GCancellable *cancellable,
    HandshakeFunc func, gpointer user_data);
