/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One listener: an answer that goes on as text/event-stream. Main thread only.
 */
#pragma once

#include <libsoup/soup.h>

#include "access.h"
#include "live-feed.h"

typedef struct _LiveStream LiveStream;

typedef struct {
  GThreadPool *pool;   /* of live_stream_work() */
  GHashTable *streams; /* set of LiveStream */
} LiveStreams;

/* In the pool. */
void live_stream_work (gpointer stream, gpointer user_data);

/* Takes the feed; it is in the set from then on until its end. */
void live_stream_begin (LiveStreams *streams, SoupServerMessage *message, const char *app,
    const char *conference, LiveFeed *feed);
gboolean live_stream_is_about (
    const LiveStream *stream, const char *app, const char *conference);
/* Something may be new: reads the store as soon as it may. */
void live_stream_wake (LiveStream *stream);
/* Once a second: heartbeats, readers that take nothing or may no longer read, streams
 * that are old. */
void live_stream_tick (LiveStream *stream, const Access *access, gint64 monotonic);
/* Ends it in good order. */
void live_stream_end (LiveStream *stream);
