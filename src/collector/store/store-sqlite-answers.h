/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the writer of the SQLite store has to say to the opener's thread, collected over a
 * transaction.
 *
 * The writer fills a list and gives it away; the opener's thread delivers it.
 */
#pragma once

#include "store-sqlite-changes.h"
#include "store-sqlite-private.h"

typedef struct {
  StoreSession session;
  char *app;
  char *user;
  char *user_name;
  char *name;
  const StoreSessionEvents *events;
  gpointer user_data;
  GDestroyNotify destroy;
  gint64 clock_behind; /* µs, or STORE_UNKNOWN_TIME */
  /* The writer's */
  SqliteClient *client; /* NULL before it is open and after it failed */
  gsize bytes;          /* appended in this transaction */
  gboolean touched;
} SqliteSession;

typedef enum {
  ANSWER_OPENED,
  ANSWER_COMMITTED,
  ANSWER_FAILED,
  ANSWER_CLOSED,
  ANSWER_FLUSHED,
  ANSWER_TASK,
  ANSWER_CHANGED,
} AnswerKind;

typedef struct {
  AnswerKind kind;
  SqliteSession *session;
  guint64 sequence;
  gsize bytes;
  guint written;
  GError *error;
  GSourceFunc func;
  SqliteTaskDone done;
  gpointer user_data;
  SqliteChanges *changes;
  GHashTable *writes; /* StoreChange */
} Answer;

/* Returns: (element-type Answer) */
GPtrArray *sqlite_answers_new (void);
Answer *sqlite_answers_add (GPtrArray *answers, AnswerKind kind, SqliteSession *session);
/* What a lost transaction promised is taken back; closing and flushing stay. */
void sqlite_answers_withdraw (GPtrArray *answers, const GError *error);
/* A session's last answer is that it is closed. */
void sqlite_answers_move_closings_to_end (GPtrArray *answers);
/* The list is empty afterwards. */
void sqlite_answers_send (GPtrArray **answers, GMainContext *context);
