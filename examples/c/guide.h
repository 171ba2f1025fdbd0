/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the eight steps of callstats' integration guide share.
 */
#pragma once

#include <callstats/callstats.h>

#define LOCAL_USER "Alice"
#define REMOTE_USER "Bob"
#define CONFERENCE "AliceAndBobAndCharlie"

/* A whole call in one bin: its webrtcbins are named caller and callee. */
#define CALL \
  "callstatsloopback name=call " \
  "videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=30/1 ! " \
  "vp8enc deadline=1 ! rtpvp8pay ! call.sink_0  call.src_0 ! fakesink " \
  "audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=97 ! call.sink_1 " \
  "call.src_1 ! fakesink "

/* The client of an application without GStreamer, with the backend of the environment:
 * CALLSTATS_BACKEND_URL, CALLSTATS_APP_ID, CALLSTATS_APP_SECRET_FILE. */
CallstatsClient *guide_make_client (void);
/* Returns once the backend has stored everything: an exit code. */
int guide_finish (CallstatsClient *client, const GError *error);
/* An exit code, too: of a call that failed. */
int guide_fail (const GError *error);
