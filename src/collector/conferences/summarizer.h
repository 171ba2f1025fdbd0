/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Summaries of conferences: computed in a thread of its own once a conference has ended,
 * again when late records arrive, and, without what reports tell, each time something
 * happened in one that goes on. They are kept in the store, so a restart loses none.
 *
 * Main thread only, and so are the listeners.
 *
 * A summary is a JSON object. Times are whole milliseconds since the epoch by the clocks
 * of the clients; delays, durations, jitter and round trips are milliseconds, bit rates
 * kbit/s, losses fractions from 0 to 1, scores from 1 to 5. What is not known is null.
 *
 *   appID, confID
 *   occurrence        string: which of the calls that used this confID
 *   userCount, userIDList[]
 *   rejoinCount       how often somebody came who had left before
 *   startTime, endTime (null while it goes on), duration
 *   setupStatus       success, partial, failed; null without a fabric
 *   terminationStatus terminated, dropped, timeout, aborted or failed: the worst of its
 *                     fabrics'; null while it goes on or without a fabric
 *   fabricCount, pairedFabricCount
 *   fabricSetupTimes  {minSetupDelay, medianSetupDelay, meanSetupDelay, maxSetupDelay};
 *                     null where no fabric was set up
 *   fabricSetupErrors[]         {reason, connectionID, localID, remoteID, timestamp}
 *   fabricTerminationStatuses[] the same of each fabric that ended; reason as
 *                     terminationStatus
 *   failures          object: reason → number of setup failures
 *   terminations      object: terminationStatus → number of fabrics
 *   affectedUsers[]   {userID, reasons[]}: failed, dropped, aborted, timeout, disrupted,
 *                     oneWayMedia, lowScore
 *   disruptions       {count, total (ms)}
 *   oneWayMedia       number of streams
 *   score             distribution of the fabrics' scores, all reports
 *   feedback[]        {userID, overall, audio, video, screen, comment, timestamp}
 *   fabricSummaries[] at most SUMMARY_MAX_FABRICS
 *   truncated         whether lists were cut or reports had been removed
 *
 * A fabric:
 *
 *   connectionID, localID, remoteID
 *   pairedConnectionID the fabric at the other end of the connection, where it reports
 *   startTime, endTime, duration
 *   state             connecting, established, disrupted, held, failed, dropped,
 *                     terminated
 *   setupDelay, iceGatheringDelay, iceConnectivityDelay
 *   failureReasons[]
 *   terminationStatus terminated: ended by somebody; dropped: the connection was lost;
 *                     timeout: no sign of life; aborted: ended before it was set up;
 *                     failed: never set up. null while it goes on
 *   terminationCause  the cause that fabricTerminated names
 *   disruptions       {count, total}
 *   holdTime
 *   reportCount, gaps {count, total}: times without reports
 *   oneWayMedia[]     {ssrc, kind, direction, detectedBy: pair, inbound or event}
 *   score             distribution
 *   streamSummary[]   at most SUMMARY_MAX_STREAMS
 *
 * A stream, of one direction:
 *
 *   ssrc, kind, mid, codec, direction (inbound, outbound), startTime, endTime
 *   packets, packetsLost, bytes (null where not told)
 *   bitrate, fractionLost, jitter, roundTripTime, score, framesPerSecond: distributions
 *   freezeCount, freezeDuration
 *
 * A distribution is null where nothing was measured, else {count, min, p5, p50, p95, max,
 * mean}; percentiles are nearest-rank, see histogram.h for how exact they are.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "store.h"

#define SUMMARY_MAX_FABRICS 1000
#define SUMMARY_MAX_STREAMS 64

typedef struct _Summarizer Summarizer;

/* ended_now: the conference has just ended; told once for each end, and again where the
 * collector went down before all listeners were through. FALSE: it goes on, or a summary
 * of one that had ended has changed. A listener that writes by a task of the store does
 * so before the end is marked as told. summary: not to be changed. */
typedef void (*SummaryFunc) (const char *app, const char *conference, gboolean ended_now,
    JsonObject *summary, gpointer user_data);

Summarizer *summarizer_new (Store *store);
/* func is called until the summarizer is freed. */
void summarizer_listen (Summarizer *summarizer, SummaryFunc func, gpointer user_data);
/* Waits for what is under way; before the store is freed. */
void summarizer_free (Summarizer *summarizer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Summarizer, summarizer_free)
