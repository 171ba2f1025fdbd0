/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The bitrate that encoders are told to reach. Pipeline thread.
 */
#include "encoderbitrate.h"
#include "fields.h"

#define KBIT 1000

/* From the elements' own documentation. */
static const struct {
  const char *factory;
  const char *property;
  guint unit; /* bit/s */
} encoders[] = {
  { "vp8enc", "target-bitrate", 1 },
  { "vp9enc", "target-bitrate", 1 },
  { "av1enc", "target-bitrate", KBIT },
  { "svtav1enc", "target-bitrate", KBIT },
  { "x264enc", "bitrate", KBIT },
  { "x265enc", "bitrate", KBIT },
  { "openh264enc", "bitrate", 1 },
  { "theoraenc", "bitrate", KBIT },
  { "nvh264enc", "bitrate", KBIT },
  { "nvh265enc", "bitrate", KBIT },
  { "nvav1enc", "bitrate", KBIT },
  { "nvcudah264enc", "bitrate", KBIT },
  { "nvcudah265enc", "bitrate", KBIT },
  { "vah264enc", "bitrate", KBIT },
  { "vah264lpenc", "bitrate", KBIT },
  { "vah265enc", "bitrate", KBIT },
  { "vavp8enc", "bitrate", KBIT },
  { "vavp9enc", "bitrate", KBIT },
  { "vaav1enc", "bitrate", KBIT },
  { "qsvh264enc", "bitrate", KBIT },
  { "qsvh265enc", "bitrate", KBIT },
  { "qsvvp9enc", "bitrate", KBIT },
  { "qsvav1enc", "bitrate", KBIT },
  { "msdkh264enc", "bitrate", KBIT },
  { "msdkh265enc", "bitrate", KBIT },
  { "msdkvp9enc", "bitrate", KBIT },
  { "amfh264enc", "bitrate", KBIT },
  { "amfh265enc", "bitrate", KBIT },
  { "mfh264enc", "bitrate", KBIT },
  { "mfh265enc", "bitrate", KBIT },
  { "mfvp9enc", "bitrate", KBIT },
  { "vtenc_h264", "bitrate", KBIT },
  { "vtenc_h264_hw", "bitrate", KBIT },
  { "vtenc_h265", "bitrate", KBIT },
  { "vtenc_h265_hw", "bitrate", KBIT },
  { "d3d12h264enc", "bitrate", KBIT },
  { "opusenc", "bitrate", 1 },
  { "speexenc", "bitrate", 1 },
};

static gint
find_row (GstElement *encoder)
{
  GstElementFactory *factory = gst_element_get_factory (encoder);
  guint i;

  for (i = 0; factory != NULL && i < G_N_ELEMENTS (encoders); i++) {
    if (g_str_equal (GST_OBJECT_NAME (factory), encoders[i].factory) &&
        g_object_class_find_property (
            G_OBJECT_GET_CLASS (encoder), encoders[i].property) != NULL)
      return (gint)i;
  }
  return -1;
}

gboolean
gst_callstats_encoder_has_bitrate (GstElement *encoder)
{
  return find_row (encoder) >= 0;
}

guint64
gst_callstats_encoder_read_bitrate (GstElement *encoder)
{
  gint row = find_row (encoder);
  g_auto (GValue) value = G_VALUE_INIT;
  guint64 bitrate;

  if (row < 0)
    return 0;
  g_object_get_property (G_OBJECT (encoder), encoders[row].property, &value);
  if (!gst_callstats_value_to_count (&value, &bitrate))
    return 0;
  return bitrate * encoders[row].unit;
}
