/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An outbox with a journal behind it: what is written there, what is read again. Pure;
 * belongs to one delivery.
 */
#include "callstats-outbox-inside-private.h"

void
callstats_outbox_set_journalled (CallstatsOutbox *self)
{
  self->journalled = TRUE;
  self->n_unwritten = self->entries.length;
}

static CallstatsOutboxEntry *
entry_from_journal (const CallstatsJournalEntry *from, guint64 sequence)
{
  CallstatsOutboxEntry *entry = g_new0 (CallstatsOutboxEntry, 1);

  entry->index = from->index;
  entry->time = from->time;
  entry->fabric = from->fabric;
  entry->ordinal = (guint32)from->index;
  entry->keep = (guint8)from->keep;
  entry->lost = from->lost;
  entry->loss = (guint8)from->loss;
  entry->written = TRUE;
  entry->sequence = sequence;
  return entry;
}

void
callstats_outbox_adopt (
    CallstatsOutbox *self, const GArray *entries, const CallstatsJournalState *state)
{
  guint i;

  self->journalled = TRUE;
  self->adopted = TRUE;
  self->acknowledged = self->last_sequence = self->sent = state->acknowledged;
  self->through = state->through;
  self->last_index = self->written_index = state->last;
  for (i = 0; i < CALLSTATS_N_LOSSES; i++)
    self->gaps[i] = state->gaps[i];
  for (i = 0; i < entries->len; i++)
    callstats_outbox_append (
        self, entry_from_journal (&g_array_index (entries, CallstatsJournalEntry, i),
                  ++self->last_sequence));
}

/* Writing */

static void
describe_entry (CallstatsOutbox *self, CallstatsOutboxEntry *from, GArray *entries)
{
  CallstatsJournalEntry entry = {
    .index = ++self->last_index,
    .follows = self->last_index - 1,
    .time = from->time,
    .fabric = from->fabric,
  };

  callstats_outbox_unpack (self, from);
  entry.record = callstats_record_ref (from->record);
  entry.keep = from->keep;
  callstats_outbox_repack (self, from);
  from->index = entry.index;
  from->writing = TRUE;
  self->n_unwritten--;
  g_array_append_val (entries, entry);
}

/* They are at the end: what is written is written in order. */
static GList *
find_unwritten (CallstatsOutbox *self)
{
  GList *link = self->entries.tail;

  if (self->n_unwritten == 0)
    return NULL;
  while (link->prev != NULL && ((CallstatsOutboxEntry *)link->prev->data)->index == 0)
    link = link->prev;
  return link;
}

void
callstats_outbox_take_unwritten (CallstatsOutbox *self, gsize max_bytes, GArray *entries)
{
  GList *link = find_unwritten (self);
  gsize bytes = 0;

  for (; link != NULL && bytes < max_bytes; link = link->next) {
    CallstatsOutboxEntry *entry = link->data;

    bytes += entry->size;
    describe_entry (self, entry, entries);
  }
}

void
callstats_outbox_written (CallstatsOutbox *self, gboolean ok)
{
  GList *link;

  for (link = self->entries.tail; link != NULL; link = link->prev) {
    CallstatsOutboxEntry *entry = link->data;

    if (entry->written)
      break;
    if (!entry->writing)
      continue;
    entry->writing = FALSE;
    entry->written = ok;
    if (ok)
      continue;
    entry->index = 0;
    self->n_unwritten++;
  }
  if (ok) {
    self->written_index = self->last_index;
  } else {
    /* Those numbers of places were never used. */
    self->last_index = self->written_index;
    self->through = MIN (self->through, self->last_index);
  }
  callstats_outbox_make_room (self);
}

guint
callstats_outbox_unwritten (CallstatsOutbox *self)
{
  return self->n_unwritten;
}

guint64
callstats_outbox_written_through (CallstatsOutbox *self)
{
  return self->written_index;
}

guint
callstats_outbox_spooled (CallstatsOutbox *self)
{
  return self->journalled ? self->entries.length - self->n_unwritten : 0;
}

/* What is written is written in order. */
guint64
callstats_outbox_oldest_written (CallstatsOutbox *self)
{
  CallstatsOutboxEntry *entry = g_queue_peek_head (&self->entries);

  return entry != NULL && entry->written ? entry->index : 0;
}

/* A gap record that is not written yet takes its count from the gap when it is. */
void
callstats_outbox_get_state (CallstatsOutbox *self, CallstatsJournalState *state)
{
  GList *link;
  guint i;

  state->acknowledged = self->acknowledged;
  state->through = self->through;
  state->last = self->written_index;
  for (i = 0; i < CALLSTATS_N_LOSSES; i++)
    state->gaps[i] = self->gaps[i];
  for (link = self->entries.tail; link != NULL; link = link->prev) {
    CallstatsOutboxEntry *entry = link->data;
    CallstatsGap gap;
    CallstatsLoss loss;

    if (entry->written)
      break;
    if (entry->keep == CALLSTATS_KEEP_GAP &&
        callstats_gap_read_record (entry->record, &gap, &loss))
      callstats_gap_add (&state->gaps[loss], gap.count, gap.from, gap.to);
  }
}

GArray *
callstats_outbox_live (CallstatsOutbox *self)
{
  GArray *live = g_array_new (FALSE, FALSE, sizeof (guint64));
  GList *link;

  for (link = self->entries.head; link != NULL; link = link->next) {
    CallstatsOutboxEntry *entry = link->data;

    if (entry->index != 0)
      g_array_append_val (live, entry->index);
  }
  return live;
}

/* Reading */

guint64
callstats_outbox_wanted (CallstatsOutbox *self, gsize *max_bytes)
{
  CallstatsOutboxEntry *entry = self->next != NULL ? self->next->data : NULL;

  if (!self->wanted || entry == NULL || callstats_outbox_has_record (entry))
    return 0;
  if (self->bytes > self->max_bytes / 2)
    callstats_outbox_evict_all (self);
  *max_bytes = self->max_bytes / 4;
  return entry->index;
}

static void
load_entry (CallstatsOutbox *self, CallstatsOutboxEntry *entry,
    const CallstatsJournalEntry *loaded)
{
  CallstatsRecord *record;

  if (loaded->record != NULL) {
    record = callstats_record_ref (loaded->record);
  } else {
    record = callstats_outbox_make_loss_record (entry, loaded->loss);
    callstats_outbox_disown_lost (self, entry);
  }
  callstats_outbox_set_record (self, entry, record);
}

void
callstats_outbox_loaded (CallstatsOutbox *self, const CallstatsJournalEntry *loaded)
{
  GList *link;

  for (link = self->next; link != NULL; link = link->next) {
    CallstatsOutboxEntry *entry = link->data;

    if (entry->index == 0 || entry->index > loaded->index)
      return;
    if (entry->index < loaded->index)
      continue;
    if (!callstats_outbox_has_record (entry) && !entry->doomed)
      load_entry (self, entry, loaded);
    return;
  }
}
