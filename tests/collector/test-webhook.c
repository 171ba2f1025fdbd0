/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What webhooks are told, and which addresses they may have.
 */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "callstats/callstats-error.h"
#include "callstats/callstats-json-private.h"
#include "webhook-address.h"
#include "webhook-config.h"
#include "webhook-request.h"
#include "webhook-rules.h"

/* ---- Addresses ---- */

static WebhookAddressClass
classify (const char *text)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text);

  g_assert_nonnull (address);
  return webhook_address_classify (address);
}

static void
test_addresses_have_a_class (void)
{
  static const char *const public[] = { "1.1.1.1", "8.8.8.8", "172.15.255.255",
    "172.32.0.1", "100.63.255.255", "100.128.0.1", "192.167.1.1", "223.255.255.255",
    "2606:4700::1111", "2a00:1450::1", "64:ff9b::808:808", "2002:808:808::1",
    "::ffff:8.8.8.8" };
  static const char *const private[] = { "127.0.0.1", "127.255.255.254", "10.0.0.1",
    "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1", "100.64.0.1",
    "100.127.255.255", "198.18.0.1", "::1", "fe80::1", "fc00::1", "fdff::1", "fec0::1",
    "::ffff:127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::7f00:1", "2002:7f00:1::1",
    "2002:c0a8:101::" };
  static const char *const forbidden[] = { "0.0.0.0", "0.1.2.3", "169.254.169.254",
    "169.254.170.2", "168.63.129.16", "100.100.100.200", "192.0.0.192", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.2.1", "203.0.113.9",
    "::", "::7f00:1", "fd00:ec2::254", "ff02::1", "2001::1", "2001:db8::1", "100::1",
    "::ffff:169.254.169.254", "::ffff:0.0.0.0", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
    "4000::1" };

  for (gsize i = 0; i < G_N_ELEMENTS (public); i++)
    g_assert_cmpint (classify (public[i]), ==, WEBHOOK_ADDRESS_PUBLIC);
  for (gsize i = 0; i < G_N_ELEMENTS (private); i++)
    g_assert_cmpint (classify (private[i]), ==, WEBHOOK_ADDRESS_PRIVATE);
  for (gsize i = 0; i < G_N_ELEMENTS (forbidden); i++)
    g_assert_cmpint (classify (forbidden[i]), ==, WEBHOOK_ADDRESS_FORBIDDEN);
}

/* ---- Names ---- */

/* Names resolve to the addresses in them: "10.0.0.1+8.8.8.8.example". */
#define TYPE_RESOLVER (resolver_get_type ())
G_DECLARE_FINAL_TYPE (Resolver, resolver, TEST, RESOLVER, GResolver)

struct _Resolver {
  GResolver parent;
};

G_DEFINE_FINAL_TYPE (Resolver, resolver, G_TYPE_RESOLVER)

static GList *
look_up (GResolver *resolver, const char *name, GResolverNameLookupFlags flags,
    GCancellable *cancellable, GError **error)
{
  g_autofree char *list = g_strndup (name, strlen (name) - strlen (".example"));
  g_auto (GStrv) texts = g_strsplit (list, "+", -1);
  GList *addresses = NULL;
  GSocketFamily family = flags == G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY
                             ? G_SOCKET_FAMILY_IPV4
                             : G_SOCKET_FAMILY_IPV6;

  for (guint i = 0; texts[i] != NULL; i++) {
    g_autoptr (GInetAddress) address = g_inet_address_new_from_string (texts[i]);

    if (flags == G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT ||
        g_inet_address_get_family (address) == family)
      addresses = g_list_append (addresses, g_steal_pointer (&address));
  }
  if (addresses == NULL)
    g_set_error_literal (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "none");
  return addresses;
}

static GList *
look_up_any (
    GResolver *resolver, const char *name, GCancellable *cancellable, GError **error)
{
  return look_up (
      resolver, name, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, error);
}

