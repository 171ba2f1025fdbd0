/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Chunk by chunk. Threads as in query-job.h.
 */
#include "query-stream.h"

#include "listener.h"
#include "reply.h"

/* A chunk of nothing would end the answer: then the next one comes at once. */
static void
send_chunk (QueryJob *job)
{
  SoupMessageBody *body = soup_server_message_get_response_body (job->message);
  gsize length = job->json->len;
  char *text = g_string_free (g_steal_pointer (&job->json), FALSE);

  if (length == 0 && job->more) {
    g_free (text);
    query_job_go_on (job);
    return;
  }
  soup_message_body_append_take (body, (guchar *)text, length);
  if (!job->more)
    soup_message_body_complete (body);
  soup_server_message_unpause (job->message);
}

/* Whoever has gone away gets no further chunk: the job ends with its message. Whoever
 * takes what is sent has as long for the next one as for all of a short answer. */
static void
on_chunk_written (SoupServerMessage *message, QueryJob *job)
{
  if (!job->more)
    return;
  listener_request_read (soup_server_message_get_remote_address (message));
  soup_server_message_pause (message);
  query_job_go_on (job);
}

/* An answer that cannot go on breaks off without the chunk that ends it: so no reader
 * takes what there is for the whole. */
static void
send_next_chunk (QueryJob *job)
{
  if (job->error != NULL) {
    listener_drop (soup_server_message_get_remote_address (job->message));
    g_string_assign (job->json, " "); /* writing that fails, and the message ends */
    job->more = TRUE;
  }
  send_chunk (job);
}

static void
send_first_chunk (QueryJob *job)
{
  if (job->error != NULL || !job->found) {
    query_job_answer (job);
    return;
  }
  job->done = send_next_chunk;
  reply_begin_stream (job->message, job->content_type);
  if (job->headers != NULL)
    job->headers (job);
  if (soup_server_message_get_method (job->message) == SOUP_METHOD_HEAD)
    job->more = FALSE;
  g_signal_connect (job->message, "wrote-chunk", G_CALLBACK (on_chunk_written), job);
  send_chunk (job);
}

void
query_job_stream (
    QueryJob *job, const char *content_type, QueryFunc work, QueryFunc headers)
{
  job->content_type = content_type;
  job->headers = headers;
  query_job_begin (job, work, send_first_chunk);
}
