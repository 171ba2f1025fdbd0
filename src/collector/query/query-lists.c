/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pages of a conference's events and fabrics, of an application's users, and of its
 * records that are in no conference. Threads as in query-job.h.
 */
#include "query-job.h"
#include "query-json.h"
#include "query-params.h"
#include "query-routes.h"

#define EVENTS_DEFAULT 1000
#define EVENTS_MAX 10000
#define EVENTS_BYTES (4 * 1024 * 1024)
#define FABRICS_DEFAULT 100
#define FABRICS_MAX 1000
#define RECORDS_DEFAULT 100
#define RECORDS_MAX 1000
#define RECORDS_BYTES (4 * 1024 * 1024)
#define USERS_DEFAULT 50
#define USERS_MAX 500

/* Of all kinds of lists, each of which uses a part. */
typedef struct {
  gint64 occurrence;
  StoreEventSearch events;
  StoreOtherSearch others;
  char *type;
  char *fabric;
  char *user;
  char *name;
  char *prefix;
  char *after;
  StoreCursor cursor;
  guint limit;
} Page;

static void
page_free (gpointer data)
{
  Page *page = data;

  g_free (page->type);
  g_free (page->fabric);
  g_free (page->user);
  g_free (page->name);
  g_free (page->prefix);
  g_free (page->after);
  g_free (page);
}

static void
begin_page (QueryParams *given, char **ids, gpointer query, Page *page, QueryFunc work)
{
  QueryJob *job;

  if (given->refused) {
    page_free (page);
    return;
  }
  job = query_job_new (query, given->message, ids, page, page_free);
  if (job != NULL)
    query_job_begin (job, work, query_job_answer);
}

/* ---- Events ---- */

static void
work_events (QueryJob *job)
{
  Page *page = job->request;
  StoreEventSearch *search = &page->events;
  g_autoptr (GPtrArray) list = NULL;
  g_autofree char *next = NULL;
  gboolean more;

  search->conference = (StoreConferenceId){ job->app, job->id, page->occurrence };
  list = store_list_events (job->query->store, search, &more, &job->error);
  if (list == NULL)
    return;
  if (more && list->len > 0) {
    StoreEvent *last = list->pdata[list->len - 1];

    next = query_format_cursor (&(StoreCursor){ last->time, last->id });
  }
  job->found = TRUE;
  job->json = g_string_new (NULL);
  query_json_append_events (job->json, list, next);
}

static void
serve_events (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryParams given = { message, params, FALSE };
  Page *page = g_new0 (Page, 1);
  StoreEventSearch *search = &page->events;

  page->occurrence = query_params_id (&given, "occurrence");
  search->fabric = page->fabric = g_strdup (query_params_text (&given, "fabric"));
  search->user = page->user = g_strdup (query_params_text (&given, "user"));
  search->name = page->name = g_strdup (query_params_text (&given, "name"));
  search->from = query_params_time (&given, "from", G_MININT64);
  search->to = query_params_time (&given, "to", G_MAXINT64);
  search->limit = query_params_limit (&given, EVENTS_DEFAULT, EVENTS_MAX);
  search->max_bytes = EVENTS_BYTES;
  search->after.time = G_MININT64;
  query_params_cursor (&given, "after", &search->after);
  begin_page (&given, ids, user_data, page, work_events);
}

/* ---- Fabrics ---- */

static void
work_fabrics (QueryJob *job)
{
  Page *page = job->request;
  StoreConferenceId conference = { job->app, job->id, page->occurrence };
  g_autoptr (GPtrArray) list = store_list_fabrics (
      job->query->store, &conference, page->cursor.id, page->limit + 1, &job->error);
  g_autofree char *next = NULL;

  if (list == NULL)
    return;
  if (list->len > page->limit) {
    StoreFabric *last = list->pdata[page->limit - 1];

    next = query_format_cursor (&(StoreCursor){ 0, last->id });
    g_ptr_array_set_size (list, page->limit);
  }
  job->found = TRUE;
  job->json = g_string_new (NULL);
  query_json_append_fabrics (job->json, list, next);
}

static void
serve_fabrics (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryParams given = { message, params, FALSE };
  Page *page = g_new0 (Page, 1);

  page->occurrence = query_params_id (&given, "occurrence");
  page->limit = query_params_limit (&given, FABRICS_DEFAULT, FABRICS_MAX);
  query_params_cursor (&given, "after", &page->cursor);
  begin_page (&given, ids, user_data, page, work_fabrics);
}

/* ---- Users ---- */

static void
work_users (QueryJob *job)
{
  Page *page = job->request;
  g_autoptr (GPtrArray) list = store_list_users (job->query->store, job->app,
      page->prefix, page->after, page->limit + 1, &job->error);
  g_autofree char *next = NULL;

  if (list == NULL)
    return;
  if (list->len > page->limit) {
    next = g_strdup (((StoreUser *)list->pdata[page->limit - 1])->user);
    g_ptr_array_set_size (list, page->limit);
  }
  job->found = TRUE;
  job->json = g_string_new (NULL);
  query_json_append_users (job->json, list, next);
}

static char *
text_or_empty (QueryParams *given, const char *name)
{
  const char *text = query_params_text (given, name);

  return g_strdup (text != NULL ? text : "");
}

static void
serve_users (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryParams given = { message, params, FALSE };
  Page *page = g_new0 (Page, 1);

  page->prefix = text_or_empty (&given, "q");
  page->after = text_or_empty (&given, "after");
  page->limit = query_params_limit (&given, USERS_DEFAULT, USERS_MAX);
  begin_page (&given, ids, user_data, page, work_users);
}

/* ---- Records that are in no conference ---- */

static void
work_records (QueryJob *job)
{
  Page *page = job->request;
  gboolean more;
  g_autoptr (GPtrArray) list = store_search_others (
      job->query->store, job->app, &page->others, &more, &job->error);
  g_autofree char *next = NULL;

  if (list == NULL)
    return;
  if (more && list->len > 0) {
    StoreOther *last = list->pdata[list->len - 1];

    next = query_format_cursor (&(StoreCursor){ last->time, last->id });
  }
  job->found = TRUE;
  job->json = g_string_new (NULL);
  query_json_append_others (job->json, list, next);
}

static void
serve_records (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryParams given = { message, params, FALSE };
  Page *page = g_new0 (Page, 1);
  StoreOtherSearch *search = &page->others;

  search->type = page->type = g_strdup (query_params_text (&given, "type"));
  search->user = page->user = g_strdup (query_params_text (&given, "user"));
  search->from = query_params_time (&given, "from", G_MININT64);
  search->to = query_params_time (&given, "to", G_MAXINT64);
  search->limit = query_params_limit (&given, RECORDS_DEFAULT, RECORDS_MAX);
  search->max_bytes = RECORDS_BYTES;
  search->before = (StoreCursor){ G_MAXINT64, G_MAXINT64 };
  query_params_cursor (&given, "before", &search->before);
  begin_page (&given, ids, user_data, page, work_records);
}

void
query_lists_add_routes (Query *query, Router *router)
{
  router_add (router, "GET", "/api/v1/apps/*/conferences/*/events", ROUTE_READ, 0,
      serve_events, query);
  router_add (router, "GET", "/api/v1/apps/*/conferences/*/fabrics", ROUTE_READ, 0,
      serve_fabrics, query);
  router_add (router, "GET", "/api/v1/apps/*/users", ROUTE_READ, 0, serve_users, query);
  router_add (
      router, "GET", "/api/v1/apps/*/records", ROUTE_READ, 0, serve_records, query);
}
