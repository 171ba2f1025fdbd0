/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The codec: what one end encodes, the other decodes to the same JSON values, whatever
 * happens to the calls; and what no encoder made is refused.
 */
#include <string.h>
#include <zlib.h>

#include "callstats-codec-private.h"
#include "callstats-error.h"
#include "callstats-json-private.h"
#include "callstats-report-private.h"
#include "canonical-json.h"

#define EPOCH G_GINT64_CONSTANT (1795338387423125)

/* Both ends of a connection */

typedef struct {
  CallstatsEncoder *encoder;
  CallstatsDecoder *decoder;
  guint64 sequence; /* the last one added */
  guint64 arrived;  /* the last one decoded */
  GQueue expected;  /* canonical JSON of what is on its way */
  gsize bytes;
  guint frames, deltas, parts;
} Link;

static void
link_connect (Link *link, gboolean compress)
{
  link->encoder = callstats_encoder_new (compress);
  link->decoder = callstats_decoder_new ();
}

static void
link_disconnect (Link *link)
{
  g_clear_pointer (&link->encoder, callstats_encoder_free);
  g_clear_pointer (&link->decoder, callstats_decoder_free);
}

static void
link_clear (Link *link)
{
  link_disconnect (link);
  g_assert_cmpuint (link->expected.length, ==, 0);
}

static char *
canonical_record (const CallstatsRecord *record)
{
  g_autoptr (GString) json = g_string_new (NULL);

  callstats_record_append_json (record, json);
  return canonical_json (json->str);
}

static void
receive (Link *link, GBytes *frame)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CallstatsMessage) message = callstats_decoder_push (
      link->decoder, callstats_encoder_is_binary (link->encoder), frame, &error);
  guint i;

  g_assert_no_error (error);
  g_assert_cmpint (message->kind, ==, CALLSTATS_MESSAGE_RECORDS);
  g_assert_cmpuint (message->first, ==, link->arrived + 1);
  g_assert_cmpuint (g_bytes_get_size (frame), <=, CALLSTATS_MAX_FRAME);
  link->bytes += g_bytes_get_size (frame);
  link->frames++;
  for (i = 0; i < message->records->len; i++) {
    g_autofree char *expected = g_queue_pop_head (&link->expected);
    g_autofree char *got = canonical_record (message->records->pdata[i]);

    g_assert_cmpstr (got, ==, expected);
    link->arrived++;
  }
}

static void
flush (Link *link)
{
  g_autoptr (GBytes) frame = callstats_encoder_finish (link->encoder);

  if (frame != NULL)
    receive (link, frame);
  g_assert_cmpuint (link->arrived, ==, link->sequence);
}

static void
send_parts (Link *link, const CallstatsRecord *record)
{
  g_autoptr (GPtrArray) frames =
      callstats_encoder_parts (link->encoder, link->sequence + 1, record);
  guint i;

  g_assert_nonnull (frames);
  link->parts += frames->len;
  for (i = 0; i < frames->len; i++)
    receive (link, frames->pdata[i]);
  link->sequence++;
}

/* As a delivery does it: a record that does not fit begins the next frame, first told
 * whole, then in parts. */
static void
send_record (Link *link, const CallstatsRecord *record)
{
  guint64 sequence = link->sequence + 1;

  g_queue_push_tail (&link->expected, canonical_record (record));
  if (callstats_encoder_add (link->encoder, sequence, record)) {
    link->sequence++;
    return;
  }
  {
    g_autoptr (GBytes) frame = callstats_encoder_finish (link->encoder);
    if (frame != NULL) {
      char *last = g_queue_pop_tail (&link->expected);

      receive (link, frame);
      g_queue_push_tail (&link->expected, last);
    }
  }
  if (callstats_encoder_add (link->encoder, sequence, record) ||
      callstats_encoder_add (link->encoder, sequence, record))
    link->sequence++;
  else
    send_parts (link, record);
}

static void
send_report (Link *link, const char *conference, const char *fabric,
    const char *remote_user, CallstatsReport *report)
{
  g_autoptr (CallstatsRecord) record = callstats_record_new_report (report);

  record->conference = g_strdup (conference);
  record->fabric = g_strdup (fabric);
  record->remote_user = g_strdup (remote_user);
  send_record (link, record);
}

static void
send_event (Link *link, const char *fabric, const char *name, const char *data)
{
  g_autoptr (CallstatsRecord) record = callstats_record_new_event (name, EPOCH, data);

  record->conference = g_strdup ("c");
  record->fabric = g_strdup (fabric);
  send_record (link, record);
}

/* A call of which anything may change at any time */

#define MAX_OBJECTS 8
#define MAX_FIELDS 10

typedef enum {
  COUNTER,
  JITTER,
  NTP,
  ROUND_TRIP,
  LEVEL,
  ANY_DOUBLE,
  LARGE,
  TRUTH,
  TEXT,
  NESTED,
  TIMESTAMP,
  N_SHAPES,
} Shape;

typedef struct {
  gboolean there;
  Shape shape;
  gint64 n;
} FieldModel;

typedef struct {
  gboolean there;
  FieldModel fields[MAX_FIELDS];
} ObjectModel;

typedef struct {
  char *fabric;
  guint conference;
  gint64 time;
  ObjectModel objects[MAX_OBJECTS];
} Call;

static void
call_init (Call *call, guint number, GRand *random)
{
  guint i, j;

  memset (call, 0, sizeof *call);
  call->fabric = g_strdup_printf ("fabric-%u", number);
  call->time = EPOCH;
  for (i = 0; i < MAX_OBJECTS; i++) {
    call->objects[i].there = g_rand_boolean (random);
    for (j = 0; j < MAX_FIELDS; j++) {
      FieldModel *field = &call->objects[i].fields[j];

      field->there = g_rand_int_range (random, 0, 4) > 0;
      field->shape = g_rand_int_range (random, 0, N_SHAPES);
      field->n = g_rand_int_range (random, -1000, 1000000);
    }
  }
}

