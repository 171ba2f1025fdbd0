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
  callstats_pack_free (entry->pack);
  g_free (entry);
}

CallstatsOutbox *
callstats_outbox_new (gsize max_bytes)
{
  CallstatsOutbox *self = g_new0 (CallstatsOutbox, 1);

  self->max_bytes = max_bytes;
  self->packer = callstats_packer_new ();
  self->ordinals = g_hash_table_new (NULL, NULL);
  self->tallies = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_queue_init (&self->entries);
  return self;
}

void
callstats_outbox_free (CallstatsOutbox *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->entries, callstats_outbox_entry_free);
  callstats_packer_free (self->packer);
  g_hash_table_unref (self->ordinals);
  g_hash_table_unref (self->tallies);
  g_free (self);
}

void
callstats_outbox_set_max_bytes (CallstatsOutbox *self, gsize max_bytes)
{
  self->max_bytes = max_bytes;
  callstats_outbox_make_room (self);
}

/* Owners */

CallstatsTally *
callstats_outbox_tally (CallstatsOutbox *self, guint owner)
{
  CallstatsTally *tally = g_hash_table_lookup (self->tallies, GUINT_TO_POINTER (owner));

  return tally != NULL ? tally : &self->nobody;
}

CallstatsTally *
callstats_outbox_ensure_tally (CallstatsOutbox *self, guint owner)
{
  CallstatsTally *tally = callstats_outbox_tally (self, owner);

  if (owner == 0 || tally != &self->nobody)
    return tally;
  tally = g_new0 (CallstatsTally, 1);
  g_hash_table_insert (self->tallies, GUINT_TO_POINTER (owner), tally);
  return tally;
}

void
callstats_outbox_count_loss (
    CallstatsOutbox *self, CallstatsTally *tally, gboolean thinned)
{
  if (thinned) {
    self->thinned++;
    tally->thinned++;
  } else {
    self->dropped++;
    tally->dropped++;
  }
}

void
callstats_outbox_disown_lost (CallstatsOutbox *self, CallstatsOutboxEntry *entry)
{
  CallstatsTally *tally = callstats_outbox_tally (self, entry->owner);

  callstats_outbox_count_loss (self, tally, FALSE);
  tally->queued--;
  entry->owner = 0;
}

void
callstats_outbox_get_tally (CallstatsOutbox *self, guint owner, CallstatsTally *tally)
{
  const CallstatsTally *known =
      g_hash_table_lookup (self->tallies, GUINT_TO_POINTER (owner));

  *tally = known != NULL ? *known : (CallstatsTally){ 0 };
}

void
callstats_outbox_forget_owner (CallstatsOutbox *self, guint owner)
{
  g_hash_table_remove (self->tallies, GUINT_TO_POINTER (owner));
}

void
callstats_outbox_remove (CallstatsOutbox *self, GList *link)
{
  CallstatsOutboxEntry *entry = link->data;

  callstats_outbox_tally (self, entry->owner)->queued--;
  if (self->next == link)
    self->next = link->next;
  callstats_outbox_set_sequence (self, entry, 0);
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
  callstats_outbox_measure (self, entry);
  if (self->journalled && !entry->written)
    self->n_unwritten++;
  if (self->next == NULL)
    self->next = self->entries.tail;
}

/* What is under way cannot be given up: half of the room is for what is to come. */
static gboolean
has_room_under_way (CallstatsOutbox *self, const CallstatsOutboxEntry *entry)
{
  return entry->sequence != 0 || self->numbered_bytes == 0 ||
         self->numbered_bytes + entry->size <= self->max_bytes / 2;
}

CallstatsRecord *
callstats_outbox_peek (CallstatsOutbox *self, guint64 *sequence)
{
  CallstatsOutboxEntry *entry = self->next != NULL ? self->next->data : NULL;

  if (entry != NULL && !has_room_under_way (self, entry))
    return NULL;
  if (callstats_outbox_has_gap (self) && (entry == NULL || entry->sequence == 0)) {
    callstats_outbox_insert_gap (self);
    entry = self->next->data;
  }
  if (entry == NULL || entry->doomed)
    return NULL;
  self->wanted = !callstats_outbox_has_record (entry);
  if (self->wanted)
    return NULL;
  callstats_outbox_unpack (self, entry);
  if (entry->sequence == 0)
    callstats_outbox_set_sequence (self, entry, ++self->last_sequence);
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
  callstats_outbox_repack (self, entry);
  callstats_outbox_tally (self, entry->owner)->sent++;
  if (self->bytes > self->max_bytes / 2)
    callstats_outbox_evict (self, entry);
}

void
callstats_outbox_discard (CallstatsOutbox *self)
{
  CallstatsOutboxEntry *entry;

  g_return_if_fail (self->next != NULL);

  entry = self->next->data;
  callstats_outbox_disown_lost (self, entry);
  callstats_outbox_set_record (
      self, entry, callstats_outbox_make_loss_record (entry, CALLSTATS_LOSS_SIZE));
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

    callstats_outbox_set_sequence (self, entry, 0);
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
  callstats_outbox_tally (self, entry->owner)->acked++;
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
  if (self->next != NULL)
    callstats_outbox_repack (self, self->next->data);
  self->next = self->entries.head;
}

/* Without a journal, gap records go back to where they came from. */
static void
restart_link (CallstatsOutbox *self, GList *link)
{
  CallstatsOutboxEntry *entry = link->data;
  CallstatsGap gap;
  CallstatsLoss loss;

  callstats_outbox_set_sequence (self, entry, 0);
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
  return self->bytes + callstats_packer_bytes (self->packer);
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