static void
look_up_with_flags_async (GResolver *resolver, const char *name,
    GResolverNameLookupFlags flags, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, user_data);
  GError *error = NULL;
  GList *addresses = look_up (resolver, name, flags, cancellable, &error);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, addresses, NULL);
}

static void
look_up_async (GResolver *resolver, const char *name, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  look_up_with_flags_async (resolver, name, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT,
      cancellable, callback, user_data);
}

static GList *
look_up_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
resolver_class_init (ResolverClass *class)
{
  GResolverClass *resolver = G_RESOLVER_CLASS (class);

  resolver->lookup_by_name = look_up_any;
  resolver->lookup_by_name_async = look_up_async;
  resolver->lookup_by_name_finish = look_up_finish;
  resolver->lookup_by_name_with_flags = look_up;
  resolver->lookup_by_name_with_flags_async = look_up_with_flags_async;
  resolver->lookup_by_name_with_flags_finish = look_up_finish;
}

static void
resolver_init (Resolver *resolver)
{
}

typedef struct {
  GSocketAddress *address;
  GError *error;
  gboolean done;
} Answer;

static void
on_next (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->address = g_socket_address_enumerator_next_finish (
      G_SOCKET_ADDRESS_ENUMERATOR (source), result, &answer->error);
  answer->done = TRUE;
}

static GSocketAddress *
next_async (GSocketAddressEnumerator *enumerator, GError **error)
{
  Answer answer = { 0 };

  g_socket_address_enumerator_next_async (enumerator, NULL, on_next, &answer);
  while (!answer.done)
    g_main_context_iteration (NULL, TRUE);
  if (answer.error != NULL)
    g_propagate_error (error, answer.error);
  return answer.address;
}

/* Returns: the addresses that may be connected to, with spaces in between. */
static char *
enumerate (const char *host, gboolean allow_private, gboolean async, GError **error)
{
  g_autoptr (GSocketConnectable) target = webhook_target_new (host, 443, allow_private);
  g_autoptr (GSocketAddressEnumerator) addresses =
      async ? g_socket_connectable_enumerate (target)
            : g_socket_connectable_proxy_enumerate (target);
  GString *list = g_string_new (NULL);
  GSocketAddress *address;

  while ((address = async ? next_async (addresses, error)
                          : g_socket_address_enumerator_next (addresses, NULL, error)) !=
         NULL) {
    g_autofree char *text = g_inet_address_to_string (
        g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));

    g_string_append_printf (list, "%s%s", list->len > 0 ? " " : "", text);
    g_object_unref (address);
  }
  return g_string_free (list, FALSE);
}

static void
assert_targets (const char *host, gboolean allow_private, const char *expected)
{
  for (gboolean async = FALSE; async <= TRUE; async++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *list = enumerate (host, allow_private, async, &error);

    g_assert_cmpstr (list, ==, expected);
    if (*expected == '\0')
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
    else
      g_assert_no_error (error);
  }
}

static void
test_names_give_out_only_allowed_addresses (void)
{
  g_autoptr (GResolver) before = g_resolver_get_default ();
  g_autoptr (GResolver) resolver = g_object_new (TYPE_RESOLVER, NULL);

  g_resolver_set_default (resolver);
  assert_targets ("8.8.8.8.example", FALSE, "8.8.8.8");
  assert_targets ("10.0.0.1+8.8.8.8.example", FALSE, "8.8.8.8");
  assert_targets ("8.8.8.8+127.0.0.1+1.1.1.1.example", FALSE, "8.8.8.8 1.1.1.1");
  assert_targets ("10.0.0.1.example", FALSE, "");
  assert_targets ("127.0.0.1+192.168.0.1.example", FALSE, "");
  assert_targets ("::1.example", FALSE, "");
  assert_targets ("::ffff:127.0.0.1.example", FALSE, "");
  assert_targets ("169.254.169.254.example", FALSE, "");
  assert_targets ("10.0.0.1.example", TRUE, "10.0.0.1");
  assert_targets ("169.254.169.254.example", TRUE, "");
  assert_targets ("169.254.169.254+10.0.0.1.example", TRUE, "10.0.0.1");
  g_resolver_set_default (before);
}

