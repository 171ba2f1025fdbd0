/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which of a pipeline's bus messages tell why a call cannot be set up. Any thread.
 */
#include <string.h>

#include "buserror.h"

static gboolean
contains (const char *text, const char *word)
{
  return text != NULL && strstr (text, word) != NULL;
}

static gboolean
is_denied (const GError *error, const char *text)
{
  return g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED) ||
         (error->domain == GST_RESOURCE_ERROR &&
             (contains (text, "ermission denied") || contains (text, "EACCES") ||
                 contains (text, "not permitted")));
}

GstCallstatsBusErrorKind
gst_callstats_classify_bus_error (
    gboolean inside, const char *klass, const GError *error, const char *text)
{
  gboolean missing =
      g_error_matches (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN) ||
      g_error_matches (error, GST_STREAM_ERROR, GST_STREAM_ERROR_CODEC_NOT_FOUND);

  if (inside)
    return missing ? GST_CALLSTATS_BUS_ERROR_MISSING_PLUGIN
                   : GST_CALLSTATS_BUS_ERROR_TRANSPORT;
  if (missing)
    return GST_CALLSTATS_BUS_ERROR_MISSING_CODEC;
  if (!contains (klass, "Source") || contains (klass, "Sink"))
    return GST_CALLSTATS_BUS_ERROR_OTHER;
  return is_denied (error, text) ? GST_CALLSTATS_BUS_ERROR_PERMISSION
                                 : GST_CALLSTATS_BUS_ERROR_SOURCE;
}

static const char *
get_factory_name (GstObject *object)
{
  GstElementFactory *factory =
      GST_IS_ELEMENT (object) ? gst_element_get_factory (GST_ELEMENT (object)) : NULL;

  return factory != NULL ? GST_OBJECT_NAME (factory) : NULL;
}

static const char *
get_klass (GstObject *object)
{
  return GST_IS_ELEMENT (object)
             ? gst_element_class_get_metadata (
                   GST_ELEMENT_GET_CLASS (object), GST_ELEMENT_METADATA_KLASS)
             : NULL;
}

/* The reference is never the last: what is inside a bin stops before the bin goes. */
static gpointer
find_webrtcbin (GstObject *object)
{
  g_autoptr (GstObject) at = gst_object_ref (object);

  while (at != NULL && g_strcmp0 (get_factory_name (at), "webrtcbin") != 0) {
    GstObject *parent = gst_object_get_parent (at);

    gst_object_unref (at);
    at = parent;
  }
  return at;
}

/* User info and query of a URI may be secrets. */
static char *
without_secrets (const char *text)
{
  static GRegex *user_info, *query;
  static gsize once;
  g_autofree char *first = NULL;

  if (g_once_init_enter (&once)) {
    user_info =
        g_regex_new ("([A-Za-z][A-Za-z0-9+.-]*:(?://)?)[^\\s/@\"']+@", 0, 0, NULL);
    query = g_regex_new ("(://[^\\s?\"']*)\\?[^\\s\"')]*", 0, 0, NULL);
    g_once_init_leave (&once, 1);
  }
  if (text == NULL)
    return NULL;
  first = g_utf8_make_valid (text, -1);
  {
    g_autofree char *second = g_regex_replace (user_info, first, -1, 0, "\\1", 0, NULL);

    return g_regex_replace (
        query, second != NULL ? second : first, -1, 0, "\\1", 0, NULL);
  }
}

static GstCallstatsBusError *
bus_error_new (GstMessage *message, GstCallstatsBusErrorKind kind, const char *name,
    const char *text)
{
  GstCallstatsBusError *self = g_new0 (GstCallstatsBusError, 1);

  self->kind = kind;
  self->webrtcbin = find_webrtcbin (GST_MESSAGE_SRC (message));
  self->element = g_strdup (GST_OBJECT_NAME (GST_MESSAGE_SRC (message)));
  self->factory = g_strdup (get_factory_name (GST_MESSAGE_SRC (message)));
  self->name = g_strdup (name);
  self->message = without_secrets (text);
  self->time = g_get_monotonic_time ();
  return self;
}

static GstCallstatsBusError *
take_error (GstMessage *message)
{
  GstObject *src = GST_MESSAGE_SRC (message);
  g_autoptr (GError) error = NULL;
  g_autofree char *debug = NULL;
  g_autofree char *text = NULL;
  GstCallstatsBusErrorKind kind;
  GstCallstatsBusError *self;

  gst_message_parse_error (message, &error, &debug);
  text = g_strconcat (error->message, " ", debug, NULL);
  kind = gst_callstats_classify_bus_error (
      find_webrtcbin (src) != NULL, get_klass (src), error, text);
  if (kind == GST_CALLSTATS_BUS_ERROR_OTHER)
    return NULL;
  self = bus_error_new (message, kind, g_quark_to_string (error->domain), error->message);
  self->debug = without_secrets (debug);
  return self;
}

