/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What keeps the records: an interface, so that another database can stand behind it.
 *
 * Writing is asynchronous: the functions are called on the thread that opened the store,
 * and answers come on that thread's main context. Reading blocks and may be called on any
 * thread.
 */
#pragma once

#include <gio/gio.h>

#include "callstats/callstats-record-private.h"
#include "metrics-tally.h"
#include "series-table.h"

#define STORE_ERROR (store_error_quark ())

typedef enum {
  STORE_ERROR_INVALID, /* the location or what is there is not a store */
  STORE_ERROR_FAILED,  /* reading or writing went wrong */
  STORE_ERROR_INTERRUPTED,
  STORE_ERROR_DAMAGED, /* reports that are stored cannot be read */
} StoreError;

GQuark store_error_quark (void);

/* A value that nobody reported. */
#define STORE_UNKNOWN_TIME G_MININT64

typedef struct _Store Store;
typedef struct _StoreSession StoreSession;

/* ---- Writing ---- */

/* 1 to 64 characters of A-Z a-z 0-9 _ -; NULL is none. */
gboolean store_session_name_is_valid (const char *name);

typedef struct {
  /* stored: the highest sequence number that is durable, 0 for none. */
  void (*opened) (gpointer user_data, guint64 stored);
  /* All that was appended up to the sequence number is durable. bytes: of records that no
   * longer wait; written: how many of them were not stored before. */
  void (*committed) (gpointer user_data, guint64 sequence, gsize bytes, guint written);
  /* Nothing more of this session is written. */
  void (*failed) (gpointer user_data, const GError *error);
} StoreSessionEvents;

/* The records of one client in the order of their numbers, over any number of
 * connections. user_name: (nullable). user_data is released by destroy on the opener's
 * thread, after the last event. */
StoreSession *store_session_open (Store *store, const char *app, const char *user,
    const char *user_name, const char *name, const StoreSessionEvents *events,
    gpointer user_data, GDestroyNotify destroy);
/* The records come as they happen: when they came is when they were, by our clock. */
#define STORE_CLOCK_LIVE G_MAXINT64

/* Before records are appended: by how many µs the clock that times them is behind ours,
 * or STORE_CLOCK_LIVE; without it that is not known. */
void store_session_set_clock (StoreSession *session, gint64 behind);
/* Takes the records (element-type CallstatsRecord), numbered from first on. Those that
 * are stored already are skipped, whoever stored them; numbers that were left out may
 * come later. */
void store_session_append (
    StoreSession *session, guint64 first, GPtrArray *records, gsize bytes);
/* What was appended is still written. */
void store_session_close (StoreSession *session);

/* ---- Watching ---- */

typedef struct {
  char *app;
  char *conference;
} StoreChange;

/* changes: StoreChange as a set: conferences of which records became durable, by this
 * process. */
typedef void (*StoreWatchFunc) (GHashTable *changes, gpointer user_data);

/* func is called on the opener's thread, after each commit. */
void store_watch (Store *store, StoreWatchFunc func, gpointer user_data);
void store_unwatch (Store *store, StoreWatchFunc func, gpointer user_data);

/* ---- Reading; times are µs since the epoch ---- */

/* One call. The id of a conference may be used again, for another call. */
typedef struct {
  gint64 id; /* of the store, for cursors; tells the calls of one conference id apart */
  char *conference;
  gint64 start;
  gint64 last_seen;  /* by the clocks of the clients */
  gint64 last_heard; /* by the clock of this machine */
  guint participants;
  guint present; /* participants who have not left */
  guint fabrics;
  guint set_up;
  guint failed; /* fabrics that were never set up */
  guint dropped;
  guint64 reports;
  /* Of its summary: not known before that is computed. */
  gint64 ended;       /* when it was seen to have ended; unknown while it goes on */
  double setup_delay; /* the median, ms; NAN where unknown, as the next one */
  double score;       /* the lowest of its fabrics' medians */
  char *site;         /* nullable: the first that a participant told */
  gint64 sort_key;    /* of the list that it came in, for StoreCursor.time */
} StoreConference;

typedef struct {
  char *user;
  char *user_name; /* nullable */
  gint64 joined;
  gint64 left;
  char *endpoint_info; /* nullable: a JSON object's text */
} StoreParticipant;