static void
call_step (Call *call, GRand *random)
{
  guint i, j;

  call->time += g_rand_int_range (random, 0, 3) > 0
                    ? g_rand_int_range (random, 900000, 1100000)
                    : g_rand_int_range (random, 0, 3);
  for (i = 0; i < MAX_OBJECTS; i++) {
    ObjectModel *object = &call->objects[i];

    if (g_rand_int_range (random, 0, 60) == 0)
      object->there = !object->there;
    for (j = 0; j < MAX_FIELDS; j++) {
      FieldModel *field = &object->fields[j];

      if (g_rand_int_range (random, 0, 80) == 0)
        field->there = !field->there;
      if (g_rand_int_range (random, 0, 150) == 0)
        field->shape = g_rand_int_range (random, 0, N_SHAPES);
      if (g_rand_boolean (random))
        field->n += g_rand_int_range (random, -50, 2000);
      if (g_rand_int_range (random, 0, 1000) == 0)
        field->n = (gint64)(((guint64)g_rand_int (random) << 32) | g_rand_int (random));
    }
  }
}

static void
set_field (
    CallstatsReport *report, const char *name, const FieldModel *field, const Call *call)
{
  static const double odd[] = { 0.1, 1.0 / 3, 1e300, -2.5e-300, 9007199254740991.0,
    9007199254740992.0, 1e15, 123456789.123456789, -0.0, 4503599627370496.5 };
  g_autofree char *text = NULL;

  switch (field->shape) {
  case COUNTER:
    callstats_report_set_int (report, name, field->n);
    break;
  case JITTER:
    callstats_report_set_double (
        report, name, (double)(field->n % 5000) / (field->n % 2 == 0 ? 90000 : 48000));
    break;
  case NTP:
    callstats_report_set_double (
        report, name, 4004316723 + (double)(field->n % 1000000) / 65536);
    break;
  case ROUND_TRIP:
    callstats_report_set_double (report, name, (double)(field->n % 70000) / 65536);
    break;
  case LEVEL:
    callstats_report_set_double (report, name, (double)(field->n % 100));
    break;
  case ANY_DOUBLE:
    callstats_report_set_double (
        report, name, odd[(guint64)field->n % G_N_ELEMENTS (odd)]);
    break;
  case LARGE:
    callstats_report_set_uint (report, name, (guint64)field->n << 20);
    break;
  case TRUTH:
    callstats_report_set_boolean (report, name, field->n & 1);
    break;
  case TEXT:
    text = g_strdup_printf ("v\303\244l\n\"%" G_GINT64_FORMAT "\"", field->n % 7);
    callstats_report_set_string (report, name, text);
    break;
  case NESTED:
    text =
        g_strdup_printf ("[{\"ssrc\":%" G_GINT64_FORMAT ",\"x\":[]},1.5]", field->n % 5);
    callstats_report_set_json (report, name, text);
    break;
  case TIMESTAMP:
  default:
    callstats_report_set_double (report, name, (double)call->time / 1000.0);
  }
}

static CallstatsReport *
call_report (const Call *call)
{
  CallstatsReport *report = callstats_report_new (call->time);
  guint i, j;

  for (i = 0; i < MAX_OBJECTS; i++) {
    g_autofree char *id = g_strdup_printf ("object_%u", i);

    if (!call->objects[i].there)
      continue;
    callstats_report_add_stats (report, i % 2 == 0 ? "inbound-rtp" : "codec", id);
    for (j = 0; j < MAX_FIELDS; j++) {
      g_autofree char *name = g_strdup_printf ("field%u", j);

      if (call->objects[i].fields[j].there)
        set_field (report, name, &call->objects[i].fields[j], call);
    }
  }
  return report;
}

static void
send_call (Link *link, Call *call)
{
  g_autoptr (CallstatsReport) report = call_report (call);
  g_autofree char *conference = g_strdup_printf ("conference-%u", call->conference);

  send_report (link, conference, call->fabric, "bob", report);
}

static void
random_step (Link *link, Call *call, GRand *random, gboolean compress)
{
  switch (g_rand_int_range (random, 0, 200)) {
  case 0:
    send_event (link, call->fabric, "fabricTerminated", NULL);
    break;
  case 1:
    callstats_encoder_request_keyframe (link->encoder);
    break;
  case 2:
    call->conference++;
    break;
  case 3:
    call->time -= 5000000; /* the wall clock was set back */
    break;
  case 4:
    call->time += 400 * G_TIME_SPAN_DAY; /* or far ahead */
    break;
  case 5:
    send_event (link, NULL, "userAlive", "{\"x\":[1,{\"y\":null}]}");
    break;
  case 6:
    flush (link);
    link_disconnect (link);
    link_connect (link, compress);
    break;
  default:
    call_step (call, random);
    send_call (link, call);
  }
  if (g_rand_int_range (random, 0, 6) == 0)
    flush (link);
}

typedef struct {
  const char *name;
  gboolean compress;
  guint calls;
  guint seed;
} Walk;

static const Walk walks[] = {
  { "text/one", FALSE, 1, 1 },
  { "text/many", FALSE, 12, 2 },
  { "binary/one", TRUE, 1, 3 },
  { "binary/many", TRUE, 12, 4 },
  { "binary/more-than-slots", TRUE, 90, 5 },
};

static void
test_any_walk_arrives_as_it_was (gconstpointer data)
{
  const Walk *walk = data;
  g_autoptr (GRand) random = g_rand_new_with_seed (walk->seed);
  g_autofree Call *calls = g_new (Call, walk->calls);
  Link link = { 0 };
  guint i;

  link_connect (&link, walk->compress);
  for (i = 0; i < walk->calls; i++)
    call_init (&calls[i], i, random);
  for (i = 0; i < 5000; i++)
    random_step (&link, &calls[g_rand_int_range (random, 0, (gint32)walk->calls)], random,
        walk->compress);
  flush (&link);
  g_test_message ("%s: %" G_GUINT64_FORMAT " records in %u frames, %" G_GSIZE_FORMAT
                  " bytes",
      walk->name, link.arrived, link.frames, link.bytes);
  g_assert_cmpuint (link.arrived, >, 4500);
  for (i = 0; i < walk->calls; i++)
    g_free (calls[i].fabric);
  link_clear (&link);
}

