/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which addresses of a backend are taken, and what is made of them.
 */
#include <string.h>

#include "callstats-backend-private.h"
#include "callstats-error.h"

static void
test_addresses_become_stream_and_origin (void)
{
  static const struct {
    const char *url;
    const char *stream;
    const char *origin;
    gboolean loopback;
  } rows[] = {
    { "ws://127.0.0.1:8765/", "ws://127.0.0.1:8765/v1/stream", "ws://127.0.0.1:8765",
        TRUE },
    { "ws://127.0.0.1:8765", "ws://127.0.0.1:8765/v1/stream", "ws://127.0.0.1:8765",
        TRUE },
    { "ws://127.9.9.9/", "ws://127.9.9.9/v1/stream", "ws://127.9.9.9", TRUE },
    { "ws://localhost:80/", "ws://localhost:80/v1/stream", "ws://localhost", TRUE },
    { "ws://[::1]:8765/", "ws://[::1]:8765/v1/stream", "ws://[::1]:8765", TRUE },
    { "WS://LOCALHOST/", "ws://LOCALHOST/v1/stream", "ws://localhost", TRUE },
    { "wss://example.org", "wss://example.org/v1/stream", "wss://example.org", FALSE },
    { "wss://Example.ORG:443/", "wss://Example.ORG:443/v1/stream", "wss://example.org",
        FALSE },
    { "wss://example.org:80/", "wss://example.org:80/v1/stream", "wss://example.org:80",
        FALSE },
    { "wss://[2001:DB8::1]:8443", "wss://[2001:DB8::1]:8443/v1/stream",
        "wss://[2001:db8::1]:8443", FALSE },
    { "wss://example.org/calls", "wss://example.org/calls/v1/stream", "wss://example.org",
        FALSE },
    { "wss://example.org/calls/", "wss://example.org/calls/v1/stream",
        "wss://example.org", FALSE },
    { "wss://example.org/a/b//", "wss://example.org/a/b/v1/stream", "wss://example.org",
        FALSE },
    { "wss://example.org//", "wss://example.org/v1/stream", "wss://example.org", FALSE },
    { "wss://example.org/v1/stream", "wss://example.org/v1/stream", "wss://example.org",
        FALSE },
    { "wss://example.org/v1/stream/", "wss://example.org/v1/stream", "wss://example.org",
        FALSE },
    { "wss://example.org/x/v1/stream", "wss://example.org/x/v1/stream",
        "wss://example.org", FALSE },
    { "wss://example.org/a%2Fb/", "wss://example.org/a%2Fb/v1/stream",
        "wss://example.org", FALSE },
    { "wss://alice:secret@example.org/?token=secret#secret",
        "wss://example.org/v1/stream", "wss://example.org", FALSE },
    { "wss://127.0.0.1/", "wss://127.0.0.1/v1/stream", "wss://127.0.0.1", TRUE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (CallstatsBackend) backend =
        callstats_backend_new (rows[i].url, FALSE, &error);

    g_assert_no_error (error);
    g_assert_cmpstr (backend->stream, ==, rows[i].stream);
    g_assert_cmpstr (backend->origin, ==, rows[i].origin);
    g_assert_true (backend->loopback == rows[i].loopback);
  }
}

typedef struct {
  const char *url;
  const char *told; /* what the error must say */
} Refusal;

static const Refusal refusals[] = {
  { "", "not a URL" },
  { "localhost", "not a URL" },
  { "localhost:8765", "unknown scheme" },
  { "//example.org/", "not a URL" },
  { "http://example.org/", "“http://example.org/” has an unknown scheme" },
  { "https://example.org/", "ws://" },
  /* Files: nothing is guessed. */
  { "file:", "no absolute path" },
  { "file://", "no absolute path" },
  { "file:///", "no absolute path" },
  { "file:call.jsonl", "no absolute path" },
  { "file:///tmp/calls/", "no absolute path" },
  { "file://call.jsonl", "another machine" },
  { "file://example.org/tmp/call.jsonl", "another machine" },
  { "file://alice:secret@localhost/call.jsonl", "another machine" },
  { "file:///tmp/call.jsonl?secret", "%3F" },
  { "file:///tmp/call.jsonl#secret", "%23" },
  { "file:///tmp/a%2Fb.jsonl", "%2F" },
  { "file:///tmp/a%00b.jsonl", "%00" },
  { "file:///tmp/a%zz.jsonl", "not a URL" },
  { "ws:///", "no host" },
  { "wss://", "no host" },
  { "wss:///v1/stream", "no host" },
  { "wss:example.org", "no host" },
  { "wss://:8443/", "no host" },
  { "wss://example.org:65536/", "not a URL" },
  { "wss://example.org:-1/", "not a URL" },
  { "wss://example.org:http/", "not a URL" },
  { "wss://[::1/", "not a URL" },
  { "wss://exa mple.org/", "malformed host" },
  { "wss://example.org/\377", "UTF-8" },
  /* Beyond this machine only with TLS. */
  { "ws://example.org/", "allow-plaintext" },
  { "ws://192.168.0.1:8765/", "allow-plaintext" },
  { "ws://0.0.0.0/", "allow-plaintext" },
  { "ws://[::]/", "allow-plaintext" },
  { "ws://[2001:db8::1]/", "wss://" },
  { "ws://127.0.0.1.example.org/", "allow-plaintext" },
  { "ws://localhost.example.org/", "allow-plaintext" },
  { "ws://127.0.0.1@example.org/", "allow-plaintext" },
  /* Whatever is wrong, secrets stay out of the text. */
  { "http://alice:secret@example.org/?token=secret#secret", "http://example.org/" },
  { "ws://alice:secret@example.org/?token=secret#secret", "ws://example.org/" },
  { "ws://secret@example.org/", "ws://example.org/" },
  { "wss:alice:secret@example.org/", "no host" },
  { "wss:/alice:secret@example.org/", "no host" },
  { "wss:///alice:secret@example.org/", "no host" },
  { "alice:secret@example.org", "unknown scheme" },
  { "secret@example.org", "not a URL" },
  { "wss://alice:secret@example.org:x/", "not a URL" },
  { "wss://alice:sec ret:secret@[/?secret", "not a URL" },
  { "example.org?token=secret", "not a URL" },
  { "wss://example.org:99999/?token=secret", "not a URL" },
};

static void
test_what_is_refused_is_told_without_secrets (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (refusals); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (CallstatsBackend) backend =
        callstats_backend_new (refusals[i].url, FALSE, &error);

    if (backend != NULL)
      g_error ("%s was taken", refusals[i].url);
    g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT);
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
    if (strstr (error->message, refusals[i].told) == NULL)
      g_error ("%s: “%s” does not say “%s”", refusals[i].url, error->message,
          refusals[i].told);
    g_assert_null (strstr (error->message, "secret"));
    g_assert_null (strstr (error->message, "alice"));
  }
}