typedef struct {
  char *fabric;
  char *user;
  char *remote_user;  /* nullable */
  char *usage;        /* nullable */
  char *state;        /* nullable */
  double setup_delay; /* ms, as the two below; NAN where unknown */
  double ice_gathering_delay;
  double ice_connectivity_delay;
  gint64 added;
  gint64 failed;
  gint64 dropped;
  gint64 terminated;
  guint64 reports;
  gint64 first_report;
  gint64 last_report;
  gint64 id; /* of the store */
  gint64 set_up;
} StoreFabric;

typedef struct {
  gint64 time;
  char *user;
  char *fabric;      /* nullable */
  char *remote_user; /* nullable: of the fabric; not in a StoreDetail */
  char *name;
  char *data; /* a JSON object's text */
  gint64 id;  /* of the store: those that are stored later have larger ones */
} StoreEvent;

typedef struct {
  StoreConference *conference;
  GPtrArray *participants; /* StoreParticipant */
  GPtrArray *fabrics;      /* StoreFabric */
  GPtrArray *events;       /* StoreEvent, oldest first */
  gboolean truncated;      /* there were more rows */
  gint64 last_event;       /* id of the one that was stored last; 0: none */
} StoreDetail;

void store_conference_free (StoreConference *conference);
void store_fabric_free (StoreFabric *fabric);
void store_event_free (StoreEvent *event);
void store_detail_free (StoreDetail *detail);

/* A place in a list ordered by time, or by another key. */
typedef struct {
  gint64 time;
  gint64 id;
} StoreCursor;

typedef enum {
  STORE_SORT_START,
  STORE_SORT_DURATION,
  STORE_SORT_PARTICIPANTS,
  STORE_SORT_FAILURES, /* and drops */
  STORE_SORT_SCORE,    /* only those that have one */
} StoreSort;

/* Which conferences, and in what order. Strings are nullable: any. */
typedef struct {
  const char *user;   /* a participant */
  const char *site;   /* of a participant */
  const char *prefix; /* of the conference's id, or of a participant's or its names */
  gint64 from, to;    /* when it began; G_MININT64, G_MAXINT64: at any time */
  const char *reason; /* a fabric was never set up for that */
  gboolean failed;    /* a fabric was never set up */
  gboolean dropped;
  double low_score; /* below that; NAN: any */
  StoreSort sort;
  gboolean ascending;
  gboolean has_cursor;
  gboolean backwards; /* those before the cursor, not those behind it */
  StoreCursor cursor;
  guint limit;
} StoreSearch;

/* Returns: (element-type StoreConference): in the list's order, also backwards. */
GPtrArray *store_search_conferences (
    Store *store, const char *app, const StoreSearch *search, GError **error);

/* What overviews need of a conference. Strings are nullable, and good until func
 * returns. */
typedef struct {
  gint64 start, duration;
  gboolean ended;
  guint participants, fabrics, set_up, failed, dropped;
  double score; /* NAN where unknown */
  const char *site;
  const char *failures; /* a JSON object's text: how many fabrics failed, by reason */
  gboolean media_known; /* the two below are, once it is summed up */
  guint disruptions;
  guint one_way;        /* streams */
  const guint8 *setups; /* STORE_SETUP_BYTES each: the delays as little-endian floats */
  guint n_setups;       /* fabrics that were set up, up to STORE_MAX_SETUPS of them */
} StoreFigures;

#define STORE_SETUP_DELAYS 3
#define STORE_SETUP_BYTES (STORE_SETUP_DELAYS * 4)
#define STORE_MAX_SETUPS 1000

/* ms; NAN where unknown */
typedef struct {
  double delay;
  double ice_gathering_delay;
  double ice_connectivity_delay;
} StoreSetup;

void store_figures_get_setup (
    const StoreFigures *figures, guint index, StoreSetup *setup);

typedef void (*StoreFiguresFunc) (const StoreFigures *figures, gpointer user_data);

/* Calls func for conferences of the search, up to its limit; moves its cursor behind
 * them. more: set to whether there may be more. */
gboolean store_read_figures (Store *store, const char *app, StoreSearch *search,
    StoreFiguresFunc func, gpointer user_data, gboolean *more, GError **error);
/* first, last: set to when the first and the last conference began;
 * STORE_UNKNOWN_TIME where there is none. */
gboolean store_find_span (
    Store *store, const char *app, gint64 *first, gint64 *last, GError **error);

/* before: (nullable). Returns: (element-type StoreConference): newest first. */
GPtrArray *store_list_conferences (Store *store, const char *app,
    const StoreCursor *before, guint limit, GError **error);
/* occurrence: StoreConference.id; 0: the latest call of that id. */
typedef struct {
  const char *app;
  const char *conference;
  gint64 occurrence;
} StoreConferenceId;