/* A call as it is: two streams in both directions, once a second */

typedef struct {
  const char *kind;
  guint ssrc, rate;
  gint64 packets, bytes, lost;
} Stream;

static void
report_stream (CallstatsReport *report, Stream *s, guint second, GRand *random)
{
  g_autofree char *out = g_strdup_printf ("rtp-outbound-stream-stats_%u", s->ssrc);
  g_autofree char *in = g_strdup_printf ("rtp-inbound-stream-stats_%u", s->ssrc + 1);
  g_autofree char *remote_in =
      g_strdup_printf ("rtp-remote-inbound-stream-stats_%u", s->ssrc);
  g_autofree char *remote_out =
      g_strdup_printf ("rtp-remote-outbound-stream-stats_%u", s->ssrc + 1);

  s->packets += g_rand_int_range (random, 48, 53) * (s->rate == 90000 ? 12 : 1);
  s->bytes =
      s->packets * (s->rate == 90000 ? 1150 : 57) + g_rand_int_range (random, 0, 99);
  if (second % 7 == 0)
    s->lost += g_rand_int_range (random, 0, 3);

  callstats_report_add_stats (report, "outbound-rtp", out);
  callstats_report_set_uint (report, "ssrc", s->ssrc);
  callstats_report_set_string (report, "kind", s->kind);
  callstats_report_set_string (report, "codecId", s->kind);
  callstats_report_set_string (report, "transportId", "transport-stats_0");
  callstats_report_set_string (report, "remoteId", remote_in);
  callstats_report_set_int (report, "packetsSent", s->packets);
  callstats_report_set_int (report, "bytesSent", s->bytes);
  callstats_report_set_int (report, "nackCount", s->lost);
  callstats_report_set_int (report, "pliCount", 0);
  callstats_report_set_int (report, "firCount", 0);

  callstats_report_add_stats (report, "inbound-rtp", in);
  callstats_report_set_uint (report, "ssrc", s->ssrc + 1);
  callstats_report_set_string (report, "kind", s->kind);
  callstats_report_set_string (report, "codecId", s->kind);
  callstats_report_set_string (report, "transportId", "transport-stats_0");
  callstats_report_set_string (report, "remoteId", remote_out);
  callstats_report_set_int (
      report, "packetsReceived", s->packets - g_rand_int_range (random, 0, 3));
  callstats_report_set_int (
      report, "bytesReceived", s->bytes - g_rand_int_range (random, 0, 2000));
  callstats_report_set_int (report, "packetsLost", s->lost);
  callstats_report_set_int (report, "packetsDiscarded", 0);
  callstats_report_set_int (report, "packetsRepaired", 0);
  callstats_report_set_double (
      report, "jitter", g_rand_int_range (random, 20, 400) / (double)s->rate);

  callstats_report_add_stats (report, "remote-inbound-rtp", remote_in);
  callstats_report_set_uint (report, "ssrc", s->ssrc);
  callstats_report_set_string (report, "localId", out);
  callstats_report_set_int (report, "packetsLost", s->lost);
  callstats_report_set_double (report, "fractionLost", 0);
  callstats_report_set_double (
      report, "roundTripTime", g_rand_int_range (random, 60, 130) / 65536.0);

  callstats_report_add_stats (report, "remote-outbound-rtp", remote_out);
  callstats_report_set_uint (report, "ssrc", s->ssrc + 1);
  callstats_report_set_string (report, "localId", in);
  callstats_report_set_int (report, "packetsSent", s->packets - s->packets % 31);
  callstats_report_set_int (report, "bytesSent", s->bytes - s->bytes % 4711);
  callstats_report_set_double (report, "remoteTimestamp",
      (double)(EPOCH / 1000 + second * 1000 - second % 5 * 37) + 0.25);
}

static void
report_rest (CallstatsReport *report)
{
  static const char *const candidates[] = { "local", "remote" };
  guint i;

  for (i = 0; i < 2; i++) {
    g_autofree char *id =
        g_strdup_printf ("ice-candidate-%s_1_192.0.2.%u_3704%u", candidates[i], i, i);

    callstats_report_add_stats (
        report, i == 0 ? "local-candidate" : "remote-candidate", id);
    callstats_report_set_string (report, "address", "192.0.2.7");
    callstats_report_set_int (report, "port", 37049);
    callstats_report_set_string (report, "candidateType", "host");
    callstats_report_set_uint (report, "priority", 2015363839);
    callstats_report_set_string (report, "protocol", "udp");
  }
  callstats_report_add_stats (report, "transport", "transport-stats_0");
  callstats_report_set_string (report, "selectedCandidatePairId", "pair");
  callstats_report_add_stats (report, "candidate-pair", "pair");
  callstats_report_set_string (report, "state", "succeeded");
  callstats_report_set_boolean (report, "nominated", TRUE);
}

static double
measure (guint batch)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  Stream streams[] = { { "video", 2447301367, 90000, 0, 0, 0 },
    { "audio", 1590275277, 48000, 0, 0, 0 } };
  Link link = { 0 };
  guint second;
  gsize keyframe = 0;

  link_connect (&link, TRUE);
  for (second = 0; second <= 300; second++) {
    g_autoptr (CallstatsReport) report = callstats_report_new (
        EPOCH + second * G_TIME_SPAN_SECOND + g_rand_int_range (random, 0, 900));

    report_stream (report, &streams[0], second, random);
    report_stream (report, &streams[1], second, random);
    report_rest (report);
    send_report (&link, "c", "f", "bob", report);
    if (second % batch == 0)
      flush (&link);
    if (second == 0)
      keyframe = link.bytes;
  }
  g_test_message (
      "1 Hz, two streams, batches of %u: %.1f bytes a report, the first %" G_GSIZE_FORMAT,
      batch, (double)(link.bytes - keyframe) / 300, keyframe);
  link_clear (&link);
  return (double)(link.bytes - keyframe) / 300;
}

static void
test_a_call_costs_few_bytes (void)
{
  g_assert_cmpfloat (measure (1), <, 60);
  g_assert_cmpfloat (measure (5), <, 45);
}

