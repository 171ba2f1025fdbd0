/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pipeline with a call through callstatsloopback, for tests of what sits beside it.
 *
 * Every wait is for an event, with a deadline; a deadline that passes, and an error
 * message nobody waits for, fail the test. One thread uses a fixture.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _CallFixture CallFixture;

/* Whether what is waited for has happened; called with the fixture's lock held, so it
 * may only look at @data and at what the peek functions below tell. */
typedef gboolean (*CallFixtureCondition) (CallFixture *self, gpointer data);

/* Building */
CallFixture *call_fixture_new (void);
CallFixture *call_fixture_new_audio_video (void);
void call_fixture_free (CallFixture *self);
GstElement *call_fixture_add_stream (
    CallFixture *self, guint index, const gchar *description);
GstElement *call_fixture_add_audio (CallFixture *self, guint index);
GstElement *call_fixture_add_video (CallFixture *self, guint index);
void call_fixture_leave_unlinked (CallFixture *self, guint index);
void call_fixture_expect_error (CallFixture *self);

/* Parts: the pipeline and loopback live as long as the fixture; a webrtcbin is the
 * caller's to unref, and another one after each NULL to READY */
GstElement *call_fixture_get_pipeline (CallFixture *self);
GstElement *call_fixture_get_loopback (CallFixture *self);
GstElement *call_fixture_dup_webrtcbin (CallFixture *self, const gchar *name);

/* Running */
void call_fixture_set_state (CallFixture *self, GstState state);
void call_fixture_play (CallFixture *self);
void call_fixture_stop (CallFixture *self);
void call_fixture_send_eos (CallFixture *self);

/* Waiting; a test that waits for what the fixture does not see wakes it, from any
 * thread. wait_for_message() and wait_for_error() return what is the caller's */
void call_fixture_wait (
    CallFixture *self, const gchar *what, CallFixtureCondition condition, gpointer data);
void call_fixture_wait_connected (CallFixture *self);
void call_fixture_wait_packets (CallFixture *self, guint index, guint packets);
void call_fixture_wait_eos (CallFixture *self);
void call_fixture_wake (CallFixture *self);
GError *call_fixture_wait_error (CallFixture *self);
GstMessage *call_fixture_wait_message (CallFixture *self, const gchar *structure_name);

/* Looking; may be used in a CallFixtureCondition */
guint call_fixture_peek_sent (CallFixture *self, guint index);
guint call_fixture_peek_received (CallFixture *self, guint index);
gint call_fixture_peek_last_sent_seqnum (CallFixture *self, guint index);
gint call_fixture_peek_last_received_seqnum (CallFixture *self, guint index);
gint call_fixture_peek_payload (CallFixture *self, guint index);
gboolean call_fixture_peek_has_src (CallFixture *self, guint index);
gboolean call_fixture_peek_stream_eos (CallFixture *self, guint index);
guint call_fixture_peek_errors (CallFixture *self);

/* A deadline for what cannot be waited for, such as a state change that deadlocks:
 * aborts the process, so that a debugger shows where. */
void call_fixture_begin_deadline (guint seconds);
void call_fixture_end_deadline (void);

/* Threads of this process, once those that are ending have ended */
guint call_fixture_count_threads (guint expected);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallFixture, call_fixture_free)

G_END_DECLS