static void
test_literal_addresses_are_checked (void)
{
  static const char *const literals[] = { "127.0.0.1", "::1", "::ffff:127.0.0.1",
    "::ffff:7f00:1", "169.254.169.254", "0.0.0.0", "::", "fe80::1%lo", "10.0.0.1",
    "224.0.0.1" };

  for (gsize i = 0; i < G_N_ELEMENTS (literals); i++)
    assert_targets (literals[i], FALSE, "");
}

/* ---- Signatures ---- */

static void
test_signature_is_of_time_and_body (void)
{
  g_autoptr (GPtrArray) secrets =
      g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_autofree char *one = NULL;
  g_autofree char *two = NULL;

  g_ptr_array_add (secrets, g_bytes_new_static ("secret", 6));
  one = webhook_sign (secrets, 1700000000, "{\"a\":1}");
  /* printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret */
  g_assert_cmpstr (
      one, ==, "v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686");
  g_ptr_array_add (secrets, g_bytes_new_static ("other", 5));
  two = webhook_sign (secrets, 1700000000, "{\"a\":1}");
  g_assert_true (g_str_has_prefix (two, one));
  g_assert_cmpint (strlen (two), ==, 2 * strlen (one) + 1);
}

/* ---- Rules ---- */

/* Two fabrics; the text stands for what the second has. */
#define SUMMARY(conference, fabric) \
  "{\"confID\":\"c1\",\"occurrence\":\"7\",\"startTime\":1000,\"endTime\":" \
  "5000," conference ",\"fabricSummaries\":[" \
  "{\"connectionID\":\"f1\",\"localID\":\"a\",\"remoteID\":\"b\",\"setupDelay\":100," \
  "\"terminationStatus\":\"terminated\",\"score\":{\"p50\":4.5}," \
  "\"streamSummary\":[{\"roundTripTime\":{\"mean\":50}},{\"roundTripTime\":null}]}," \
  "{\"connectionID\":\"f2\",\"localID\":\"b\",\"remoteID\":\"a\"" fabric "}]}"

static char *
make_body (WebhookEvent event, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) summary =
      callstats_json_parse_object (text, strlen (text), &error);

  g_assert_no_error (error);
  return webhook_body_new (event, "id", "demo", summary,
      webhook_event_get_threshold (event)->fallback, 1700000000000);
}

static void
assert_value (const char *body, double actual, double fraction)
{
  g_autoptr (JsonObject) object = callstats_json_parse_object (body, strlen (body), NULL);

  g_assert_nonnull (object);
  g_assert_cmpfloat (callstats_json_get_double (object, "actualValue", -1), ==, actual);
  g_assert_cmpfloat (
      callstats_json_get_double (object, "fractionalValue", -1), ==, fraction);
  g_assert_cmpstr (callstats_json_get_string (object, "confID", NULL), ==, "c1");
  g_assert_cmpstr (callstats_json_get_string (object, "appId", NULL), ==, "demo");
  g_assert_cmpstr (callstats_json_get_string (object, "deliveryID", NULL), ==, "id");
}

typedef struct {
  WebhookEvent event;
  const char *not_yet; /* a summary at the threshold */
  const char *past;
  double actual;
  double fraction; /* -1: none */
} RuleCase;