static void
test_more_fabrics_than_slots_all_arrive (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (64);
  Link link = { 0 };
  Call calls[100];
  guint i, round;

  link_connect (&link, FALSE);
  for (i = 0; i < G_N_ELEMENTS (calls); i++)
    call_init (&calls[i], i, random);
  for (round = 0; round < 5; round++) {
    for (i = 0; i < G_N_ELEMENTS (calls); i++) {
      call_step (&calls[i], random);
      send_call (&link, &calls[i]);
    }
  }
  flush (&link);
  g_assert_cmpuint (link.arrived, ==, 500);
  for (i = 0; i < G_N_ELEMENTS (calls); i++)
    g_free (calls[i].fabric);
  link_clear (&link);
}

/* Whether the text frame that holds this sample alone tells it as a difference. */
static gboolean
goes_as_delta (Link *link, const char *fabric, gint64 time)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (time);
  g_autoptr (CallstatsRecord) record = NULL;
  g_autoptr (GBytes) frame = NULL;

  callstats_report_add_stats (report, "t", "x");
  record = callstats_record_new_report (report);
  record->fabric = g_strdup (fabric);
  flush (link);
  send_record (link, record);
  frame = callstats_encoder_finish (link->encoder);
  receive (link, frame);
  return g_strstr_len (g_bytes_get_data (frame, NULL), (gssize)g_bytes_get_size (frame),
             "\"delta\"") != NULL;
}

static void
test_the_end_of_a_fabric_frees_its_slot (void)
{
  Link link = { 0 };
  guint i;

  link_connect (&link, FALSE);
  for (i = 0; i < CALLSTATS_MAX_SLOTS; i++) {
    g_autofree char *fabric = g_strdup_printf ("f%u", i);

    g_assert_false (goes_as_delta (&link, fabric, EPOCH));
    g_assert_true (goes_as_delta (&link, fabric, EPOCH + 1));
  }
  g_assert_false (goes_as_delta (&link, "late", EPOCH));
  g_assert_false (goes_as_delta (&link, "late", EPOCH + 1));
  send_event (&link, "f7", "fabricTerminated", NULL);
  g_assert_false (goes_as_delta (&link, "late", EPOCH + 2));
  g_assert_true (goes_as_delta (&link, "late", EPOCH + 3));
  g_assert_true (goes_as_delta (&link, "f8", EPOCH + 3));
  link_clear (&link);
}

static void
test_a_keyframe_request_sends_the_next_sample_whole (void)
{
  Link link = { 0 };

  link_connect (&link, FALSE);
  g_assert_false (goes_as_delta (&link, "f", EPOCH));
  g_assert_true (goes_as_delta (&link, "f", EPOCH + 1));
  callstats_encoder_request_keyframe (link.encoder);
  g_assert_false (goes_as_delta (&link, "f", EPOCH + 2));
  g_assert_true (goes_as_delta (&link, "f", EPOCH + 3));
  link_clear (&link);
}

static void
send_bulk (Link *link, const char *fabric, guint n, gsize size, gint64 time)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (time);
  g_autofree char *filler = g_strnfill (size, 'a' + (char)(time % 26));
  guint i;

  for (i = 0; i < n; i++) {
    g_autofree char *id = g_strdup_printf ("%s-%u", fabric, i);

    callstats_report_add_stats (report, "t", id);
    callstats_report_set_string (report, "filler", filler);
  }
  send_report (link, "c", fabric, NULL, report);
}

static void
test_slots_past_their_budget_go_without (void)
{
  Link link = { 0 };
  guint i, round;

  link_connect (&link, TRUE);
  for (round = 0; round < 3; round++) {
    for (i = 0; i < 60; i++) {
      g_autofree char *fabric = g_strdup_printf ("f%u", i);

      send_bulk (&link, fabric, 10, 2000, EPOCH + round);
      flush (&link);
    }
  }
  link_clear (&link);
}

static void
test_a_slot_that_grows_past_the_budget_starts_over (void)
{
  Link link = { 0 };
  guint i;

  link_connect (&link, TRUE);
  for (i = 0; i < 60;
       i++) { /* every sample has objects of its own: dead columns gather */
    g_autoptr (CallstatsReport) report = callstats_report_new (EPOCH + i);
    g_autofree char *filler = g_strnfill (30000, 'x');
    g_autofree char *id = g_strdup_printf ("object-%u", i);

    callstats_report_add_stats (report, "t", id);
    callstats_report_set_string (report, "filler", filler);
    send_report (&link, "c", "f", NULL, report);
    flush (&link);
  }
  link_clear (&link);
}

static void
test_a_record_larger_than_a_frame_goes_in_parts (void)
{
  Link link = { 0 };
  g_autofree char *filler = g_strnfill (100000, '\\');
  g_autoptr (GString) data = g_string_new ("{\"text\":");
  guint i;

  callstats_json_append_string (data, filler);
  g_string_append (data, ",\"umlauts\":\"");
  for (i = 0; i < 50000; i++)
    g_string_append (data, "\303\244");
  g_string_append (data, "\"}");

  link_connect (&link, FALSE);
  send_event (&link, "f", "small", NULL);
  send_event (&link, "f", "large", data->str);
  send_bulk (&link, "f", 100, 3000, EPOCH);
  send_bulk (&link, "f", 100, 3000, EPOCH + 1);
  send_event (&link, "f", "small", NULL);
  flush (&link);
  g_assert_cmpuint (link.parts, >=, 3 * 6);
  g_assert_cmpuint (link.arrived, ==, 5);
  link_clear (&link);
}

static void
test_a_record_larger_than_allowed_is_not_sent (void)
{
  g_autoptr (CallstatsEncoder) encoder = callstats_encoder_new (TRUE);
  g_autofree char *filler = g_strnfill (CALLSTATS_MAX_RECORD, 'x');
  g_autofree char *data = g_strdup_printf ("{\"text\":\"%s\"}", filler);
  g_autoptr (CallstatsRecord) record = callstats_record_new_event ("x", EPOCH, data);

  g_assert_false (callstats_encoder_add (encoder, 1, record));
  g_assert_null (callstats_encoder_finish (encoder));
  g_assert_null (callstats_encoder_parts (encoder, 1, record));
}