/* The latest call of that id. Returns: (nullable): NULL without an error where there is
 * no such conference. */
StoreDetail *store_read_conference (
    Store *store, const char *app, const char *conference, GError **error);
/* The call with that StoreConference.id; 0: the latest one. */
StoreDetail *store_read_occurrence (Store *store, const char *app, const char *conference,
    gint64 occurrence, GError **error);
/* The same without its events. */
StoreDetail *store_read_states (
    Store *store, const StoreConferenceId *conference, GError **error);
/* Conferences that were written to since then, by whatever process; after: 0, or the
 * sort_key of one that was told. Returns: (element-type StoreConference): in that order.
 */
GPtrArray *store_list_changed (
    Store *store, const char *app, gint64 after, guint limit, GError **error);
/* Returns: what is behind all that was written so far, -1 on error. */
gint64 store_find_last_change (Store *store, GError **error);

/* Which events. Strings are nullable: any. */
typedef struct {
  StoreConferenceId conference;
  const char *fabric;
  const char *user;
  const char *name;
  gint64 from, to;
  gboolean by_arrival; /* in the order in which they were stored, by id alone */
  StoreCursor after;
  guint limit;
  gsize max_bytes; /* about */
} StoreEventSearch;

/* more: set to whether there are more. Returns: (element-type StoreEvent) (nullable):
 * NULL without an error where there is no such conference. */
GPtrArray *store_list_events (
    Store *store, const StoreEventSearch *search, gboolean *more, GError **error);
/* A record of a type that this version does not know, or one without a conference. */
typedef struct {
  gint64 id; /* of the store */
  gint64 time;
  char *user;
  char *type;
  char *record; /* a JSON object's text */
} StoreOther;

void store_other_free (StoreOther *other);
/* Those of the participants of a call, of its time. after: StoreOther.id; max_bytes: no
 * more behind the one that reaches it; more: whether there may be. Returns: (element-type
 * StoreOther) (nullable): by id; NULL without an error where there is no such conference.
 */
GPtrArray *store_list_others (Store *store, const StoreConferenceId *conference,
    gint64 after, guint limit, gsize max_bytes, gboolean *more, GError **error);

/* Which records of that kind. Strings are nullable: any. */
typedef struct {
  const char *type;
  const char *user;
  gint64 from, to;
  StoreCursor before;
  guint limit;
  gsize max_bytes; /* about */
} StoreOtherSearch;

/* more: set to whether there are more. Returns: (element-type StoreOther): newest first.
 */
GPtrArray *store_search_others (Store *store, const char *app,
    const StoreOtherSearch *search, gboolean *more, GError **error);

/* after: StoreFabric.id. Returns: (element-type StoreFabric) (nullable): by id; NULL
 * without an error where there is no such conference. */
GPtrArray *store_list_fabrics (Store *store, const StoreConferenceId *conference,
    gint64 after, guint limit, GError **error);

typedef struct {
  StoreFabric *fabric;
  char *conference;
  gint64 occurrence;
  char *paired;      /* nullable: the fabric at the other end, as far as it reports */
  char *paired_user; /* nullable */
} StoreFabricDetail;

void store_fabric_detail_free (StoreFabricDetail *detail);
/* Returns: (nullable): NULL without an error where there is no such fabric. */
StoreFabricDetail *store_read_fabric (
    Store *store, const char *app, const char *fabric, GError **error);

typedef struct {
  char *user;
  char *user_name; /* nullable */
  guint conferences;
  gint64 last_seen;
} StoreUser;

void store_user_free (StoreUser *user);
/* Users whose ids or names begin with prefix, in names whatever the case of ASCII's
 * letters, and whose ids come behind after, in the order of their ids.
 * Returns: (element-type StoreUser) */
GPtrArray *store_list_users (Store *store, const char *app, const char *prefix,
    const char *after, guint limit, GError **error);

typedef struct {
  gint64 id;
  char *fabric;
  char *user;
  char *conference;
} StoreFabricKey;

void store_fabric_key_free (StoreFabricKey *key);

/* Returns: (nullable): NULL without an error where there is no such fabric. */
StoreFabricKey *store_find_fabric (
    Store *store, const char *app, const char *fabric, GError **error);

typedef void (*StoreReportFunc) (
    gint64 time, const char *stats, gsize length, gpointer data);

/* Calls func for the reports after the cursor and before the time `to`, oldest first,
 * until max_reports or about max_bytes are through; moves the cursor along. Returns: how
 * many, -1 on error. more: whether there are more. */
