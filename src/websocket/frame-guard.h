/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A stream under a WebSocket connection that lets through only frames which are safe to
 * buffer: whole messages of a bounded length. libsoup 3.2 collects fragments without
 * limit and looks at the length of a frame only after it asked for memory.
 *
 * One thread: the one whose main context drives the connection. Depends on GIO alone.
 */
#pragma once

#include <gio/gio.h>

#include "frame-parser.h"

#define FRAME_TYPE_GUARD (frame_guard_get_type ())
G_DECLARE_FINAL_TYPE (FrameGuard, frame_guard, FRAME, GUARD, GIOStream)

/* Called once, from the main context that was thread-default when the frame came and
 * never from inside a read, so it may close the connection. */
typedef void (*FrameGuardFunc) (
    FrameGuard *guard, FrameViolation violation, gpointer user_data);

/* base: a stream whose two halves are pollable. */
FrameGuard *frame_guard_new (GIOStream *base, FramePeer peer, gsize max_payload);
void frame_guard_set_callback (
    FrameGuard *guard, FrameGuardFunc func, gpointer user_data);

/* A paused guard leaves what the peer sends in the kernel, so the peer has to wait. */
void frame_guard_set_paused (FrameGuard *guard, gboolean paused);
/* The reader sees the end of the stream from now on. */
void frame_guard_abort (FrameGuard *guard);
