/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON text in and out.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "callstats-error.h"
#include "callstats-json-private.h"

static char *
nested (guint depth, char open, char close)
{
  char *text = g_malloc (2 * depth + 1);

  memset (text, open, depth);
  memset (text + depth, close, depth);
  text[2 * depth] = '\0';
  return text;
}

/* What the writer makes of what the parser read; NULL: refused with the right error. */
static char *
through (const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = callstats_json_parse (text, length, &error);
  GString *out;

  if (node == NULL) {
    g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL);
    return NULL;
  }
  g_assert_no_error (error);
  out = g_string_new (NULL);
  callstats_json_append_node (out, node);
  return g_string_free (out, FALSE);
}

static void
test_depth_is_limited (void)
{
  static const struct {
    guint depth;
    gboolean ok;
  } rows[] = { { 1, TRUE }, { 31, TRUE }, { 32, TRUE }, { 33, FALSE }, { 60000, FALSE } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text = nested (rows[i].depth, '[', ']');
    g_autofree char *out = through (text, strlen (text));

    g_assert_cmpstr (out, ==, rows[i].ok ? text : NULL);
    g_assert_cmpuint (callstats_json_depth (text), ==, rows[i].depth);
  }
}

static void
test_values_are_counted_before_parsing (void)
{
  static const struct {
    const char *text;
    gsize n;
  } rows[] = { { "1", 1 }, { "[]", 2 }, { "[1,[2,3]]", 5 }, { "{\"a\":[],\"b\":{}}", 5 },
    { "\"[[[,,,\\\",[\"", 1 }, { "\"\\\\\",,", 3 }, { "[[[", 4 }, { "\"\\", 1 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (
        callstats_json_count_values (rows[i].text, strlen (rows[i].text)), ==, rows[i].n);
}

static void
test_depth_error_names_the_limit (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = nested (33, '[', ']');

  g_assert_null (callstats_json_parse (text, strlen (text), &error));
  g_assert_nonnull (strstr (error->message, "32"));
  g_assert_true (callstats_json_error_is_limit (error));
  g_clear_error (&error);
  g_assert_null (callstats_json_parse ("[", 1, &error));
  g_assert_false (callstats_json_error_is_limit (error));
}

/* name: with the index of each member. */
static char *
object_of (guint n, char *(*name) (guint index))
{
  GString *text = g_string_new ("[{");
  guint i;

  for (i = 0; i < n; i++) {
    g_autofree char *member = name (i);

    g_string_append_printf (text, "%s\"%s\":1", i > 0 ? "," : "", member);
  }
  g_string_append (text, "}]");
  return g_string_free (text, FALSE);
}

static char *
name_plainly (guint index)
{
  return g_strdup_printf ("inbound-rtp-%u", index);
}

/* "b!" and "aB" have the same hash, and so has whatever is made of them. */
static char *
name_alike (guint index)
{
  GString *name = g_string_new (NULL);
  guint bit;

  for (bit = 0; bit < 14; bit++)
    g_string_append (name, (index >> bit & 1) != 0 ? "b!" : "aB");
  return g_string_free (name, FALSE);
}

/* In front of it what must be read before it is hashed. */
static char *
name_alike_escaped (guint index)
{
  g_autofree char *name = name_alike (index);

  return g_strconcat ("\\n\\u00e9\\ud834\\udd1e\\\"", name, "\\u0062\\u0021", NULL);
}

static char *
name_again (guint index)
{
  return g_strdup ("a");
}

static void
test_members_are_limited (void)
{
  static const struct {
    guint n;
    char *(*name) (guint index);
    gboolean ok;
  } rows[] = { { 4096, name_plainly, TRUE }, { 4097, name_plainly, FALSE },
    { 32, name_alike, TRUE }, { 33, name_alike, FALSE }, { 16384, name_alike, FALSE },
    { 32, name_alike_escaped, TRUE }, { 33, name_alike_escaped, FALSE },
    { 33, name_again, FALSE } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text = object_of (rows[i].n, rows[i].name);
    g_autoptr (GError) error = NULL;
    g_autoptr (JsonNode) node = callstats_json_parse (text, strlen (text), &error);

    g_assert_cmpint (node != NULL, ==, rows[i].ok);
    g_assert_cmpint (
        error != NULL && callstats_json_error_is_limit (error), ==, !rows[i].ok);
  }
}

/* What g_str_hash() gives for the name that json-glib reads. */
static void
test_names_collide_as_they_are_read (void)
{
  g_autofree char *first = name_alike_escaped (0), *second = name_alike_escaped (1);
  g_autofree char *text = g_strdup_printf ("{\"%s\":1,\"%s\":2}", first, second);
  g_autoptr (JsonObject) object = callstats_json_parse_object (text, strlen (text), NULL);
  g_autoptr (GList) names = json_object_get_members (object);

  g_assert_cmpuint (g_list_length (names), ==, 2);
  g_assert_cmpuint (g_str_hash (names->data), ==, g_str_hash (names->next->data));
}

/* Objects do not share their room, nor do levels. */
static void
test_members_are_counted_of_each_object (void)
{
  g_autofree char *one = object_of (3000, name_plainly);
  g_autofree char *text =
      g_strdup_printf ("{\"a\":%s,\"b\":%s,\"c\":{\"d\":%s}}", one, one, one);
  g_autofree char *out = through (text, strlen (text));

  g_assert_cmpstr (out, ==, text);
}

static void
test_depth_counts_no_brackets_in_strings (void)
{
  static const char text[] =
      "{\"a\\\"[[[[\":\"{{{{[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}";
  g_autofree char *out = through (text, strlen (text));

  g_assert_cmpstr (out, ==, text);
  g_assert_cmpuint (callstats_json_depth (text), ==, 1);
}

static void
test_what_hides_depth_from_a_counter_is_refused (void)
{
  static const char *const prefixes[] = { "/*\"*/", "'\"'", "//\"\n", "#\"\n", "\"\\" };
  g_autofree char *deep = nested (60000, '[', ']');
  guint i;

  for (i = 0; i < G_N_ELEMENTS (prefixes); i++) {
    g_autofree char *text = g_strconcat (prefixes[i], deep, NULL);

    g_assert_null (through (text, strlen (text)));
  }
}

static void
test_only_json_is_read (void)
{
  static const char *const texts[] = { "", " ", "\n", "{", "[", "\"", "\"a", "\"\\",
    "{}{}", "{} {}", "[1,]", "[,1]", "{\"a\":1,}", "{,}", "{\"a\"}", "{\"a\":}", "{a:1}",
    "{1:1}", "{'a':1}", "['a']", "var x = 1", "[1 2]", "[1]]", "[}", "{]", "[tru]",
    "[True]", "[nul]", "[NaN]", "[Infinity]", "[-Infinity]", "[inf]", "[012]", "[0x10]",
    "[$10]", "[.5]", "[1.]", "[+5]", "[-]", "[- 5]", "[1e]", "[1e+]", "[\"\t\"]",
    "[\"\n\"]", "[\"\\x\"]", "[\"\\u12\"]", "[\"\\ud800\"]", "/**/1", "1//", "#\n1",
    "[1]\f" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *out = through (texts[i], strlen (texts[i]));

    if (out != NULL)
      g_error ("“%s” was read as %s", texts[i], out);
  }
}

static void
test_a_text_ends_where_its_length_says (void)
{
  g_autofree char *out = through ("[1,2]]", 5);

  g_assert_cmpstr (out, ==, "[1,2]");
  g_assert_null (through ("[1,2]", 4));
  g_assert_null (through ("[1]\0", 4));
}

static void
test_invalid_utf8_is_refused (void)
{
  static const char *const texts[] = { "[\"\xff\"]", "[\"\xc3\"]", "[\"\xed\xa0\x80\"]",
    "[\"\xc0\x80\"]", "{\"\xfe\":1}" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_null (through (texts[i], strlen (texts[i])));
}

static void
test_values_are_written_as_they_are_read (void)
{
  static const struct {
    const char *in;
    const char *out;
  } rows[] = {
    { " { \"a\" : [ 1 , true , false , null , \"x\" ] } ",
        "{\"a\":[1,true,false,null,\"x\"]}" },
    { "{}", "{}" },
    { "[]", "[]" },
    { "[{},[]]", "[{},[]]" },
    { "0", "0" },
    { "-0", "0" },
    { "-0.0", "0" },
    { "1.0", "1" },
    { "-5", "-5" },
    { "1e2", "100" },
    { "1E-7", "1e-07" },
    { "1e+20", "1e+20" },
    { "0.1", "0.1" },
    { "748700.48499999999", "748700.485" },
    { "0.000366666666666667", "0.000366666666666667" },
    { "9007199254740992", "9007199254740992" },
    { "-9007199254740992", "-9007199254740992" },
    { "9007199254740993", "\"9007199254740993\"" },
    { "9223372036854775807", "\"9223372036854775807\"" },
    { "-9223372036854775808", "\"-9223372036854775808\"" },
    /* Larger than any gint64: a double, and never negative. */
    { "9223372036854775808", "9.22337203685478e+18" },
    { "17198409372194004747", "1.7198409372194e+19" },
    { "[-9223372036854775809,1]", "[-9.22337203685478e+18,1]" },
    { "99999999999999999999999999", "1e+26" },
    { "1e999", "null" },
    { "\"\\u00e4\\/\\b\\f\\n\\r\\t\\\\\\\"\"",
        "\"\303\244/\\u0008\\u000c\\n\\r\\t\\\\\\\"\"" },
    { "\"\\ud83d\\ude00\"", "\"\360\237\230\200\"" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *out = through (rows[i].in, strlen (rows[i].in));

    g_assert_cmpstr (out, ==, rows[i].out);
  }
}

static void
test_doubles_have_15_digits_and_are_finite (void)
{
  static const struct {
    double value;
    const char *text;
  } rows[] = {
    { 0.0, "0" },
    { -0.0, "0" },
    { NAN, "null" },
    { INFINITY, "null" },
    { -INFINITY, "null" },
    { 0.1, "0.1" },
    { 1.0 / 3, "0.333333333333333" },
    { 2.0 / 3, "0.666666666666667" },
    { 1e15, "1e+15" },
    { 123456789012345.0, "123456789012345" },
    { DBL_MIN, "2.2250738585072e-308" },
    { -1.5, "-1.5" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GString) out = g_string_new (NULL);

    callstats_json_append_double (out, rows[i].value);
    g_assert_cmpstr (out->str, ==, rows[i].text);
  }
}

static void
test_whole_numbers_above_2_53_are_strings (void)
{
  static const struct {
    guint64 value;
    const char *text;
  } rows[] = {
    { 0, "0" },
    { G_GUINT64_CONSTANT (9007199254740991), "9007199254740991" },
    { G_GUINT64_CONSTANT (9007199254740992), "9007199254740992" },
    { G_GUINT64_CONSTANT (9007199254740993), "\"9007199254740993\"" },
    { G_MAXUINT64, "\"18446744073709551615\"" },
  };
  g_autoptr (GString) out = g_string_new (NULL);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_string_truncate (out, 0);
    callstats_json_append_uint (out, rows[i].value);
    g_assert_cmpstr (out->str, ==, rows[i].text);
  }
  g_string_truncate (out, 0);
  callstats_json_append_int (out, G_MININT64);
  g_assert_cmpstr (out->str, ==, "\"-9223372036854775808\"");
}

static void
test_strings_survive_whatever_they_hold (void)
{
  char controls[128 + 1];
  g_autoptr (GString) out = g_string_new ("[");
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;
  JsonArray *array;
  guint i;

  for (i = 0; i < 128; i++)
    controls[i] = (char)(i < 127 ? i + 1 : 0);
  callstats_json_append_string (out, controls);
  g_string_append_c (out, ',');
  callstats_json_append_string (out, "\303\244\342\202\254\360\237\230\200");
  g_string_append_c (out, ',');
  callstats_json_append_string (out, "a\377b");
  g_string_append_c (out, ',');
  callstats_json_append_string (out, NULL);
  g_string_append_c (out, ']');

  for (i = 0; i < out->len; i++)
    g_assert_cmpuint ((guchar)out->str[i], >=, 0x20);
  node = callstats_json_parse (out->str, out->len, &error);
  g_assert_no_error (error);
  array = json_node_get_array (node);
  g_assert_cmpstr (json_array_get_string_element (array, 0), ==, controls);
  g_assert_cmpstr (json_array_get_string_element (array, 1), ==,
      "\303\244\342\202\254\360\237\230\200");
  g_assert_cmpstr (json_array_get_string_element (array, 2), ==, "a\357\277\275b");
  g_assert_true (json_array_get_null_element (array, 3));
}

static void
test_variants_become_json (void)
{
  static const struct {
    const char *variant;
    const char *json;
  } rows[] = {
    { "@a{sv} {}", "{}" },
    { "{'a': <1>, 'b': <'x'>}", "{\"a\":1,\"b\":\"x\"}" },
    { "{'d': <1.5>, 't': <true>, 'n': <@ms nothing>, 'm': <@ms 'x'>}",
        "{\"d\":1.5,\"t\":true,\"n\":null,\"m\":\"x\"}" },
    { "{'list': <['a', 'b']>, 'tuple': <(1, 'x')>}",
        "{\"list\":[\"a\",\"b\"],\"tuple\":[1,\"x\"]}" },
    { "{'in': <{'deeper': <{'deepest': <uint64 18446744073709551615>}>}>}",
        "{\"in\":{\"deeper\":{\"deepest\":\"18446744073709551615\"}}}" },
    { "{'s': {'x': 1}}", "{\"s\":{\"x\":1}}" },
    { "[byte 1, 255]", "[1,255]" },
    { "(int16 -3, uint16 3, int32 -2, uint32 4000000000, int64 -9007199254740993)",
        "[-3,3,-2,4000000000,\"-9007199254740993\"]" },
    { "(objectpath '/a', signature 'as', handle 0)", "[\"/a\",\"as\",null]" },
    { "{1: 'one'}", "[[1,\"one\"]]" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) value =
        g_variant_parse (NULL, rows[i].variant, NULL, NULL, &error);
    g_autoptr (GString) out = g_string_new (NULL);
    g_autofree char *again = NULL;

    g_assert_no_error (error);
    callstats_json_append_variant (out, value);
    g_assert_cmpstr (out->str, ==, rows[i].json);
    again = through (out->str, out->len);
    g_assert_cmpstr (again, ==, rows[i].json);
  }
}

static void
test_lenient_access_gives_the_fallback (void)
{
  static const char text[] =
      "{\"s\":\"x\",\"i\":7,\"d\":1.5,\"o\":{},\"a\":[],\"n\":null}";
  g_autoptr (JsonObject) object = callstats_json_parse_object (text, strlen (text), NULL);
  static const char *const names[] = { "s", "i", "d", "o", "a", "n", "absent" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    const char *name = names[i];

    g_assert_cmpstr (callstats_json_get_string (object, name, "fallback"), ==,
        *name == 's' ? "x" : "fallback");
    g_assert_cmpint (
        callstats_json_get_int (object, name, -9), ==, *name == 'i' ? 7 : -9);
    g_assert_cmpfloat (callstats_json_get_double (object, name, -9), ==,
        *name == 'i'   ? 7
        : *name == 'd' ? 1.5
                       : -9);
    g_assert_true ((callstats_json_get_object (object, name) != NULL) == (*name == 'o'));
    g_assert_true (
        (callstats_json_get_array (object, name) != NULL) == (strcmp (name, "a") == 0));
  }
}

static void
test_sequences_are_numbers_or_strings_of_digits (void)
{
  static const struct {
    const char *json;
    gboolean ok;
    guint64 value;
  } rows[] = {
    { "{\"n\":0}", TRUE, 0 },
    { "{\"n\":41}", TRUE, 41 },
    { "{\"n\":\"41\"}", TRUE, 41 },
    { "{\"n\":\"18446744073709551615\"}", TRUE, G_MAXUINT64 },
    { "{\"n\":\"18446744073709551616\"}", FALSE, 0 },
    { "{\"n\":18446744073709551615}", FALSE, 0 },
    { "{\"n\":-1}", FALSE, 0 },
    { "{\"n\":\"-1\"}", FALSE, 0 },
    { "{\"n\":1.5}", FALSE, 0 },
    { "{\"n\":\"\"}", FALSE, 0 },
    { "{\"n\":\"4x\"}", FALSE, 0 },
    { "{\"n\":null}", FALSE, 0 },
    { "{}", FALSE, 0 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (JsonObject) object =
        callstats_json_parse_object (rows[i].json, strlen (rows[i].json), NULL);
    guint64 value = 0;

    g_assert_true (callstats_json_get_sequence (object, "n", &value) == rows[i].ok);
    g_assert_cmpuint (value, ==, rows[i].value);
  }
}

static void
test_an_object_is_asked_for_and_nothing_else_given (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (callstats_json_parse_object ("[1]", 3, &error));
  g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/json/values-are-counted-before-parsing", test_values_are_counted_before_parsing);
  g_test_add_func ("/json/depth-is-limited", test_depth_is_limited);
  g_test_add_func ("/json/depth-error-names-the-limit", test_depth_error_names_the_limit);
  g_test_add_func ("/json/members-are-limited", test_members_are_limited);
  g_test_add_func (
      "/json/names-collide-as-they-are-read", test_names_collide_as_they_are_read);
  g_test_add_func ("/json/members-are-counted-of-each-object",
      test_members_are_counted_of_each_object);
  g_test_add_func ("/json/depth-counts-no-brackets-in-strings",
      test_depth_counts_no_brackets_in_strings);
  g_test_add_func ("/json/what-hides-depth-from-a-counter-is-refused",
      test_what_hides_depth_from_a_counter_is_refused);
  g_test_add_func ("/json/only-json-is-read", test_only_json_is_read);
  g_test_add_func (
      "/json/a-text-ends-where-its-length-says", test_a_text_ends_where_its_length_says);
  g_test_add_func ("/json/invalid-utf8-is-refused", test_invalid_utf8_is_refused);
  g_test_add_func ("/json/values-are-written-as-they-are-read",
      test_values_are_written_as_they_are_read);
  g_test_add_func ("/json/doubles-have-15-digits-and-are-finite",
      test_doubles_have_15_digits_and_are_finite);
  g_test_add_func ("/json/whole-numbers-above-2-53-are-strings",
      test_whole_numbers_above_2_53_are_strings);
  g_test_add_func ("/json/strings-survive-whatever-they-hold",
      test_strings_survive_whatever_they_hold);
  g_test_add_func ("/json/variants-become-json", test_variants_become_json);
  g_test_add_func (
      "/json/lenient-access-gives-the-fallback", test_lenient_access_gives_the_fallback);
  g_test_add_func ("/json/sequences-are-numbers-or-strings-of-digits",
      test_sequences_are_numbers_or_strings_of_digits);
  g_test_add_func ("/json/an-object-is-asked-for-and-nothing-else-given",
      test_an_object_is_asked_for_and_nothing_else_given);
  return g_test_run ();
}
