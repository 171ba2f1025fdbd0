/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What of an outbox's records is in memory: the whole record, a pack, or nothing but its
 * place. Pure; belongs to one delivery.
 */
#include "callstats-outbox-inside-private.h"

void
callstats_outbox_measure (CallstatsOutbox *self, CallstatsOutboxEntry *entry)
{
  gsize before = entry->size;

  entry->size = CALLSTATS_ENTRY_BYTES;
  if (entry->record != NULL)
    entry->size += callstats_record_size (entry->record);
  if (entry->pack != NULL)
    entry->size += callstats_pack_bytes (entry->pack);
  self->bytes += entry->size - before;
  if (entry->sequence != 0)
    self->numbered_bytes += entry->size - before;
}

void
callstats_outbox_set_record (
    CallstatsOutbox *self, CallstatsOutboxEntry *entry, CallstatsRecord *record)
{
  g_clear_pointer (&entry->pack, callstats_pack_free);
  callstats_record_unref (entry->record);
  entry->record = record;
  callstats_outbox_measure (self, entry);
}

void
callstats_outbox_set_sequence (
    CallstatsOutbox *self, CallstatsOutboxEntry *entry, guint64 sequence)
{
  if (entry->sequence != 0)
    self->numbered_bytes -= entry->size;
  entry->sequence = sequence;
  if (entry->sequence != 0)
    self->numbered_bytes += entry->size;
}

gboolean
callstats_outbox_has_record (const CallstatsOutboxEntry *entry)
{
  return entry->record != NULL || entry->pack != NULL;
}

CallstatsRecord *
callstats_outbox_make_loss_record (CallstatsOutboxEntry *entry, CallstatsLoss loss)
{
  CallstatsGap gap = { .count = 1, .from = entry->time, .to = entry->time };

  entry->keep = CALLSTATS_KEEP_GAP;
  return callstats_gap_make_record (&gap, loss);
}

void
callstats_outbox_unpack (CallstatsOutbox *self, CallstatsOutboxEntry *entry)
{
  if (entry->record != NULL || entry->pack == NULL)
    return;
  entry->record = callstats_pack_open (entry->pack);
  if (entry->record != NULL) {
    callstats_outbox_measure (self, entry);
    return;
  }
  callstats_outbox_disown_lost (self, entry);
  callstats_outbox_set_record (
      self, entry, callstats_outbox_make_loss_record (entry, CALLSTATS_LOSS_MEMORY));
}

void
callstats_outbox_repack (CallstatsOutbox *self, CallstatsOutboxEntry *entry)
{
  if (entry->pack == NULL || entry->record == NULL)
    return;
  g_clear_pointer (&entry->record, callstats_record_unref);
  callstats_outbox_measure (self, entry);
}

static void
pack_entry (CallstatsOutbox *self, CallstatsOutboxEntry *entry)
{
  entry->settled = TRUE;
  entry->pack = callstats_packer_pack (self->packer, entry->record);
  if (entry->pack != NULL)
    callstats_outbox_repack (self, entry);
}

/* The newest first: before a report that was looked at come only such. */
void
callstats_outbox_pack_all (CallstatsOutbox *self)
{
  GList *link;

  for (link = self->entries.tail; link != NULL; link = link->prev) {
    CallstatsOutboxEntry *entry = link->data;

    if (entry->keep != CALLSTATS_KEEP_REPORT)
      continue;
    if (entry->settled)
      return;
    if (entry->record != NULL && !entry->writing)
      pack_entry (self, entry);
  }
}

void
callstats_outbox_evict (CallstatsOutbox *self, CallstatsOutboxEntry *entry)
{
  /* Who waits for its fate waits for this very record. */
  if (!entry->written || !callstats_outbox_has_record (entry) ||
      entry->keep == CALLSTATS_KEEP_GAP ||
      (entry->record != NULL && entry->record->settled != NULL))
    return;
  callstats_outbox_set_record (self, entry, NULL);
}