int store_read_reports (Store *store, const StoreFabricKey *fabric, StoreCursor *cursor,
    gint64 to, guint max_reports, gsize max_bytes, StoreReportFunc func, gpointer data,
    gboolean *more, GError **error);

typedef struct {
  char *app;
  guint conferences; /* that go on */
  guint participants;
  guint fabrics;
} StoreActivity;

/* Of the applications where something goes on (element-type StoreActivity). now: µs since
 * the epoch. */
GPtrArray *store_list_activity (Store *store, gint64 now, GError **error);
/* Bytes on disk. */
guint64 store_get_size (Store *store);
/* ---- Summaries of calls ---- */

/* A call whose summary lacks something, or whose end not everybody was told of. */
typedef struct {
  gint64 id; /* StoreConference.id */
  char *app;
  char *conference;
  gint64 changes; /* another number than before: more was stored since */
  gboolean over;  /* it has ended, by the rule of conference.h */
  gboolean told;  /* all listeners know of its end, if it has ended before */
} StoreStaleCall;

void store_stale_call_free (StoreStaleCall *call);
/* now: µs since the epoch. Returns: (element-type StoreStaleCall): those that are over,
 * and those that are not but had more than reports. */
GPtrArray *store_list_stale_calls (Store *store, gint64 now, guint limit, GError **error);
/* Those whose end not all listeners were told of, and that have a summary, by their ids:
 * those after that one. */
GPtrArray *store_list_untold_calls (
    Store *store, gint64 after, guint limit, GError **error);

/* All that a summary is made of but reports; of events those that matter to it. changes:
 * as above. expired: whether reports were removed from it already. Returns: (nullable):
 * NULL without an error where there is no such call any more. */
StoreDetail *store_read_call (
    Store *store, gint64 id, gint64 *changes, gboolean *expired, GError **error);

/* The JSON text. Returns: (nullable): NULL without an error where there is none (yet). */
char *store_read_summary (
    Store *store, const StoreConferenceId *conference, gsize *length, GError **error);

typedef struct {
  gint64 fabric; /* StoreFabric.id */
  gint64 paired; /* the same of the one at the other end; 0: none */
} StorePair;

typedef struct {
  gint64 id;      /* StoreConference.id */
  gint64 changes; /* as of what it was made of */
  gboolean over;
  gint64 now;         /* µs since the epoch */
  double setup_delay; /* NAN where unknown, as the next one */
  double score;
  guint disruptions, one_way; /* only where there is a json */
  GArray *pairs;              /* StorePair */
  char *json;                 /* nullable: what is kept already stays */
} StoreSummary;

void store_summary_free (StoreSummary *summary);

typedef enum {
  STORE_SUMMARY_OUTDATED, /* more was stored of a call that is over, or it is gone */
  STORE_SUMMARY_CURRENT,
  STORE_SUMMARY_ENDED_NOW, /* likewise, and the call ended by that */
} StoreSummaryState;

/* state: meaningless with an error. */
typedef void (*StoreSummaryWritten) (
    StoreSummaryState state, const GError *error, gpointer user_data);

/* summary: (transfer full). The opener's thread. */
void store_write_summary (
    Store *store, StoreSummary *summary, StoreSummaryWritten written, gpointer user_data);
/* All listeners know of its end. The opener's thread. */
void store_mark_told (Store *store, gint64 id);

/* Rollups have this step and multiples of it (µs). */
#define STORE_SERIES_STEP (10 * G_TIME_SPAN_SECOND)

/* Fills an empty table, by rollups as far as these fit its step, else by reports. Where
 * reports of that time have been removed, the table's step may become larger. */
gboolean store_read_series (
    Store *store, const StoreFabricKey *fabric, SeriesTable *table, GError **error);

/* ---- Deliveries to webhooks: a durable queue; the opener's thread ---- */

typedef struct {
  char *id;
  char *webhook;
  char *event;
  char *body;
  char *after;    /* nullable: it is queued only where this one was before */
  gint64 created; /* this and due: when it is tried next: given by the store */
  gint64 due;
  guint attempts;
} StoreDelivery;

void store_delivery_free (StoreDelivery *delivery);

/* added: those that were new; given_up: those that are not delivered, for want of room.
 */
typedef void (*StoreDeliveriesAdded) (
    guint added, guint given_up, const GError *error, gpointer user_data);
/* next: (nullable): the one that is due next, maybe later; not to be kept. given_up:
 * those that were too old. */
typedef void (*StoreDeliveryFound) (const StoreDelivery *next, guint waiting,
    guint given_up, const GError *error, gpointer user_data);