static const RuleCase rule_cases[] = {
  { WEBHOOK_EVENT_FAILED,
      SUMMARY ("\"setupStatus\":\"partial\"", ",\"terminationStatus\":\"failed\""),
      SUMMARY ("\"setupStatus\":\"failed\"", ",\"terminationStatus\":\"failed\""), 1,
      0.5 },
  { WEBHOOK_EVENT_PARTIALLY_FAILED,
      SUMMARY ("\"setupStatus\":\"failed\"", ",\"terminationStatus\":\"failed\""),
      SUMMARY ("\"setupStatus\":\"partial\"", ",\"terminationStatus\":\"failed\""), 1,
      0.5 },
  { WEBHOOK_EVENT_DROPPED,
      SUMMARY ("\"setupStatus\":\"success\"", ",\"terminationStatus\":\"timeout\""),
      SUMMARY ("\"setupStatus\":\"success\"", ",\"terminationStatus\":\"dropped\""), 1,
      0.5 },
  { WEBHOOK_EVENT_SETUP_DELAY,
      SUMMARY ("\"setupStatus\":\"success\"", ",\"setupDelay\":5000"),
      SUMMARY ("\"setupStatus\":\"success\"", ",\"setupDelay\":5000.5"), 5000.5, 0.5 },
  { WEBHOOK_EVENT_ROUND_TRIP,
      SUMMARY ("\"setupStatus\":\"success\"",
          ",\"streamSummary\":[{\"roundTripTime\":{\"mean\":400}}]"),
      SUMMARY ("\"setupStatus\":\"success\"",
          ",\"streamSummary\":[{\"roundTripTime\":{\"mean\":30}},"
          "{\"roundTripTime\":{\"mean\":401}}]"),
      401, 0.5 },
  { WEBHOOK_EVENT_SCORE,
      SUMMARY ("\"setupStatus\":\"success\"", ",\"score\":{\"p50\":3.1}"),
      SUMMARY ("\"setupStatus\":\"success\"", ",\"score\":{\"p50\":2.5}"), 2.5, 0.5 },
  { WEBHOOK_EVENT_CHURN, SUMMARY ("\"rejoinCount\":1", ""),
      SUMMARY ("\"rejoinCount\":2", ""), 2, -1 },
};

static void
test_thresholds_are_passed_or_not (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rule_cases); i++) {
    const RuleCase *test = &rule_cases[i];
    g_autofree char *not_yet = make_body (test->event, test->not_yet);
    g_autofree char *past = make_body (test->event, test->past);

    g_test_message ("%s", webhook_event_get_name (test->event));
    g_assert_null (not_yet);
    g_assert_nonnull (past);
    assert_value (past, test->actual, test->fraction);
    if (test->event != WEBHOOK_EVENT_CHURN && test->event != WEBHOOK_EVENT_FAILED)
      g_assert_nonnull (strstr (past, "\"fabrics\":[{\"connectionID\":\"f2\""));
  }
}

/* What is not known is no reason. */
static void
test_unknown_values_are_no_findings (void)
{
  for (int event = WEBHOOK_EVENT_FAILED; event < WEBHOOK_N_EVENTS; event++) {
    g_autofree char *empty = make_body (event, "{}");
    g_autofree char *odd = make_body (event,
        "{\"setupStatus\":null,\"fabricSummaries\":[null,3,{\"score\":7,"
        "\"streamSummary\":[null,{\"roundTripTime\":[]}],\"setupDelay\":\"x\"}]}");

    g_assert_null (empty);
    g_assert_null (odd);
  }
}

static void
test_summary_is_told_whole (void)
{
  g_autofree char *body =
      make_body (WEBHOOK_EVENT_SUMMARY, SUMMARY ("\"userCount\":2", ""));
  g_autoptr (JsonObject) object = callstats_json_parse_object (body, strlen (body), NULL);

  g_assert_cmpstr (
      callstats_json_get_string (object, "reason", NULL), ==, "conferenceSummary");
  g_assert_cmpint (callstats_json_get_int (object, "userCount", 0), ==, 2);
  g_assert_cmpint (
      json_array_get_length (callstats_json_get_array (object, "fabricSummaries")), ==,
      2);
}

