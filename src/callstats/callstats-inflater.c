/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Inflation. Pure; belongs to one connection.
 */
#include "callstats-inflater-private.h"

#include <zlib.h>

#include "callstats-error.h"

#define WINDOW_BITS 15

struct _CallstatsInflater {
  gsize max_text;
  z_stream stream;
  guint8 *text; /* max_text + 1 bytes; NULL: no frame came yet */
};

CallstatsInflater *
callstats_inflater_new (gsize max_text)
{
  CallstatsInflater *inflater = g_new0 (CallstatsInflater, 1);

  inflater->max_text = max_text;
  return inflater;
}

void
callstats_inflater_free (CallstatsInflater *inflater)
{
  if (inflater->text != NULL)
    inflateEnd (&inflater->stream);
  g_free (inflater->text);
  g_free (inflater);
}

static gboolean
start (CallstatsInflater *inflater, GError **error)
{
  if (inflater->text != NULL)
    return TRUE;
  if (inflateInit2 (&inflater->stream, -WINDOW_BITS) != Z_OK) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        "zlib cannot allocate its state");
    return FALSE;
  }
  inflater->text = g_malloc (inflater->max_text + 1);
  return TRUE;
}

static gboolean
inflate_some (
    CallstatsInflater *inflater, gconstpointer data, gsize length, GError **error)
{
  int status;

  inflater->stream.next_in = (Bytef *)data;
  inflater->stream.avail_in = (uInt)length;
  status = inflate (&inflater->stream, Z_SYNC_FLUSH);
  if (inflater->stream.avail_out == 0)
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_TOO_LONG,
        "An inflated frame is past the limit of %" G_GSIZE_FORMAT " bytes",
        inflater->max_text);
  else if (inflater->stream.avail_in != 0 || (status != Z_OK && status != Z_BUF_ERROR))
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        "A binary frame is not a deflate segment");
  else
    return TRUE;
  return FALSE;
}

const char *
callstats_inflater_push (CallstatsInflater *inflater, gconstpointer data, gsize length,
    gsize *text_length, GError **error)
{
  static const guint8 sync_flush[] = { 0x00, 0x00, 0xff, 0xff };

  if (!start (inflater, error))
    return NULL;
  inflater->stream.next_out = inflater->text;
  inflater->stream.avail_out = (uInt)inflater->max_text + 1;
  if (!inflate_some (inflater, data, length, error) ||
      !inflate_some (inflater, sync_flush, sizeof sync_flush, error))
    return NULL;
  *text_length = inflater->max_text + 1 - inflater->stream.avail_out;
  return (const char *)inflater->text;
}
