/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The records that are not acknowledged yet: their order and their numbers. Pure; belongs
 * to one delivery.
 */
#include "callstats-outbox-inside-private.h"

void
callstats_outbox_entry_free (gpointer data)
{
  CallstatsOutboxEntry *entry = data;

  callstats_record_unref (entry->record);
  g_free (entry);
}

CallstatsOutbox *
callstats_outbox_new (gsize max_bytes)
{
  CallstatsOutbox *self = g_new0 (CallstatsOutbox, 1);

  self->max_bytes = max_bytes;
  self->ordinals = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->entries);
  return self;
}

void
callstats_outbox_free (CallstatsOutbox *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->entries, callstats_outbox_entry_free);
  g_hash_table_unref (self->ordinals);
  g_free (self);
}

void
callstats_outbox_remove (CallstatsOutbox *self, GList *link)
{
  CallstatsOutboxEntry *entry = link->data;

  if (self->next == link)
    self->next = link->next;
  self->bytes -= entry->size;
  self->n_doomed -= entry->doomed;
  if (self->journalled && !entry->written && !entry->writing)
    self->n_unwritten--;
  g_queue_delete_link (&self->entries, link);
  callstats_outbox_entry_free (entry);
}

void
callstats_outbox_append (CallstatsOutbox *self, CallstatsOutboxEntry *entry)
{
  g_queue_push_tail (&self->entries, entry);
  self->bytes += entry->size;
  if (self->journalled && !entry->written)
    self->n_unwritten++;
  if (self->next == NULL)
    self->next = self->entries.tail;
}

void
callstats_outbox_evict (CallstatsOutbox *self, CallstatsOutboxEntry *entry)
{
  /* Who waits for its fate waits for this very record. */
  if (!entry->written || entry->record == NULL || entry->record->settled != NULL ||
      entry->keep == CALLSTATS_KEEP_GAP)
    return;
  self->bytes -= entry->size;
  entry->size = CALLSTATS_ENTRY_BYTES;
  self->bytes += entry->size;
  g_clear_pointer (&entry->record, callstats_record_unref);
}

CallstatsRecord *
callstats_outbox_peek (CallstatsOutbox *self, guint64 *sequence)
{
  CallstatsOutboxEntry *entry = self->next != NULL ? self->next->data : NULL;

  if (callstats_outbox_has_gap (self) && (entry == NULL || entry->sequence == 0)) {
    callstats_outbox_insert_gap (self);
    entry = self->next->data;
  }
  if (entry == NULL || entry->doomed)
    return NULL;
  self->wanted = entry->record == NULL;
  if (self->wanted)
    return NULL;
  if (entry->sequence == 0)
    entry->sequence = ++self->last_sequence;
  *sequence = entry->sequence;
  return entry->record;
}

void
callstats_outbox_advance (CallstatsOutbox *self)
{
  CallstatsOutboxEntry *entry;

  g_return_if_fail (self->next != NULL);

  entry = self->next->data;
  self->sent = MAX (self->sent, entry->sequence);
  self->next = self->next->next;
  if (self->bytes > self->max_bytes / 2)
    callstats_outbox_evict (self, entry);
}

void
callstats_outbox_discard (CallstatsOutbox *self)
{
  CallstatsOutboxEntry *entry;
  CallstatsGap gap = { .count = 1 };

  g_return_if_fail (self->next != NULL);

  entry = self->next->data;
  gap.from = gap.to = entry->time;
  self->dropped++;
  callstats_record_unref (entry->record);
  entry->record = callstats_gap_make_record (&gap, CALLSTATS_LOSS_SIZE);
  entry->keep = CALLSTATS_KEEP_GAP;
  self->bytes -= entry->size;
  entry->size = callstats_record_size (entry->record) + CALLSTATS_ENTRY_BYTES;
  self->bytes += entry->size;
}

/* What the one before sent and nobody stored can be given other numbers, or given up. */
static void
settle_adoption (CallstatsOutbox *self, guint64 stored)
{
  GList *link;

  self->adopted = FALSE;
  self->sent = self->last_sequence = stored;
  for (link = self->entries.head; link != NULL;) {
    GList *next = link->next;
    CallstatsOutboxEntry *entry = link->data;

    entry->sequence = 0;
    if (entry->lost)
      callstats_outbox_give_up (self, link, entry->loss, FALSE);
    link = next;
  }
}

static void
forget_head (CallstatsOutbox *self)
{
  CallstatsOutboxEntry *entry = self->entries.head->data;

  if (entry->record != NULL)
    callstats_record_settle (entry->record, TRUE);
  self->through = MAX (self->through, entry->index);
  callstats_outbox_remove (self, self->entries.head);
}

gboolean
callstats_outbox_acknowledge (CallstatsOutbox *self, guint64 sequence)
{
  CallstatsOutboxEntry *entry;

  if (sequence > self->sent && !self->adopted)
    return FALSE;
  while ((entry = g_queue_peek_head (&self->entries)) != NULL && entry->sequence != 0 &&
         entry->sequence <= sequence)
    forget_head (self);
  /* The backend lost what it had acknowledged: its delivery decides. */
  if (self->adopted && sequence >= self->acknowledged)
    settle_adoption (self, sequence);
  self->acknowledged = MAX (self->acknowledged, sequence);
  return TRUE;
}

void
callstats_outbox_rewind (CallstatsOutbox *self)
{
  self->next = self->entries.head;
}

/* Without a journal, gap records go back to where they came from. */
static void
restart_link (CallstatsOutbox *self, GList *link)
{
  CallstatsOutboxEntry *entry = link->data;
  CallstatsGap gap;
  CallstatsLoss loss;

  entry->sequence = 0;
  if (entry->lost)
    callstats_outbox_give_up (self, link, entry->loss, FALSE);
  if (self->journalled || entry->keep != CALLSTATS_KEEP_GAP ||
      !callstats_gap_read_record (entry->record, &gap, &loss))
    return;
  callstats_gap_add (&self->gaps[loss], gap.count, gap.from, gap.to);
  callstats_outbox_remove (self, link);
}

void
callstats_outbox_restart (CallstatsOutbox *self)
{
  GList *link;

  for (link = self->entries.head; link != NULL;) {
    GList *next = link->next;

    restart_link (self, link);
    link = next;
  }
  self->adopted = FALSE;
  self->last_sequence = 0;
  self->sent = 0;
  self->acknowledged = 0;
  self->next = self->entries.head;
}

guint64
callstats_outbox_acknowledged (CallstatsOutbox *self)
{
  return self->acknowledged;
}

guint64
callstats_outbox_in_flight (CallstatsOutbox *self)
{
  return self->sent - self->acknowledged;
}

guint
callstats_outbox_length (CallstatsOutbox *self)
{
  guint n = self->entries.length;
  guint i;

  for (i = 0; i < CALLSTATS_N_LOSSES; i++)
    n += self->gaps[i].count > 0;
  return n;
}

gsize
callstats_outbox_bytes (CallstatsOutbox *self)
{
  return self->bytes;
}

gboolean
callstats_outbox_is_empty (CallstatsOutbox *self)
{
  return callstats_outbox_length (self) == 0;
}

guint64
callstats_outbox_thinned (CallstatsOutbox *self)
{
  return self->thinned;
}

guint64
callstats_outbox_dropped (CallstatsOutbox *self)
{
  return self->dropped;
}