/* What decodebin and its like post when they find no element. */
static GstCallstatsBusError *
take_missing_plugin (GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  const char *name;
  gboolean inside;

  if (structure == NULL || !gst_structure_has_name (structure, "missing-plugin"))
    return NULL;
  name = gst_structure_get_string (structure, "name");
  inside = find_webrtcbin (GST_MESSAGE_SRC (message)) != NULL;
  return bus_error_new (message,
      inside ? GST_CALLSTATS_BUS_ERROR_MISSING_PLUGIN
             : GST_CALLSTATS_BUS_ERROR_MISSING_CODEC,
      "missing-plugin",
      name != NULL ? name : gst_structure_get_string (structure, "type"));
}

GstCallstatsBusError *
gst_callstats_bus_error_new (GstMessage *message)
{
  if (GST_MESSAGE_SRC (message) == NULL)
    return NULL;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    return take_error (message);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT)
    return take_missing_plugin (message);
  return NULL;
}

gboolean
gst_callstats_is_setup_error (GstMessage *message)
{
  GstCallstatsBusError *error = gst_callstats_bus_error_new (message);
  gboolean is = error != NULL;

  gst_callstats_bus_error_free (error);
  return is;
}

void
gst_callstats_bus_error_free (GstCallstatsBusError *self)
{
  if (self == NULL)
    return;
  g_free (self->element);
  g_free (self->factory);
  g_free (self->name);
  g_free (self->message);
  g_free (self->debug);
  g_free (self);
}

static const struct {
  CallstatsWebrtcFunction function;
  CallstatsFailureReason reason;
} meanings[] = {
  [GST_CALLSTATS_BUS_ERROR_OTHER] = { CALLSTATS_WEBRTC_FUNCTION_APPLICATION_ERROR,
      CALLSTATS_FAILURE_REASON_APPLICATION_ERROR },
  [GST_CALLSTATS_BUS_ERROR_TRANSPORT] = { CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
      CALLSTATS_FAILURE_REASON_TRANSPORT_FAILURE },
  [GST_CALLSTATS_BUS_ERROR_MISSING_PLUGIN] = { CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
      CALLSTATS_FAILURE_REASON_TRANSPORT_FAILURE },
  [GST_CALLSTATS_BUS_ERROR_MISSING_CODEC] = { CALLSTATS_WEBRTC_FUNCTION_APPLICATION_ERROR,
      CALLSTATS_FAILURE_REASON_MEDIA_CONFIG_ERROR },
  [GST_CALLSTATS_BUS_ERROR_SOURCE] = { CALLSTATS_WEBRTC_FUNCTION_GET_USER_MEDIA,
      CALLSTATS_FAILURE_REASON_MEDIA_CONFIG_ERROR },
  [GST_CALLSTATS_BUS_ERROR_PERMISSION] = { CALLSTATS_WEBRTC_FUNCTION_GET_USER_MEDIA,
      CALLSTATS_FAILURE_REASON_MEDIA_PERMISSION_ERROR },
};

CallstatsWebrtcFunction
gst_callstats_bus_error_get_function (GstCallstatsBusErrorKind kind)
{
  return meanings[kind].function;
}

CallstatsFailureReason
gst_callstats_bus_error_get_reason (GstCallstatsBusErrorKind kind)
{
  return meanings[kind].reason;
}

static char *
diagnose_transport (const GstCallstatsBusError *self)
{
  if (self->factory != NULL && g_str_has_prefix (self->factory, "dtls"))
    return g_strdup (
        "the DTLS handshake failed; the peer may have refused our certificate");
  if (contains (self->debug, "not-linked"))
    return g_strdup (
        "a source pad of webrtcbin has no consumer, which stops its transport");
  return g_strdup_printf ("the transport's element %s failed", self->element);
}

char *
gst_callstats_bus_error_diagnose (const GstCallstatsBusError *self)
{
  switch (self->kind) {
  case GST_CALLSTATS_BUS_ERROR_TRANSPORT:
    return diagnose_transport (self);
  case GST_CALLSTATS_BUS_ERROR_MISSING_PLUGIN:
    return g_strdup_printf ("webrtcbin lacks elements it needs: %s", self->message);
  case GST_CALLSTATS_BUS_ERROR_MISSING_CODEC:
    return g_strdup_printf (
        "an element that the media needs is not installed: %s", self->message);
  case GST_CALLSTATS_BUS_ERROR_PERMISSION:
    return g_strdup_printf (
        "access to the media source %s (%s) was denied", self->element, self->factory);
  default:
    return g_strdup_printf (
        "the media source %s (%s) failed", self->element, self->factory);
  }
}

GVariant *
gst_callstats_bus_error_describe (const GstCallstatsBusError *self)
{
  g_autofree char *diagnosis = gst_callstats_bus_error_diagnose (self);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", self->name);
  g_variant_dict_insert (
      &dict, "message", "s", self->message != NULL ? self->message : "");
  g_variant_dict_insert (&dict, "diagnosis", "s", diagnosis);
  g_variant_dict_insert (&dict, "element", "s", self->element);
  return g_variant_dict_end (&dict);
}
