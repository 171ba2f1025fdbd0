/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pipeline of known media, and the reports of what passes through it.
 *
 * Packets go from payloaders to depayloaders through identity elements that stand for a
 * webrtcbin's sink and source pad, so that every input is known to the frame. Counts are
 * those of probes of the test's own. One thread uses a fixture; every wait has a
 * deadline.
 */
#pragma once

#include <gst/gst.h>

#include "stats/statssource.h"

G_BEGIN_DECLS

typedef struct {
  GstElement *pipeline;
  GstElement *receiver;
  gpointer source;
  GstCallstatsRtpStream sent, received;
  GPtrArray *streams;
  GVariant *report; /* the last */
} Media;

typedef struct {
  GMutex lock;
  GCond changed;
  guint buffers; /* under lock */
  guint keys;
  guint64 bytes;
  guint pause_at;   /* buffer that waits; 0: none */
  gboolean waiting; /* it does */
  guint drop_each;  /* 0: none */
  gint64 times[512];
  GHashTable *cut; /* RTP timestamps of frames that packets were dropped of */
} Count;

/* description: with identity elements named sender and receiver */
void media_begin (
    Media *self, const char *kind, GstCallstatsDetail detail, const char *description);
void media_play (Media *self);
void media_wait_eos (Media *self);
void media_report (Media *self);
/* All of these, to the end of what is sent */
void media_run (Media *self);
void media_end (Media *self);
GstPad *media_get_pad (Media *self, const char *element, const char *name);
/* What was posted to the pipeline thread before has been done. */
void media_drain_pipeline_thread (void);

/* What the last report tells: out, in, and what sources add. */
double media_number (Media *self, const char *id, const char *member);
void media_assert_text (
    Media *self, const char *id, const char *member, const char *expected);
void media_assert_absent (Media *self, const char *id, const char *member);

#define media_assert_number(media, id, member, expected) \
  g_assert_cmpfloat (media_number (media, id, member), ==, expected)

void count_at (Count *self, Media *media, const char *element, const char *pad_name);
void count_wait_for_pause (Count *self);
void count_go_on (Count *self, guint pause_at);
void count_clear (Count *self);

G_END_DECLS
