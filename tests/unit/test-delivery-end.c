/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the end of a connection means.
 */
#include "callstats-delivery-end-private.h"

typedef struct {
  const char *reason; /* of a close frame */
  guint header;       /* of an HTTP answer */
  guint wait;
} RetryAfterCase;

static const RetryAfterCase retry_after_cases[] = {
  { NULL, 0, 0 },
  { NULL, 30, 30 },
  { "", 0, 0 },
  { "retry-after=30", 0, 30 },
  { "retry-after=2; the collector is stopping", 0, 2 },
  { "retry-after=0", 0, 0 },
  { "retry-after=3600", 0, 3600 },
  { "retry-after=3601", 0, 3600 },
  { "retry-after=99999999999999999999999", 0, 3600 },
  { "retry-after=", 0, 0 },
  { "retry-after=-5", 0, 0 },
  { "retry-after= 5", 0, 0 },
  { "retry-after=soon", 0, 0 },
  { "come again, retry-after=30", 0, 0 },
};

static void
test_a_wait_is_asked_for_by_header_or_reason (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (retry_after_cases); i++) {
    const RetryAfterCase *c = &retry_after_cases[i];
    CallstatsTransportEnd end = {
      .close_code = c->reason != NULL ? 1001 : 0,
      .close_reason = c->reason,
      .retry_after = c->header,
    };

    g_test_message ("%s", c->reason);
    g_assert_cmpuint (callstats_end_retry_after (&end), ==, c->wait);
  }
}

typedef struct {
  guint http_status;
  const char *http_reason;
  guint16 close_code;
  CallstatsEndMeaning meaning;
} MeaningCase;

static const MeaningCase meaning_cases[] = {
  { 0, NULL, 0, CALLSTATS_END_RETRY },
  { 200, NULL, 0, CALLSTATS_END_RETRY },
  { 400, "missing-subprotocol", 0, CALLSTATS_END_RETRY },
  { 401, NULL, 0, CALLSTATS_END_TOKEN },
  { 401, "token-expired", 0, CALLSTATS_END_TOKEN },
  { 401, "unknown-application", 0, CALLSTATS_END_FINAL },
  { 401, "wrong-audience", 0, CALLSTATS_END_FINAL },
  { 403, NULL, 0, CALLSTATS_END_FINAL },
  { 404, NULL, 0, CALLSTATS_END_RETRY },
  { 503, NULL, 0, CALLSTATS_END_RETRY },
  { 0, NULL, 1000, CALLSTATS_END_RETRY },
  { 0, NULL, 1001, CALLSTATS_END_RETRY },
  { 0, NULL, 4000, CALLSTATS_END_RETRY },
  { 0, NULL, 4001, CALLSTATS_END_TOKEN },
  { 0, NULL, 4002, CALLSTATS_END_FINAL },
  { 0, NULL, 4003, CALLSTATS_END_RETRY },
  { 0, NULL, 4008, CALLSTATS_END_RETRY },
};

static void
test_only_refusals_are_for_good (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (meaning_cases); i++) {
    const MeaningCase *c = &meaning_cases[i];
    CallstatsTransportEnd end = {
      .http_status = c->http_status,
      .http_reason = c->http_reason,
      .close_code = c->close_code,
    };

    g_test_message ("%u %s %u", c->http_status, c->http_reason, c->close_code);
    g_assert_cmpint (callstats_end_get_meaning (&end), ==, c->meaning);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/delivery-end/a-wait-is-asked-for-by-header-or-reason",
      test_a_wait_is_asked_for_by_header_or_reason);
  g_test_add_func (
      "/delivery-end/only-refusals-are-for-good", test_only_refusals_are_for_good);
  return g_test_run ();
}