static void
test_what_makes_a_summary_too_long_is_left_out (void)
{
  g_autoptr (GString) text =
      g_string_new ("{\"confID\":\"c1\",\"truncated\":false,\"fabricSummaries\":[0");
  g_autofree char *body = NULL;
  g_autoptr (JsonObject) object = NULL;

  while (text->len < 1200000)
    g_string_append (text, ",\"0123456789012345678901234567890123456789\"");
  g_string_append (text, "],\"userCount\":2}");
  body = make_body (WEBHOOK_EVENT_SUMMARY, text->str);
  g_assert_cmpuint (strlen (body), <, 1000);
  object = callstats_json_parse_object (body, strlen (body), NULL);
  g_assert_true (json_object_get_boolean_member (object, "truncated"));
  g_assert_cmpint (callstats_json_get_int (object, "userCount", 0), ==, 2);
  g_assert_false (json_object_has_member (object, "fabricSummaries"));
}

static char *
make_id (const char *webhook, const char *app, WebhookEvent event, const char *text)
{
  g_autoptr (JsonObject) summary =
      callstats_json_parse_object (text, strlen (text), NULL);

  return webhook_delivery_id (webhook, app, event, summary);
}

static void
test_ids_are_of_the_thing (void)
{
  static const char first[] = "{\"confID\":\"c\",\"occurrence\":\"1\",\"userCount\":1}";
  static const char late[] = "{\"confID\":\"c\",\"occurrence\":\"1\",\"userCount\":2}";
  static const char again[] = "{\"confID\":\"c\",\"occurrence\":\"2\",\"userCount\":1}";
  g_autofree char *id = make_id ("w", "a", WEBHOOK_EVENT_SUMMARY, first);
  g_autofree char *same = make_id ("w", "a", WEBHOOK_EVENT_SUMMARY, late);
  g_autofree char *update = make_id ("w", "a", WEBHOOK_EVENT_SUMMARY_UPDATED, first);
  g_autofree char *other_update = make_id ("w", "a", WEBHOOK_EVENT_SUMMARY_UPDATED, late);
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *other_call = make_id ("w", "a", WEBHOOK_EVENT_SUMMARY, again);
  g_autofree char *other_app = make_id ("w", "ac", WEBHOOK_EVENT_SUMMARY, first);
  g_autofree char *other_webhook = make_id ("wa", "", WEBHOOK_EVENT_SUMMARY, first);
  g_autofree char *other_event = make_id ("w", "a", WEBHOOK_EVENT_DROPPED, first);

  g_assert_cmpstr (id, ==, same);
  g_assert_true (g_hash_table_add (ids, id));
  g_assert_true (g_hash_table_add (ids, update));
  g_assert_true (g_hash_table_add (ids, other_update));
  g_assert_true (g_hash_table_add (ids, other_call));
  g_assert_true (g_hash_table_add (ids, other_app));
  g_assert_true (g_hash_table_add (ids, other_webhook));
  g_assert_true (g_hash_table_add (ids, other_event));
}

/* ---- Configuration ---- */

#define GROUP "[webhook x]\n"
#define URL "url=https://example.org/hook\n"
#define SECRET "secret-file=secret\n"

