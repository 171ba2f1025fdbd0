/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers of the writer. Threads as in the header.
 */
#include "store-sqlite-answers.h"

static void
session_free (SqliteSession *session)
{
  if (session->destroy != NULL)
    session->destroy (session->user_data);
  g_free (session->app);
  g_free (session->user);
  g_free (session->user_name);
  g_free (session->name);
  g_free (session);
}

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_clear_error (&answer->error);
  g_clear_pointer (&answer->changes, sqlite_changes_unref);
  g_clear_pointer (&answer->writes, g_hash_table_unref);
  g_free (answer);
}

static void
deliver_answer (Answer *answer)
{
  SqliteSession *session = answer->session;

  switch (answer->kind) {
  case ANSWER_OPENED:
    session->events->opened (session->user_data, answer->sequence);
    break;
  case ANSWER_COMMITTED:
    session->events->committed (
        session->user_data, answer->sequence, answer->bytes, answer->written);
    break;
  case ANSWER_FAILED:
    session->events->failed (session->user_data, answer->error);
    break;
  case ANSWER_CLOSED:
    session_free (session);
    break;
  case ANSWER_FLUSHED:
    answer->func (answer->user_data);
    break;
  case ANSWER_TASK:
    answer->done (answer->user_data, answer->error);
    break;
  case ANSWER_CHANGED:
    sqlite_changes_tell (answer->changes, answer->writes);
    break;
  }
}

static gboolean
deliver_answers (gpointer user_data)
{
  GPtrArray *answers = user_data;

  for (guint i = 0; i < answers->len; i++)
    deliver_answer (answers->pdata[i]);
  return G_SOURCE_REMOVE;
}

GPtrArray *
sqlite_answers_new (void)
{
  return g_ptr_array_new_with_free_func (answer_free);
}

Answer *
sqlite_answers_add (GPtrArray *answers, AnswerKind kind, SqliteSession *session)
{
  Answer *answer = g_new0 (Answer, 1);

  answer->kind = kind;
  answer->session = session;
  g_ptr_array_add (answers, answer);
  return answer;
}

void
sqlite_answers_withdraw (GPtrArray *answers, const GError *error)
{
  for (guint i = answers->len; i > 0; i--) {
    Answer *answer = answers->pdata[i - 1];

    if (answer->kind == ANSWER_OPENED)
      g_ptr_array_remove_index (answers, i - 1);
    else if (answer->kind == ANSWER_TASK && answer->error == NULL)
      answer->error = g_error_copy (error);
  }
}

void
sqlite_answers_move_closings_to_end (GPtrArray *answers)
{
  guint n = answers->len;

  for (guint i = 0, at = 0; i < n; i++) {
    Answer *answer = answers->pdata[at];

    if (answer->kind != ANSWER_CLOSED && answer->kind != ANSWER_FLUSHED) {
      at++;
      continue;
    }
    if (answer->kind == ANSWER_CLOSED)
      g_clear_pointer (&answer->session->client, sqlite_client_free);
    g_ptr_array_add (answers, g_ptr_array_steal_index (answers, at));
  }
}

void
sqlite_answers_send (GPtrArray **answers, GMainContext *context)
{
  GSource *source;

  if ((*answers)->len == 0)
    return;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (
      source, deliver_answers, *answers, (GDestroyNotify)g_ptr_array_unref);
  g_source_attach (source, context);
  g_source_unref (source);
  *answers = sqlite_answers_new ();
}
