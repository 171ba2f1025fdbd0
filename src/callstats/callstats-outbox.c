/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The records that are not acknowledged yet. Pure; belongs to one delivery.
 */
#include "callstats-outbox-private.h"

#define ENTRY_BYTES 64 /* of a queue link and its entry */

typedef struct {
  CallstatsRecord *record;
  guint64 sequence; /* 0: not sent yet */
  gsize size;
  gboolean is_gap;
  guint64 missing; /* records it stands for: of a gap record more than itself */
  gint64 from, to; /* their times */
} Entry;

struct _CallstatsOutbox {
  gsize max_bytes;
  GQueue entries;        /* Entry; those with a number come first */
  GList *next;           /* what is sent next; NULL: nothing */
  guint64 last_sequence; /* given to a record */
  guint64 sent;          /* the last one that left */
  guint64 acknowledged;
  gsize bytes;
  guint64 dropped;
  /* What was given up since the last gap record. */
  guint64 gap_count;
  gint64 gap_from, gap_to;
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  callstats_record_unref (entry->record);
  g_free (entry);
}

CallstatsOutbox *
callstats_outbox_new (gsize max_bytes)
{
  CallstatsOutbox *outbox = g_new0 (CallstatsOutbox, 1);

  outbox->max_bytes = max_bytes;
  g_queue_init (&outbox->entries);
  return outbox;
}

void
callstats_outbox_free (CallstatsOutbox *outbox)
{
  if (outbox == NULL)
    return;
  g_queue_clear_full (&outbox->entries, entry_free);
  g_free (outbox);
}

static void
remove_link (CallstatsOutbox *outbox, GList *link)
{
  Entry *entry = link->data;

  if (outbox->next == link)
    outbox->next = link->next;
  outbox->bytes -= entry->size;
  g_queue_delete_link (&outbox->entries, link);
  entry_free (entry);
}

static Entry *
entry_new (CallstatsRecord *record)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->record = callstats_record_ref (record);
  entry->size = callstats_record_size (record) + ENTRY_BYTES;
  entry->missing = 1;
  entry->from = entry->to = record->time;
  return entry;
}

/* The oldest record without a number, a report if there is one. */
static GList *
find_victim (CallstatsOutbox *outbox)
{
  GList *oldest = NULL;
  GList *link;

  for (link = outbox->next; link != NULL; link = link->next) {
    Entry *entry = link->data;

    if (entry->sequence != 0)
      continue;
    if (entry->record->kind == CALLSTATS_RECORD_REPORT)
      return link;
    if (oldest == NULL)
      oldest = link;
  }
  return oldest;
}

static void
note_gap (CallstatsOutbox *outbox, guint64 missing, gint64 from, gint64 to)
{
  if (outbox->gap_count == 0 || from < outbox->gap_from)
    outbox->gap_from = from;
  if (outbox->gap_count == 0 || to > outbox->gap_to)
    outbox->gap_to = to;
  outbox->gap_count += missing;
}

void
callstats_outbox_lose (CallstatsOutbox *outbox, const CallstatsRecord *record)
{
  note_gap (outbox, 1, record->time, record->time);
  outbox->dropped++;
}

/* A gap record that is given up itself goes on in the next one. */
static void
lose_link (CallstatsOutbox *outbox, GList *link)
{
  Entry *entry = link->data;

  note_gap (outbox, entry->missing, entry->from, entry->to);
  if (!entry->is_gap)
    outbox->dropped++;
  remove_link (outbox, link);
}

static void
make_room (CallstatsOutbox *outbox)
{
  while (outbox->bytes > outbox->max_bytes) {
    GList *victim = find_victim (outbox);

    if (victim == NULL)
      return;
    lose_link (outbox, victim);
  }
}

void
callstats_outbox_push (CallstatsOutbox *outbox, CallstatsRecord *record)
{
  Entry *entry = entry_new (record);

  g_queue_push_tail (&outbox->entries, entry);
  outbox->bytes += entry->size;
  if (outbox->next == NULL)
    outbox->next = outbox->entries.tail;
  make_room (outbox);
}

