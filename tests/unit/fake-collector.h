/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A collector for tests of the client: a libsoup server on a thread of its own, which
 * speaks docs/protocol.md and misbehaves as it is told.
 *
 * Its functions are for the test's main thread, which they wake when something came.
 */
#pragma once

#include <libsoup/soup.h>

#include "callstats-codec-private.h"

#define FAKE_APP "demo"
#define FAKE_SECRET "correct horse battery staple"

typedef struct {
  guint connection; /* 1 for the first that was upgraded */
  guint64 sequence;
} Arrival;

typedef struct _FakeCollector FakeCollector;

/* How it behaves from now on; times are of its next need. */
typedef struct {
  guint refuse;      /* HTTP status for handshakes; 0: accept */
  guint refusals;    /* so many handshakes are refused with 401 */
  guint clock_steps; /* so many handshakes find its clock an hour off, to either side by
                      * turns; what they find last stays */
  gboolean mute;     /* no welcome */
  gboolean no_acks;
  gint64 forced_stored; /* for the next welcome only; -1: the truth */
  /* Called once, after hello or, if late, after the welcome. */
  void (*misbehave) (SoupWebsocketConnection *connection, gconstpointer data);
  gconstpointer misbehave_data;
  gboolean late;
} FakeBehaviour;

/* A GTestLogFatalFunc, set for each test that makes a collector: libsoup's server
 * complains where a peer was gone before it was accepted. */
gboolean fake_collector_is_fatal (
    const char *domain, GLogLevelFlags level, const char *message, gpointer user_data);
FakeCollector *fake_collector_new (guint port);
void fake_collector_free (FakeCollector *self);
guint fake_collector_get_port (FakeCollector *self);
char *fake_collector_get_url (FakeCollector *self);
void fake_collector_behave (FakeCollector *self, const FakeBehaviour *behaviour);
/* Tokens are ES256 by this key (PEM; NULL: HS256 by FAKE_SECRET). */
void fake_collector_set_key (FakeCollector *self, const char *public_key);
/* Takes no token that it has seen any more, and closes with 4001. */
void fake_collector_revoke (FakeCollector *self);
/* Breaks the connection without a close frame. */
void fake_collector_drop (FakeCollector *self);
void fake_collector_send (FakeCollector *self, const char *text);
/* Neither reads nor writes anything until told otherwise. */
void fake_collector_stall (FakeCollector *self, gboolean stalled);
/* Acknowledges what it has. */
void fake_collector_ack (FakeCollector *self);

/* What came so far. */
guint fake_collector_n_handshakes (FakeCollector *self);
guint fake_collector_n_hellos (FakeCollector *self);
/* New tokens on open connections, if they were good. */
guint fake_collector_n_tokens (FakeCollector *self);
/* (transfer full) */
JsonObject *fake_collector_get_hello (FakeCollector *self, guint index);
guint64 fake_collector_get_stored (FakeCollector *self);
/* In frames; raw: their JSON, with each record as it stands alone. */
guint64 fake_collector_get_bytes (FakeCollector *self, guint64 *raw);
/* Of all sessions, each once, in order. (transfer container) */
GPtrArray *fake_collector_get_records (FakeCollector *self);
GArray *fake_collector_get_arrivals (FakeCollector *self);
guint fake_collector_count (FakeCollector *self, const char *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakeCollector, fake_collector_free)
