/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A request of the query API: checked on the main thread, worked on in the pool, answered
 * on the main thread.
 */
#pragma once

#include "query.h"

struct _Query {
  Store *store;
  const Applications *applications;
  const Access *access;
  GThreadPool *pool;
};

typedef struct _QueryJob QueryJob;
typedef void (*QueryFunc) (QueryJob *job);

struct _QueryJob {
  Query *query;
  SoupServerMessage *message;
  gboolean busy;  /* in the pool, or on its way back */
  gboolean gone;  /* libsoup is through with the message */
  QueryFunc work; /* in the pool */
  QueryFunc done; /* on the main thread */
  char *app;
  char *id; /* nullable: what else the path names */
  gpointer request;
  GDestroyNotify free_request;
  /* What the work brought */
  GString *json; /* nullable: there is nothing yet of what was found */
  gboolean found;
  char *refusal; /* nullable: what is wrong with the parameters, as it turned out */
  gboolean more; /* of a stream: another chunk follows */
  GError *error;
  /* query-stream.c's */
  const char *content_type;
  QueryFunc headers;
};

/* ---- Main thread ---- */

/* ids: of the path. request: (nullable) (transfer full): what the parameters ask for.
 * Returns: (nullable): NULL where there is no such application, which was answered. */
QueryJob *query_job_new (Query *query, SoupServerMessage *message, char **ids,
    gpointer request, GDestroyNotify free_request);
/* work: what is to do in the pool; done: what then. */
void query_job_begin (QueryJob *job, QueryFunc work, QueryFunc done);
/* Once more through the pool. */
void query_job_go_on (QueryJob *job);
/* Answers with what the work brought, or with an error; frees the job. */
void query_job_answer (QueryJob *job);