static CallstatsRecord *
make_gap_record (CallstatsOutbox *outbox)
{
  g_autofree char *data =
      g_strdup_printf ("{\"type\":\"gap\",\"time\":%" G_GINT64_FORMAT
                       ",\"reason\":\"memory\",\"dropped\":%" G_GUINT64_FORMAT
                       ",\"from\":%" G_GINT64_FORMAT ",\"to\":%" G_GINT64_FORMAT "}",
          outbox->gap_to / 1000, outbox->gap_count, outbox->gap_from / 1000,
          outbox->gap_to / 1000);

  return callstats_record_new_other ("gap", outbox->gap_to, data);
}

/* What is missing is told before what comes after it. */
static void
insert_gap (CallstatsOutbox *outbox)
{
  g_autoptr (CallstatsRecord) record = make_gap_record (outbox);
  Entry *entry = entry_new (record);

  if (outbox->next != NULL)
    g_queue_insert_before (&outbox->entries, outbox->next, entry);
  else
    g_queue_push_tail (&outbox->entries, entry);
  outbox->next = outbox->next != NULL ? outbox->next->prev : outbox->entries.tail;
  outbox->bytes += entry->size;
  entry->is_gap = TRUE;
  entry->missing = outbox->gap_count;
  entry->from = outbox->gap_from;
  entry->to = outbox->gap_to;
  outbox->gap_count = 0;
}

CallstatsRecord *
callstats_outbox_peek (CallstatsOutbox *outbox, guint64 *sequence)
{
  Entry *entry = outbox->next != NULL ? outbox->next->data : NULL;

  if (outbox->gap_count > 0 && (entry == NULL || entry->sequence == 0)) {
    insert_gap (outbox);
    entry = outbox->next->data;
  }
  if (entry == NULL)
    return NULL;
  if (entry->sequence == 0)
    entry->sequence = ++outbox->last_sequence;
  *sequence = entry->sequence;
  return entry->record;
}

void
callstats_outbox_advance (CallstatsOutbox *outbox)
{
  g_return_if_fail (outbox->next != NULL);

  outbox->sent = MAX (outbox->sent, ((Entry *)outbox->next->data)->sequence);
  outbox->next = outbox->next->next;
}

void
callstats_outbox_discard (CallstatsOutbox *outbox)
{
  Entry *entry;

  g_return_if_fail (outbox->next != NULL);

  entry = outbox->next->data;
  g_return_if_fail (entry->sequence == outbox->last_sequence);

  outbox->last_sequence--;
  lose_link (outbox, outbox->next);
}

gboolean
callstats_outbox_acknowledge (CallstatsOutbox *outbox, guint64 sequence)
{
  Entry *entry;

  if (sequence > outbox->sent)
    return FALSE;
  while ((entry = g_queue_peek_head (&outbox->entries)) != NULL && entry->sequence != 0 &&
         entry->sequence <= sequence) {
    callstats_record_settle (entry->record, TRUE);
    remove_link (outbox, outbox->entries.head);
  }
  outbox->acknowledged = MAX (outbox->acknowledged, sequence);
  return TRUE;
}

void
callstats_outbox_rewind (CallstatsOutbox *outbox)
{
  outbox->next = outbox->entries.head;
}

void
callstats_outbox_restart (CallstatsOutbox *outbox)
{
  GList *link;

  for (link = outbox->entries.head; link != NULL; link = link->next)
    ((Entry *)link->data)->sequence = 0;
  outbox->last_sequence = 0;
  outbox->sent = 0;
  outbox->acknowledged = 0;
  outbox->next = outbox->entries.head;
}

guint64
callstats_outbox_acknowledged (CallstatsOutbox *outbox)
{
  return outbox->acknowledged;
}

guint64
callstats_outbox_in_flight (CallstatsOutbox *outbox)
{
  return outbox->sent - outbox->acknowledged;
}

guint
callstats_outbox_length (CallstatsOutbox *outbox)
{
  return outbox->entries.length;
}

gsize
callstats_outbox_bytes (CallstatsOutbox *outbox)
{
  return outbox->bytes;
}

guint64
callstats_outbox_dropped (CallstatsOutbox *outbox)
{
  return outbox->dropped;
}