static void
test_fields_told_twice_count_once (void)
{
  Link link = { 0 };
  guint i;

  link_connect (&link, FALSE);
  for (i = 0; i < 6; i++) {
    g_autoptr (CallstatsReport) report = callstats_report_new (EPOCH + i);

    callstats_report_add_stats (report, "t", "x");
    callstats_report_set_int (report, "n", i);
    if (i % 2 == 0)
      callstats_report_set_string (report, "n", "text");
    callstats_report_set_int (report, "n", 10 * i);
    callstats_report_set_int (report, "n", 100 * i);
    send_report (&link, "c", "f", NULL, report);
  }
  flush (&link);
  link_clear (&link);
}

static void
test_differences_stay_below_2_53 (void)
{
  static const gint64 values[] = { 0, (G_GINT64_CONSTANT (1) << 53) - 1,
    -(G_GINT64_CONSTANT (1) << 53) + 1, G_GINT64_CONSTANT (1) << 53, G_MAXINT64,
    G_MININT64, 5, -5 };
  Link link = { 0 };
  guint i, j;

  link_connect (&link, FALSE);
  for (i = 0; i < G_N_ELEMENTS (values); i++) {
    for (j = 0; j < G_N_ELEMENTS (values); j++) {
      g_autoptr (CallstatsReport) report = callstats_report_new (EPOCH + i);

      callstats_report_add_stats (report, "t", "x");
      callstats_report_set_int (report, "a", values[i]);
      callstats_report_set_int (report, "b", values[j]);
      send_report (&link, "c", "f", NULL, report);
    }
  }
  flush (&link);
  link_clear (&link);
}

static void
test_an_empty_encoder_has_no_frame (void)
{
  g_autoptr (CallstatsEncoder) encoder = callstats_encoder_new (TRUE);

  g_assert_true (callstats_encoder_is_binary (encoder));
  g_assert_null (callstats_encoder_finish (encoder));
}

static void
test_other_messages_pass_whole (void)
{
  g_autoptr (CallstatsEncoder) encoder = callstats_encoder_new (TRUE);
  g_autoptr (CallstatsDecoder) decoder = callstats_decoder_new ();
  g_autoptr (GBytes) frame =
      callstats_encoder_message (encoder, "{\"type\":\"novel\",\"x\":7}");
  g_autoptr (GError) error = NULL;
  g_autoptr (CallstatsMessage) message =
      callstats_decoder_push (decoder, TRUE, frame, &error);

  g_assert_no_error (error);
  g_assert_cmpint (message->kind, ==, CALLSTATS_MESSAGE_CONTROL);
  g_assert_cmpstr (message->type, ==, "novel");
  g_assert_cmpint (callstats_json_get_int (message->object, "x", 0), ==, 7);
}

/* What no encoder makes */

static int
push_text (CallstatsDecoder *decoder, const char *text)
{
  g_autoptr (GBytes) frame = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_autoptr (CallstatsMessage) message =
      callstats_decoder_push (decoder, FALSE, frame, &error);

  if (message != NULL) {
    g_assert_no_error (error);
    return -1;
  }
  g_assert_nonnull (error);
  g_assert_true (error->domain == CALLSTATS_ERROR);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  return error->code;
}

#define RECORDS(text) "{\"type\":\"records\",\"first\":2,\"records\":[" text "]}"
#define DELTA(text) RECORDS ("{\"type\":\"delta\",\"slot\":0,\"after\":1," text "}")
#define KEYFRAME(slot) \
  "{\"type\":\"records\",\"first\":1,\"records\":[{\"type\":\"report\",\"time\":1," \
  "\"fabric\":\"f\",\"slot\":" slot ",\"stats\":{\"x\":{\"n\":1,\"s\":\"text\"," \
  "\"big\":9007199254740991,\"d\":0.5}}}]}"