static void
test_plaintext_goes_anywhere_when_allowed (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CallstatsBackend) backend =
      callstats_backend_new ("ws://example.org:81/", TRUE, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (backend->origin, ==, "ws://example.org:81");
  g_assert_false (backend->loopback);
}

static void
test_files_have_a_path (void)
{
  static const struct {
    const char *url;
    const char *path;
    const char *origin;
  } rows[] = {
    { "file:///tmp/call.jsonl", "/tmp/call.jsonl", "file:///tmp/call.jsonl" },
    { "file://localhost/tmp/call.jsonl", "/tmp/call.jsonl", "file:///tmp/call.jsonl" },
    { "FILE:/tmp/call.jsonl", "/tmp/call.jsonl", "file:///tmp/call.jsonl" },
    { "file:///tmp/a%20call%3F.jsonl", "/tmp/a call?.jsonl",
        "file:///tmp/a%20call%3F.jsonl" },
    { "file:///tmp/%E2%82%AC.jsonl", "/tmp/€.jsonl", "file:///tmp/%E2%82%AC.jsonl" },
    { "file:///tmp/%FF", "/tmp/\377", "file:///tmp/%FF" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (CallstatsBackend) backend =
        callstats_backend_new (rows[i].url, FALSE, &error);

    g_assert_no_error (error);
    g_assert_cmpstr (backend->path, ==, rows[i].path);
    g_assert_cmpstr (backend->origin, ==, rows[i].origin);
    g_assert_null (callstats_backend_make_conference_url (backend, "demo", "c"));
  }
}

static void
test_a_conference_has_an_address (void)
{
  g_autoptr (CallstatsBackend) backend =
      callstats_backend_new ("wss://example.org/calls/", FALSE, NULL);
  g_autofree char *url =
      callstats_backend_make_conference_url (backend, "demo", "a/b ?é");

  g_assert_cmpstr (url, ==,
      "https://example.org/calls/api/v1/apps/demo/conferences/a%2Fb%20%3F%C3%A9");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/backend/addresses-become-stream-and-origin",
      test_addresses_become_stream_and_origin);
  g_test_add_func ("/backend/what-is-refused-is-told-without-secrets",
      test_what_is_refused_is_told_without_secrets);
  g_test_add_func ("/backend/plaintext-goes-anywhere-when-allowed",
      test_plaintext_goes_anywhere_when_allowed);
  g_test_add_func ("/backend/files-have-a-path", test_files_have_a_path);
  g_test_add_func (
      "/backend/a-conference-has-an-address", test_a_conference_has_an_address);
  return g_test_run ();
}
