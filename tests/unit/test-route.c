/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where a delivery connects to: which moves are followed, and how they are undone.
 */
#include <string.h>

#include "callstats-route-private.h"

#define HOME "wss://home.example/calls/"
#define AWAY "wss://away.example:8443/v1/stream"

typedef CallstatsRoute Route;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Route, callstats_route_clear)

static void
begin (Route *route, const char *home, const char *allowed, gboolean allow_plaintext)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CallstatsBackend) backend =
      callstats_backend_new (home, allow_plaintext, &error);

  g_assert_no_error (error);
  callstats_route_init (route, backend, allowed, allow_plaintext);
}

static gboolean
move (Route *route, const char *to, gint64 now)
{
  CallstatsBackend *backend = callstats_route_consider (route, to, now, NULL);

  if (backend == NULL)
    return FALSE;
  callstats_route_move (route, backend, now);
  return TRUE;
}

typedef struct {
  const char *name;
  const char *home;
  const char *allowed;
  gboolean allow_plaintext;
  const char *to;
  gboolean followed;
  const char *word; /* of the error; NULL: none */
} Request;

static const Request requests[] = {
  { "nothing-is-allowed-by-default", HOME, NULL, FALSE, AWAY, FALSE, "allowed-backends" },
  { "allowed", HOME, "wss://away.example:8443", FALSE, AWAY, TRUE, NULL },
  { "allowed-among-others", HOME, "wss://a.example, WSS://Away.Example:8443/x\twss://b",
      FALSE, AWAY, TRUE, NULL },
  { "another-port", HOME, "wss://away.example", FALSE, AWAY, FALSE, "allowed-backends" },
  { "another-host", HOME, "wss://way.example:8443", FALSE, AWAY, FALSE,
      "allowed-backends" },
  { "default-port", HOME, "wss://away.example:443", FALSE, "wss://away.example/", TRUE,
      NULL },
  { "another-path-at-home", HOME, NULL, FALSE, "wss://home.example/other/", TRUE, NULL },
  { "already-there", HOME, NULL, FALSE, "wss://HOME.example:443/calls", FALSE, NULL },
  { "in-plain-text", HOME, "ws://away.example", FALSE, "ws://away.example/", FALSE,
      "plain text" },
  { "in-plain-text-by-leave", HOME, "ws://away.example", TRUE, "ws://away.example/", TRUE,
      NULL },
  { "in-plain-text-here", "ws://127.0.0.1:1/", "ws://127.0.0.1:2", FALSE,
      "ws://127.0.0.1:2/", TRUE, NULL },
  { "another-scheme", HOME, "wss://away.example", TRUE, "ws://away.example:443/", FALSE,
      "allowed-backends" },
  { "into-a-file", HOME, "file:///tmp", TRUE, "file:///tmp/x.jsonl", FALSE, "address" },
  { "no-address", HOME, "wss://away.example", TRUE, "away.example", FALSE, "address" },
  { "empty", HOME, "wss://away.example", TRUE, "", FALSE, "address" },
};

static void
test_request (gconstpointer data)
{
  const Request *request = data;
  g_auto (Route) route = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (CallstatsBackend) to = NULL;

  begin (&route, request->home, request->allowed, request->allow_plaintext);
  to = callstats_route_consider (&route, request->to, 0, &error);
  g_assert_cmpint (to != NULL, ==, request->followed);
  g_assert_cmpint (error != NULL, ==, request->word != NULL);
  if (error != NULL)
    g_assert_nonnull (strstr (error->message, request->word));
}

static void
test_what_is_allowed_must_be_origins (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (callstats_route_check_allowed (NULL, NULL));
  g_assert_true (callstats_route_check_allowed (" ,wss://a.example,\n ws://b:1/", NULL));
  g_assert_false (callstats_route_check_allowed ("wss://a.example,b.example", &error));
  g_assert_nonnull (strstr (error->message, "allowed-backends"));
  g_assert_false (callstats_route_check_allowed ("file:///tmp/x.jsonl", NULL));
}

static void
assert_at (const Route *route, const char *origin)
{
  g_assert_cmpstr (callstats_route_get (route)->origin, ==, origin);
}

static void
test_three_failures_change_ends (void)
{
  g_auto (Route) route = { 0 };
  guint i;

  begin (&route, HOME, "wss://away.example:8443", FALSE);
  for (i = 0; i < 10; i++)
    g_assert_false (callstats_route_note_failure (&route));
  g_assert_true (move (&route, AWAY, 0));
  assert_at (&route, "wss://away.example:8443");
  g_assert_false (callstats_route_note_failure (&route));
  g_assert_false (callstats_route_note_failure (&route));
  callstats_route_note_success (&route);
  g_assert_false (callstats_route_note_failure (&route));
  g_assert_false (callstats_route_note_failure (&route));
  g_assert_true (callstats_route_note_failure (&route));
  assert_at (&route, "wss://home.example");
  for (i = 1; i < CALLSTATS_ROUTE_TRIES; i++)
    g_assert_false (callstats_route_note_failure (&route));
  g_assert_true (callstats_route_note_failure (&route));
  assert_at (&route, "wss://away.example:8443");
}

static void
test_a_return_is_for_good (void)
{
  g_auto (Route) route = { 0 };
  guint i;

  begin (&route, HOME, "wss://away.example:8443", FALSE);
  g_assert_false (callstats_route_return (&route));
  g_assert_true (move (&route, AWAY, 0));
  g_assert_true (callstats_route_return (&route));
  for (i = 0; i < 10; i++)
    g_assert_false (callstats_route_note_failure (&route));
  assert_at (&route, "wss://home.example");
}

static void
test_moves_come_to_an_end (void)
{
  g_auto (Route) route = { 0 };
  g_autoptr (GError) error = NULL;
  gint64 now = 5 * G_USEC_PER_SEC;
  guint i;

  begin (&route, HOME, "wss://away.example:8443", FALSE);
  for (i = 0; i < CALLSTATS_ROUTE_MOVES; i++)
    g_assert_true (move (&route, i % 2 == 0 ? AWAY : HOME, now++));
  g_assert_null (callstats_route_consider (&route, HOME, now, &error));
  g_assert_nonnull (strstr (error->message, "short order"));
  g_assert_true (move (&route, HOME, now + 61 * G_USEC_PER_SEC));
  assert_at (&route, "wss://home.example");
}

int
main (int argc, char **argv)
{
  gsize i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (requests); i++) {
    g_autofree char *path = g_strdup_printf ("/route/request/%s", requests[i].name);

    g_test_add_data_func (path, &requests[i], test_request);
  }
  g_test_add_func (
      "/route/what-is-allowed-must-be-origins", test_what_is_allowed_must_be_origins);
  g_test_add_func ("/route/three-failures-change-ends", test_three_failures_change_ends);
  g_test_add_func ("/route/a-return-is-for-good", test_a_return_is_for_good);
  g_test_add_func ("/route/moves-come-to-an-end", test_moves_come_to_an_end);
  return g_test_run ();
}