static void
test_what_no_encoder_makes_is_refused (void)
{
  static const struct {
    const char *text;
    int error;
  } rows[] = {
    { DELTA ("\"by\":[]"), -1 },
    { DELTA ("\"at\":[0,3],\"by\":[1,1],\"units\":[[3,2]],\"set\":{\"y\":{\"z\":[]}},"
             "\"gone\":[1]"),
        -1 },
    { "", CALLSTATS_ERROR_PROTOCOL },
    { "[]", CALLSTATS_ERROR_PROTOCOL },
    { "{}", CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":7}", CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":\"records\"}", CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":\"records\",\"first\":0,\"records\":[]}", CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":\"records\",\"first\":-1,\"records\":[]}", CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":\"records\",\"first\":1.5,\"records\":[]}", CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":\"records\",\"records\":[]}", CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":\"records\",\"first\":1,\"records\":{}}", CALLSTATS_ERROR_PROTOCOL },
    { RECORDS ("1"), CALLSTATS_ERROR_PROTOCOL },
    { RECORDS ("null"), CALLSTATS_ERROR_PROTOCOL },
    { RECORDS ("{}"), CALLSTATS_ERROR_PROTOCOL },
    { RECORDS ("{\"type\":\"delta\"}"), CALLSTATS_ERROR_PROTOCOL },
    { RECORDS ("{\"type\":\"delta\",\"slot\":1,\"after\":1,\"by\":[]}"),
        CALLSTATS_ERROR_PROTOCOL },
    { RECORDS ("{\"type\":\"delta\",\"slot\":-1,\"after\":1,\"by\":[]}"),
        CALLSTATS_ERROR_PROTOCOL },
    { RECORDS ("{\"type\":\"delta\",\"slot\":64,\"after\":1,\"by\":[]}"),
        CALLSTATS_ERROR_PROTOCOL },
    { RECORDS ("{\"type\":\"delta\",\"slot\":0,\"by\":[]}"), CALLSTATS_ERROR_PROTOCOL },
    { RECORDS ("{\"type\":\"delta\",\"slot\":0,\"after\":-1,\"by\":[]}"),
        CALLSTATS_ERROR_PROTOCOL },
    { RECORDS ("{\"type\":\"delta\",\"slot\":0,\"after\":9223372036854775807,\"by\":[]}"),
        CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[4],\"by\":[1]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[-1],\"by\":[1]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[4294967296],\"by\":[1]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[0.5],\"by\":[1]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[null],\"by\":[1]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[0,0,0,0,0],\"by\":[1,1,1,1,1]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[0],\"by\":[]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[0]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"by\":[1]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[0],\"by\":[1.5]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[0],\"by\":[\"1\"]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[1],\"by\":[1]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[2],\"by\":[1]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[0],\"by\":[9007199254740992]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"at\":[0],\"by\":[-9223372036854775808]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"units\":[[0,0]],\"by\":[]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"units\":[[0,-1]],\"by\":[]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"units\":[[0,1000000001]],\"by\":[]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"units\":[[9,1]],\"by\":[]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"units\":[[0]],\"by\":[]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"units\":[0],\"by\":[]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"units\":[[2,1000]],\"at\":[2],\"by\":[0]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"gone\":[4],\"by\":[]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"gone\":[\"x\"],\"by\":[]"), CALLSTATS_ERROR_PROTOCOL },
    { DELTA ("\"set\":{\"x\":1},\"by\":[]"), CALLSTATS_ERROR_PROTOCOL },
    { KEYFRAME ("64"), CALLSTATS_ERROR_PROTOCOL },
    { KEYFRAME ("-1"), CALLSTATS_ERROR_PROTOCOL },
    { KEYFRAME ("\"0\""), CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":\"part\"}", CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":\"part\",\"sequence\":0,\"index\":0,\"text\":\"\"}",
        CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":\"part\",\"sequence\":2,\"index\":1,\"text\":\"\"}",
        CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":\"part\",\"sequence\":2,\"index\":-1,\"text\":\"\"}",
        CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":\"part\",\"sequence\":2,\"index\":0,\"text\":7}",
        CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":\"part\",\"sequence\":2,\"index\":0,\"last\":true,\"text\":\"{\"}",
        CALLSTATS_ERROR_PROTOCOL },
    { "{\"type\":\"part\",\"sequence\":2,\"index\":0,\"last\":\"yes\",\"text\":\"{}\"}",
        -1 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (CallstatsDecoder) decoder = callstats_decoder_new ();
    int got;

    g_assert_cmpint (push_text (decoder, KEYFRAME ("0")), ==, -1);
    got = push_text (decoder, rows[i].text);
    if (got != rows[i].error)
      g_error ("%s gave %d, not %d", rows[i].text, got, rows[i].error);
  }
}

#define PART(sequence, index, last) \
  "{\"type\":\"part\",\"sequence\":" sequence ",\"index\":" index ",\"last\":" last \
  ",\"text\":\"" \
  "x\"}"

static void
test_parts_must_come_in_order_and_undisturbed (void)
{
  static const char *const second[] = { PART ("2", "2", "false"),
    PART ("3", "1", "false"), RECORDS (""), PART ("2", "1", "true") };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (second); i++) {
    g_autoptr (CallstatsDecoder) decoder = callstats_decoder_new ();

    g_assert_cmpint (push_text (decoder, PART ("2", "0", "false")), ==, -1);
    g_assert_cmpint (push_text (decoder, "{\"type\":\"token\"}"), ==, -1);
    g_assert_cmpint (push_text (decoder, second[i]), ==, CALLSTATS_ERROR_PROTOCOL);
  }
}

static void
test_parts_without_end_are_stopped (void)
{
  g_autoptr (CallstatsDecoder) decoder = callstats_decoder_new ();
  g_autofree char *piece = g_strnfill (60000, 'x');
  int error = -1;
  guint i;

  for (i = 0; i < 20 && error == -1; i++) {
    g_autofree char *text = g_strdup_printf (
        "{\"type\":\"part\",\"sequence\":1,\"index\":%u,\"text\":\"%s\"}", i, piece);

    error = push_text (decoder, text);
  }
  g_assert_cmpint (error, ==, CALLSTATS_ERROR_TOO_LONG);
  g_assert_cmpuint (i, ==, CALLSTATS_MAX_RECORD / 60000 + 1);
}

static void
test_frames_past_the_limit_are_refused_unread (void)
{
  g_autofree char *text = g_strnfill (CALLSTATS_MAX_FRAME + 1, ' ');
  g_autoptr (CallstatsDecoder) decoder = callstats_decoder_new ();

  g_assert_cmpint (push_text (decoder, text), ==, CALLSTATS_ERROR_TOO_LONG);
  text[CALLSTATS_MAX_FRAME] = '\0';
  memcpy (text, "{\"type\":\"x\"}", 12);
  g_assert_cmpint (push_text (decoder, text), ==, -1);
}

static GBytes *
deflate_frame (z_stream *stream, const char *text, gsize length)
{
  gsize size = deflateBound (stream, length) + 64;
  guint8 *out = g_malloc (size);

  stream->next_in = (Bytef *)text;
  stream->avail_in = (guint)length;
  stream->next_out = out;
  stream->avail_out = (guint)size;
  g_assert_cmpint (deflate (stream, Z_SYNC_FLUSH), ==, Z_OK);
  return g_bytes_new_take (out, size - stream->avail_out - 4);
}

static int
push_binary (CallstatsDecoder *decoder, GBytes *frame)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CallstatsMessage) message =
      callstats_decoder_push (decoder, TRUE, frame, &error);

  if (message == NULL) {
    g_assert_nonnull (error);
    g_assert_true (error->domain == CALLSTATS_ERROR);
    return error->code;
  }
  g_assert_no_error (error);
  return -1;
}