/* Queues deliveries of one webhook (element-type StoreDelivery). Ids that were queued
 * within the last 30 days are skipped; past max_waiting the oldest are given up. now: µs
 * since the epoch. */
void store_add_deliveries (Store *store, GPtrArray *deliveries, gint64 now,
    guint max_waiting, StoreDeliveriesAdded added, gpointer user_data);
/* Settles the delivery `settled` (nullable), which was tried: it is due again at
 * settled_due, or never where that is STORE_UNKNOWN_TIME. Gives up those created before
 * oldest. Then finds the next. */
void store_find_delivery (Store *store, const char *webhook, const char *settled,
    gint64 settled_due, gint64 oldest, StoreDeliveryFound found, gpointer user_data);

typedef void (*StoreDeliveriesGivenUp) (
    guint given_up, const GError *error, gpointer user_data);
/* Gives up what waits for webhooks that are none of these. */
void store_keep_webhooks (Store *store, const char *const *webhooks,
    StoreDeliveriesGivenUp given_up, gpointer user_data);

/* ---- Maintenance ---- */

/* total: 0 where it is not known. FALSE: it is to be interrupted. */
typedef gboolean (*StoreProgressFunc) (
    const char *what, guint64 done, guint64 total, gpointer user_data);

/* Stores all reports as it does by itself with those that are old: in less room. Waits
 * for it. progress: (nullable). */
gboolean store_compact (
    Store *store, StoreProgressFunc progress, gpointer user_data, GError **error);

/* For how many days something is kept after it was heard; 0: for ever. */
typedef struct {
  guint raw;       /* reports */
  guint summaries; /* everything of a conference; users who have none any more */
} StoreDays;

/* What is kept for how long, by application. Never changed once others know it. */
typedef struct _StoreRetention StoreRetention;

/* others: for applications that are not set. */
StoreRetention *store_retention_new (const StoreDays *others);
StoreRetention *store_retention_ref (StoreRetention *retention);
void store_retention_unref (StoreRetention *retention);
void store_retention_set (
    StoreRetention *retention, const char *app, const StoreDays *days);
const StoreDays *store_retention_get (const StoreRetention *retention, const char *app);

/* From now on the store removes what is old by itself. retention: (nullable). The
 * opener's thread. */
void store_set_retention (Store *store, StoreRetention *retention);

typedef struct {
  guint64 reports; /* those that went with their conference aside */
  guint64 conferences;
  guint64 bytes; /* given back to the disk */
} StoreRemoved;

/* Removes what is old at the time now, in slices. Waits for it. progress: (nullable). */
gboolean store_retain (Store *store, const StoreRetention *retention, gint64 now,
    StoreRemoved *removed, StoreProgressFunc progress, gpointer user_data,
    GError **error);

typedef void (*StoreFindingFunc) (const char *finding, gpointer user_data);

/* Copies the store, as it is at this moment, to the file, which is exchanged only when
 * the copy is whole and durable. Others may write meanwhile. progress: (nullable). */
gboolean store_backup (const char *location, const char *file, StoreProgressFunc progress,
    gpointer user_data, GError **error);
/* Looks whether all is whole. Others may write meanwhile. FALSE: it could not be looked
 * at, or not at all of it. progress: (nullable). */
gboolean store_check (const char *location, StoreFindingFunc found,
    StoreProgressFunc progress, gpointer user_data, GError **error);
/* Whether there is a store already. */
gboolean store_exists (const char *location, GError **error);
/* Gives all free room back to the disk. Nobody else may use the store meanwhile. */
gboolean store_vacuum (const char *location, GError **error);

/* ---- Life ---- */

/* location: such as sqlite:PATH. */
Store *store_open (const char *location, GError **error);
/* What is stored from now on is counted there; it must outlive the store. Before the
 * first session. */
void store_set_tally (Store *store, Tally *tally);
/* error: (nullable): why a write could not be made durable. */
typedef void (*StoreProbed) (gpointer user_data, const GError *error);
/* Writes what is there already, to learn whether it can. */
void store_probe (Store *store, StoreProbed func, gpointer user_data);
/* func is called once all that was appended before is durable or has failed. */
void store_flush (Store *store, GSourceFunc func, gpointer user_data);
/* Writes what was appended, then closes. */
void store_free (Store *store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Store, store_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreRetention, store_retention_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreDetail, store_detail_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreSummary, store_summary_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreFabricDetail, store_fabric_detail_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreFabricKey, store_fabric_key_free)
