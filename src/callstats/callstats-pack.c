/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports that wait, packed. Pure; belongs to one outbox.
 */
#include "callstats-pack-private.h"

#include <string.h>
#include <zlib.h>

#include "callstats-codec-private.h"
#include "callstats-json-private.h"

#define LEVEL 3        /* the cheapest one that finds most */
#define MEMORY_LEVEL 5 /* of the hash; the texts are short */
#define STEP 128       /* bytes of heap */
#define WINDOW 32768   /* how far deflate looks back */
/* A sample that came out so much longer than others with its dictionary, and than what
 * its own text would cost, is the next dictionary: the fabric has other streams now. */
#define STALE_BY 3
#define WORTH 8

/* Lives as long as a pack needs it. */
typedef struct {
  CallstatsPacker *packer;
  guint n_packs;
  char *fabric;
  char *text;
  guint32 length;
  guint32 least; /* bytes of the shortest pack; 0: none yet */
} Dictionary;

struct _CallstatsPack {
  Dictionary *dictionary; /* NULL: none */
  guint32 text_length;
  guint32 length; /* 0: the text is the dictionary's */
  guint8 data[];
};

struct _CallstatsPacker {
  GHashTable *dictionaries; /* fabric → Dictionary, the newest one, its packs' own */
  gsize bytes;
};

CallstatsPacker *
callstats_packer_new (void)
{
  CallstatsPacker *self = g_new0 (CallstatsPacker, 1);

  self->dictionaries = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
callstats_packer_free (CallstatsPacker *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->dictionaries);
  g_free (self);
}

gsize
callstats_packer_bytes (CallstatsPacker *self)
{
  return self->bytes;
}

/* Dictionaries */

static gsize
dictionary_bytes (const Dictionary *dictionary)
{
  return callstats_heap_bytes (sizeof *dictionary) +
         callstats_heap_bytes (strlen (dictionary->fabric) + 1) +
         callstats_heap_bytes (dictionary->length + 1);
}

/* text: (transfer full) */
static Dictionary *
dictionary_new (CallstatsPacker *packer, const char *fabric, char *text, gsize length)
{
  Dictionary *dictionary = g_new0 (Dictionary, 1);

  dictionary->packer = packer;
  dictionary->fabric = g_strdup (fabric);
  dictionary->text = text;
  dictionary->length = (guint32)length;
  packer->bytes += dictionary_bytes (dictionary);
  g_hash_table_replace (packer->dictionaries, dictionary->fabric, dictionary);
  return dictionary;
}

static void
dictionary_unref (Dictionary *dictionary)
{
  CallstatsPacker *packer = dictionary->packer;

  if (--dictionary->n_packs > 0)
    return;
  packer->bytes -= dictionary_bytes (dictionary);
  if (g_hash_table_lookup (packer->dictionaries, dictionary->fabric) == dictionary)
    g_hash_table_remove (packer->dictionaries, dictionary->fabric);
  g_free (dictionary->fabric);
  g_free (dictionary->text);
  g_free (dictionary);
}

static gboolean
is_stale (const Dictionary *dictionary, gsize length, gsize text_length)
{
  return dictionary->least > 0 && length > (gsize)STALE_BY * dictionary->least &&
         length > text_length / WORTH;
}

/* Packs */

/* In steps, so that what one pack leaves is what another one needs. */
static gsize
allocation (gsize length)
{
  return (sizeof (CallstatsPack) + length + 8 + STEP - 1) / STEP * STEP - 8;
}

static CallstatsPack *
pack_new (Dictionary *dictionary, const guint8 *data, gsize length, gsize text_length)
{
  CallstatsPack *pack = g_malloc (allocation (length));

  pack->dictionary = dictionary;
  pack->text_length = (guint32)text_length;
  pack->length = (guint32)length;
  if (length > 0)
    memcpy (pack->data, data, length);
  if (dictionary != NULL)
    dictionary->n_packs++;
  return pack;
}

void
callstats_pack_free (CallstatsPack *pack)
{
  if (pack == NULL)
    return;
  if (pack->dictionary != NULL)
    dictionary_unref (pack->dictionary);
  g_free (pack);
}

gsize
callstats_pack_bytes (const CallstatsPack *pack)
{
  return callstats_heap_bytes (allocation (pack->length));
}