static void
test_a_deflate_bomb_is_stopped_at_the_limit (void)
{
  static const gsize sizes[] = { CALLSTATS_MAX_FRAME, CALLSTATS_MAX_FRAME + 1,
    60 * 1024 * 1024 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (CallstatsDecoder) decoder = callstats_decoder_new ();
    g_autofree char *text = g_strnfill (sizes[i], ' ');
    g_autoptr (GBytes) frame = NULL;
    z_stream stream = { 0 };

    memcpy (text, "{\"type\":\"x\"}", 12);
    g_assert_cmpint (
        deflateInit2 (&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
    frame = deflate_frame (&stream, text, sizes[i]);
    deflateEnd (&stream);
    g_assert_cmpuint (g_bytes_get_size (frame), <=, CALLSTATS_MAX_FRAME);
    g_assert_cmpint (push_binary (decoder, frame), ==,
        sizes[i] <= CALLSTATS_MAX_FRAME ? -1 : CALLSTATS_ERROR_TOO_LONG);
  }
}

/* Each of the tiny deltas in one frame stands for a whole sample: a bomb of its own. */
static void
test_a_client_takes_no_records_and_no_crowds (void)
{
  g_autoptr (GString) crowd = g_string_new ("{\"type\":\"novel\",\"x\":[");
  const char *texts[] = { "{\"type\":\"records\",\"first\":1,\"records\":[]}",
    "{\"type\":\"part\",\"sequence\":1,\"index\":0,\"text\":\"\"}", NULL };
  guint i;

  for (i = 0; i < CALLSTATS_MAX_CONTROL_VALUES; i++)
    g_string_append (crowd, i == 0 ? "1" : ",1");
  texts[2] = g_string_append (crowd, "]}")->str;
  for (i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (CallstatsDecoder) server = callstats_decoder_new ();
    g_autoptr (CallstatsDecoder) client = callstats_decoder_new_for_client ();
    g_autoptr (GBytes) frame = g_bytes_new_static (texts[i], strlen (texts[i]));
    g_autoptr (CallstatsMessage) message = NULL;
    g_autoptr (GError) error = NULL;

    message = callstats_decoder_push (server, FALSE, frame, &error);
    g_assert_no_error (error);
    g_assert_null (callstats_decoder_push (client, FALSE, frame, &error));
    g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL);
  }
}

static void
test_a_delta_bomb_is_stopped_at_the_limit (void)
{
  g_autoptr (CallstatsDecoder) decoder = callstats_decoder_new ();
  g_autoptr (GString) keyframe =
      g_string_new ("{\"type\":\"records\",\"first\":1,\"records\":[{\"type\":\"report\","
                    "\"time\":1,\"fabric\":\"f\",\"slot\":0,\"stats\":{\"x\":{");
  g_autoptr (GString) deltas =
      g_string_new ("{\"type\":\"records\",\"first\":2,\"records\":[");
  guint i;

  for (i = 0; i < 7000; i++)
    g_string_append_printf (keyframe, "%s\"%x\":1",
        i == 3500 ? "},\"y\":{"
        : i > 0   ? ","
                  : "",
        i);
  g_string_append (keyframe, "}}}]}");
  for (i = 0; i < 1400; i++)
    g_string_append_printf (deltas,
        "%s{\"type\":\"delta\",\"slot\":0,\"after\":0,\"by\":[]}", i > 0 ? "," : "");
  g_string_append (deltas, "]}");

  g_assert_cmpint (push_text (decoder, keyframe->str), ==, -1);
  g_assert_cmpint (push_text (decoder, deltas->str), ==, CALLSTATS_ERROR_TOO_LONG);
}

static void
test_slots_past_their_budget_are_refused (void)
{
  g_autoptr (CallstatsDecoder) decoder = callstats_decoder_new ();
  g_autofree char *filler = g_strnfill (60000, 'x');
  int error = -1;
  guint i;

  for (i = 0; i < 20 && error == -1; i++) {
    g_autofree char *text = g_strdup_printf (
        "{\"type\":\"records\",\"first\":1,\"records\":[{\"type\":\"report\",\"time\":1,"
        "\"fabric\":\"f%u\",\"slot\":%u,\"stats\":{\"x\":{\"s\":\"%s\"}}}]}",
        i, i, filler);

    error = push_text (decoder, text);
  }
  g_assert_cmpint (error, ==, CALLSTATS_ERROR_TOO_LONG);
  g_assert_cmpuint (i, ==, CALLSTATS_MAX_SLOT_BYTES / 60000 + 1);
}

static void
test_one_object_may_have_very_many_members (void)
{
  g_autoptr (CallstatsDecoder) decoder = callstats_decoder_new ();
  int error = push_text (decoder, KEYFRAME ("0"));
  guint i, j;

  for (i = 0; i < 12 && error == -1; i++) {
    g_autoptr (GString) text = g_string_new (
        "{\"type\":\"records\",\"first\":2,\"records\":[{\"type\":\"delta\",\"slot\":0,"
        "\"after\":1,\"by\":[],\"set\":{\"x\":{");

    for (j = 0; j < 4000; j++)
      g_string_append_printf (text, "%s\"%x\":1", j > 0 ? "," : "", i * 4000 + j);
    g_string_append (text, "}}}]}");
    error = push_text (decoder, text->str);
  }
  g_assert_cmpint (error, ==, CALLSTATS_ERROR_TOO_LONG); /* at the budget, and soon */
}

static void
test_times_that_run_away_are_refused (void)
{
  g_autoptr (CallstatsDecoder) decoder = callstats_decoder_new ();
  int error = push_text (decoder, KEYFRAME ("0"));
  guint i;

  for (i = 0; i < 10000 && error == -1; i++)
    error = push_text (decoder,
        RECORDS ("{\"type\":\"delta\",\"slot\":0,\"after\":31622400000000,\"by\":[]}"));
  g_assert_cmpint (error, ==, CALLSTATS_ERROR_PROTOCOL);
}

static void
test_garbage_is_an_error_and_no_crash (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (666);
  guint round, i;

  for (round = 0; round < 2000; round++) {
    g_autoptr (CallstatsDecoder) decoder = callstats_decoder_new ();
    gsize length = (gsize)g_rand_int_range (random, 0, round % 50 == 0 ? 65537 : 200);
    g_autofree guint8 *data = g_malloc (length + 1);
    g_autoptr (GBytes) frame = NULL;

    for (i = 0; i < length; i++)
      data[i] = (guint8)g_rand_int (random);
    frame = g_bytes_new (data, length);
    push_binary (decoder, frame);
    data[length] = '\0';
    if (memchr (data, 0, length) == NULL)
      g_assert_cmpint (push_text (decoder, (char *)data), >=, 0);
  }
}

/* Frames of a good encoder; text ones end in a NUL that does not belong to them. */
static GPtrArray *
make_frames (gboolean compress, GRand *random)
{
  g_autoptr (CallstatsEncoder) encoder = callstats_encoder_new (compress);
  GPtrArray *frames = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  Call call;
  guint i;

  call_init (&call, 0, random);
  for (i = 0; i < 12; i++) {
    g_autoptr (CallstatsReport) report = NULL;
    g_autoptr (CallstatsRecord) record = NULL;

    call_step (&call, random);
    report = call_report (&call);
    record = callstats_record_new_report (report);
    record->fabric = g_strdup ("f");
    g_assert_true (callstats_encoder_add (encoder, i + 1, record));
    g_ptr_array_add (frames, callstats_encoder_finish (encoder));
  }
  g_free (call.fabric);
  return frames;
}

static GBytes *
damage (GBytes *frame, GRand *random)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (frame, &length);
  g_autofree guint8 *copy = g_memdup2 (data, length);
  guint flips = (guint)g_rand_int_range (random, 1, 4);

  if (g_rand_boolean (random))
    return g_bytes_new (copy, (gsize)g_rand_int_range (random, 0, (gint32)length));
  while (flips-- > 0)
    copy[g_rand_int_range (random, 0, (gint32)length)] ^=
        (guint8)(1 << g_rand_int_range (random, 0, 8));
  return g_bytes_new (copy, length);
}