static GPtrArray *
load (const char *text, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *folder = g_dir_make_tmp ("webhooks-XXXXXX", NULL);
  g_autofree char *secret = g_build_filename (folder, "secret", NULL);
  g_autofree char *path = g_build_filename (folder, "conf", NULL);
  GPtrArray *list;

  g_assert_true (g_file_set_contents_full (
      secret, "0123456789abcdef\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  g_assert_true (g_key_file_load_from_data (file, text, -1, G_KEY_FILE_NONE, NULL));
  list = webhook_config_load (file, path, error);
  g_assert_cmpint (g_unlink (secret), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  return list;
}

static void
test_configuration_is_read (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = load (GROUP URL SECRET
      "applications=a;b\nevents=lowScore; highChurn\nlow-score=2\nretry-min=0.5\n"
      "[webhook 6]\nurl=https://[2001:db8::1]:8443/?a=b\n" SECRET,
      &error);
  const WebhookConfig *config;

  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, 2);
  config = list->pdata[0];
  g_assert_cmpstr (config->host, ==, "example.org");
  g_assert_cmpint (config->port, ==, 443);
  g_assert_true (webhook_config_wants_app (config, "b"));
  g_assert_false (webhook_config_wants_app (config, "c"));
  g_assert_true (config->events[WEBHOOK_EVENT_SCORE]);
  g_assert_false (config->events[WEBHOOK_EVENT_SUMMARY]);
  g_assert_cmpfloat (config->thresholds[WEBHOOK_EVENT_SCORE], ==, 2);
  g_assert_cmpint (config->retry_min, ==, G_USEC_PER_SEC / 2);
  config = list->pdata[1];
  g_assert_cmpstr (config->host, ==, "2001:db8::1");
  g_assert_cmpint (config->port, ==, 8443);
  g_assert_true (config->events[WEBHOOK_EVENT_SUMMARY]);
  g_assert_false (config->events[WEBHOOK_EVENT_SUMMARY_UPDATED]);
  g_assert_true (webhook_config_wants_app (config, "c"));
}

static void
test_bad_configuration_is_refused (void)
{
  static const struct {
    const char *text;
    const char *hint;
  } cases[] = {
    { GROUP SECRET, "url of [webhook x]" },
    { GROUP URL, "secret-file of [webhook x]" },
    { GROUP URL "secret-file=nothing\n", "secret file of [webhook x]" },
    { GROUP "url=http://example.org/\n" SECRET, "allow-plaintext" },
    { GROUP "url=ftp://example.org/\n" SECRET, "https://HOST" },
    { GROUP "url=https://u:p@example.org/\n" SECRET, "without user" },
    { GROUP "url=https:///x\n" SECRET, "https://HOST" },
    { GROUP URL SECRET "events=nothing\n", "conferenceSummary" },
    { GROUP URL SECRET "retry-min=0\n", "0.01" },
    { GROUP URL SECRET "timeout=x\n", "\"x\"" },
    { GROUP URL SECRET "allow-private-addresses=yes\n", "true nor false" },
    { GROUP URL SECRET "low-scores=2\n", "low-scores of [webhook x]: there is no such "
                                         "key; there are: url, secret-file, " },
    { GROUP URL SECRET "low-scores=2\n", ", max-waiting, " },
    { GROUP URL SECRET "ca-file=nothing\n", "ca-file" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) list = load (cases[i].text, &error);

    g_assert_null (list);
    g_assert_nonnull (error);
    g_assert_true (error->domain == CALLSTATS_ERROR);
    if (strstr (error->message, cases[i].hint) == NULL)
      g_error ("\"%s\" is not in \"%s\"", cases[i].hint, error->message);
    g_assert_null (strstr (error->message, "u:p"));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/webhook/addresses-have-a-class", test_addresses_have_a_class);
  g_test_add_func ("/webhook/names-give-out-only-allowed-addresses",
      test_names_give_out_only_allowed_addresses);
  g_test_add_func (
      "/webhook/literal-addresses-are-checked", test_literal_addresses_are_checked);
  g_test_add_func (
      "/webhook/signature-is-of-time-and-body", test_signature_is_of_time_and_body);
  g_test_add_func (
      "/webhook/thresholds-are-passed-or-not", test_thresholds_are_passed_or_not);
  g_test_add_func (
      "/webhook/unknown-values-are-no-findings", test_unknown_values_are_no_findings);
  g_test_add_func ("/webhook/summary-is-told-whole", test_summary_is_told_whole);
  g_test_add_func ("/webhook/what-makes-a-summary-too-long-is-left-out",
      test_what_makes_a_summary_too_long_is_left_out);
  g_test_add_func ("/webhook/ids-are-of-the-thing", test_ids_are_of_the_thing);
  g_test_add_func ("/webhook/configuration-is-read", test_configuration_is_read);
  g_test_add_func (
      "/webhook/bad-configuration-is-refused", test_bad_configuration_is_refused);
  return g_test_run ();
}