/* The window that holds dictionary and text, so that no more is allocated. */
static int
window_bits (gsize length)
{
  int bits = 10;

  while (bits < 15 && ((gsize)1 << bits) < length + 512)
    bits++;
  return bits;
}

/* Returns: what of out was used; 0: it does not fit. */
static gsize
deflate_text (
    const GString *text, const Dictionary *dictionary, guint8 *out, gsize out_length)
{
  gsize all = text->len + (dictionary != NULL ? dictionary->length : 0);
  z_stream stream = { 0 };
  int result;

  if (deflateInit2 (&stream, LEVEL, Z_DEFLATED, -window_bits (all), MEMORY_LEVEL,
          Z_DEFAULT_STRATEGY) != Z_OK)
    return 0;
  if (dictionary != NULL)
    deflateSetDictionary (&stream, (const Bytef *)dictionary->text, dictionary->length);
  stream.next_in = (Bytef *)text->str;
  stream.avail_in = (uInt)text->len;
  stream.next_out = out;
  stream.avail_out = (uInt)out_length;
  result = deflate (&stream, Z_FINISH);
  deflateEnd (&stream);
  return result == Z_STREAM_END ? out_length - stream.avail_out : 0;
}

static CallstatsPack *
pack_with (GString *text, Dictionary *dictionary)
{
  gsize room = text->len / 2;
  g_autofree guint8 *out = g_malloc (room + 1);
  gsize length = deflate_text (text, dictionary, out, room);

  return length > 0 ? pack_new (dictionary, out, length, text->len) : NULL;
}

/* The text becomes the fabric's dictionary. */
static CallstatsPack *
pack_as_dictionary (CallstatsPacker *self, const char *fabric, GString *text)
{
  char *copy = g_strndup (text->str, text->len);

  return pack_new (dictionary_new (self, fabric, copy, text->len), NULL, 0, text->len);
}

CallstatsPack *
callstats_packer_pack (CallstatsPacker *self, const CallstatsRecord *record)
{
  g_autoptr (GString) text = g_string_sized_new (8192);
  Dictionary *dictionary;
  CallstatsPack *pack;

  if (record->fabric == NULL || !callstats_record_time_is_valid (record->time))
    return NULL;
  callstats_record_append_json (record, text);
  if (text->len > CALLSTATS_MAX_RECORD)
    return NULL;
  /* What a dictionary of that length says is out of deflate's sight. */
  if (text->len > WINDOW - 512)
    return pack_with (text, NULL);
  dictionary = g_hash_table_lookup (self->dictionaries, record->fabric);
  if (dictionary == NULL)
    return pack_as_dictionary (self, record->fabric, text);
  pack = pack_with (text, dictionary);
  if (pack == NULL || is_stale (dictionary, pack->length, text->len)) {
    callstats_pack_free (pack);
    return pack_as_dictionary (self, record->fabric, text);
  }
  dictionary->least =
      dictionary->least > 0 ? MIN (dictionary->least, pack->length) : pack->length;
  return pack;
}

static gboolean
inflate_text (const CallstatsPack *pack, char *text)
{
  const Dictionary *dictionary = pack->dictionary;
  z_stream stream = { 0 };
  int result;

  if (inflateInit2 (&stream, -15) != Z_OK)
    return FALSE;
  if (dictionary != NULL)
    inflateSetDictionary (&stream, (const Bytef *)dictionary->text, dictionary->length);
  stream.next_in = (Bytef *)pack->data;
  stream.avail_in = pack->length;
  stream.next_out = (Bytef *)text;
  stream.avail_out = pack->text_length;
  result = inflate (&stream, Z_FINISH);
  inflateEnd (&stream);
  return result == Z_STREAM_END;
}

CallstatsRecord *
callstats_pack_open (const CallstatsPack *pack)
{
  g_autofree char *inflated = NULL;
  const char *text = NULL;
  g_autoptr (JsonObject) object = NULL;

  if (pack->length == 0) {
    text = pack->dictionary->text;
  } else {
    text = inflated = g_malloc (pack->text_length);
    if (!inflate_text (pack, inflated))
      return NULL;
  }
  object = callstats_json_parse_object (text, pack->text_length, NULL);
  return object != NULL ? callstats_record_new_from_object (object, NULL) : NULL;
}