static void
test_damaged_frames_do_not_crash (gconstpointer data)
{
  gboolean compress = GPOINTER_TO_INT (data);
  g_autoptr (GRand) random = g_rand_new_with_seed (13);
  guint round, i, refused = 0;

  for (round = 0; round < 500; round++) {
    g_autoptr (GPtrArray) frames = make_frames (compress, random);
    g_autoptr (CallstatsDecoder) decoder = callstats_decoder_new ();
    guint victim = (guint)g_rand_int_range (random, 0, (gint32)frames->len);

    for (i = 0; i < frames->len; i++) {
      g_autoptr (GBytes) frame = i == victim ? damage (frames->pdata[i], random)
                                             : g_bytes_ref (frames->pdata[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (CallstatsMessage) message =
          callstats_decoder_push (decoder, compress, frame, &error);

      if (message == NULL) {
        g_assert_true (error->domain == CALLSTATS_ERROR);
        refused++;
        break;
      }
    }
  }
  g_test_message ("%u of 500 damaged connections were refused", refused);
  g_assert_cmpuint (refused, >, 200);
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (walks); i++) {
    g_autofree char *path =
        g_strconcat ("/codec/any-walk-arrives-as-it-was/", walks[i].name, NULL);

    g_test_add_data_func (path, &walks[i], test_any_walk_arrives_as_it_was);
  }
  g_test_add_func ("/codec/a-call-costs-few-bytes", test_a_call_costs_few_bytes);
  g_test_add_func ("/codec/more-fabrics-than-slots-all-arrive",
      test_more_fabrics_than_slots_all_arrive);
  g_test_add_func ("/codec/the-end-of-a-fabric-frees-its-slot",
      test_the_end_of_a_fabric_frees_its_slot);
  g_test_add_func ("/codec/a-keyframe-request-sends-the-next-sample-whole",
      test_a_keyframe_request_sends_the_next_sample_whole);
  g_test_add_func ("/codec/slots-past-their-budget-go-without",
      test_slots_past_their_budget_go_without);
  g_test_add_func ("/codec/a-slot-that-grows-past-the-budget-starts-over",
      test_a_slot_that_grows_past_the_budget_starts_over);
  g_test_add_func ("/codec/a-record-larger-than-a-frame-goes-in-parts",
      test_a_record_larger_than_a_frame_goes_in_parts);
  g_test_add_func ("/codec/a-record-larger-than-allowed-is-not-sent",
      test_a_record_larger_than_allowed_is_not_sent);
  g_test_add_func (
      "/codec/fields-told-twice-count-once", test_fields_told_twice_count_once);
  g_test_add_func (
      "/codec/differences-stay-below-2-53", test_differences_stay_below_2_53);
  g_test_add_func (
      "/codec/an-empty-encoder-has-no-frame", test_an_empty_encoder_has_no_frame);
  g_test_add_func ("/codec/other-messages-pass-whole", test_other_messages_pass_whole);
  g_test_add_func (
      "/codec/what-no-encoder-makes-is-refused", test_what_no_encoder_makes_is_refused);
  g_test_add_func ("/codec/parts-must-come-in-order-and-undisturbed",
      test_parts_must_come_in_order_and_undisturbed);
  g_test_add_func (
      "/codec/parts-without-end-are-stopped", test_parts_without_end_are_stopped);
  g_test_add_func ("/codec/frames-past-the-limit-are-refused-unread",
      test_frames_past_the_limit_are_refused_unread);
  g_test_add_func ("/codec/a-deflate-bomb-is-stopped-at-the-limit",
      test_a_deflate_bomb_is_stopped_at_the_limit);
  g_test_add_func ("/codec/a-client-takes-no-records-and-no-crowds",
      test_a_client_takes_no_records_and_no_crowds);
  g_test_add_func ("/codec/a-delta-bomb-is-stopped-at-the-limit",
      test_a_delta_bomb_is_stopped_at_the_limit);
  g_test_add_func ("/codec/slots-past-their-budget-are-refused",
      test_slots_past_their_budget_are_refused);
  g_test_add_func ("/codec/one-object-may-have-very-many-members",
      test_one_object_may_have_very_many_members);
  g_test_add_func (
      "/codec/times-that-run-away-are-refused", test_times_that_run_away_are_refused);
  g_test_add_func (
      "/codec/garbage-is-an-error-and-no-crash", test_garbage_is_an_error_and_no_crash);
  g_test_add_data_func ("/codec/damaged-frames-do-not-crash/text",
      GINT_TO_POINTER (FALSE), test_damaged_frames_do_not_crash);
  g_test_add_data_func ("/codec/damaged-frames-do-not-crash/binary",
      GINT_TO_POINTER (TRUE), test_damaged_frames_do_not_crash);
  return g_test_run ();
}
