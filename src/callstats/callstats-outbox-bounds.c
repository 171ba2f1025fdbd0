/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an outbox gives up where room is short, and how it tells. Pure; belongs to one
 * delivery.
 *
 * Reports are thinned: of each fabric's unsent ones every second goes, then every second
 * of those left, and so on, so that what remains is spread evenly over the time. When
 * none can be thinned any more, the oldest go; then events, then lifecycle events and
 * feedback.
 */
#include "callstats-outbox-inside-private.h"

#include <string.h>

#define MAX_ORDINALS 4096 /* fabrics whose reports are counted */
#define SPARE 16          /* a part of the room, once room has to be made */
#define SEND_FROM 16      /* the part of the room that waits for company to be sent */
#define PACK_FROM 8       /* the part of the room from which on reports are packed */
#define WASTED 8          /* the part of the room that packs leave unused */
#define LEVELS 16         /* at most 2¹⁶ reports become one */

CallstatsKeep
callstats_outbox_classify (const CallstatsRecord *record)
{
  /* Told again, or of use for a while only. */
  static const char *const passing[] = { "userAlive", "fabricStateChange", "ssrcMap",
    "sdpSubmissionEvent", "applicationErrorLog", "dominantSpeaker", "customEvent",
    "customStats", "mediaPlaybackStart", "mediaPlaybackSuspended", "mediaPlaybackStalled",
    NULL };

  if (record->kind == CALLSTATS_RECORD_REPORT)
    return CALLSTATS_KEEP_REPORT;
  if (record->kind == CALLSTATS_RECORD_OTHER)
    return strcmp (record->name, "gap") == 0 ? CALLSTATS_KEEP_GAP : CALLSTATS_KEEP_EVENT;
  return g_strv_contains (passing, record->name) ? CALLSTATS_KEEP_EVENT
                                                 : CALLSTATS_KEEP_LIFECYCLE;
}

/* Losses */

static void
note_loss (CallstatsOutbox *self, const CallstatsOutboxEntry *entry, CallstatsLoss loss,
    gboolean thinned)
{
  callstats_gap_add (&self->gaps[loss], 1, entry->time, entry->time);
  callstats_outbox_count_loss (
      self, callstats_outbox_tally (self, entry->owner), thinned);
}

void
callstats_outbox_lose (CallstatsOutbox *self, const CallstatsRecord *record)
{
  callstats_gap_add (&self->gaps[CALLSTATS_LOSS_MEMORY], 1, record->time, record->time);
  callstats_outbox_count_loss (
      self, callstats_outbox_ensure_tally (self, record->owner), FALSE);
}

gboolean
callstats_outbox_has_gap (CallstatsOutbox *self)
{
  guint i;

  for (i = 0; i < CALLSTATS_N_LOSSES; i++) {
    if (self->gaps[i].count > 0)
      return TRUE;
  }
  return FALSE;
}

static CallstatsOutboxEntry *
make_gap_entry (CallstatsOutbox *self, CallstatsLoss loss)
{
  CallstatsOutboxEntry *entry = g_new0 (CallstatsOutboxEntry, 1);

  entry->record = callstats_gap_make_record (&self->gaps[loss], loss);
  entry->time = entry->record->time;
  entry->keep = CALLSTATS_KEEP_GAP;
  self->gaps[loss] = (CallstatsGap){ 0 };
  return entry;
}

static void
insert_before_next (CallstatsOutbox *self, CallstatsOutboxEntry *entry)
{
  g_queue_insert_before (&self->entries, self->next, entry);
  self->next = self->next->prev;
  callstats_outbox_measure (self, entry);
}

/* A journal is only appended to: there the gap comes after what was kept. */
void
callstats_outbox_insert_gap (CallstatsOutbox *self)
{
  CallstatsOutboxEntry *tail = g_queue_peek_tail (&self->entries);
  guint i;

  /* One at a time waits there; what is lost meanwhile comes with the next one. */
  if (self->journalled && tail != NULL && tail->keep == CALLSTATS_KEEP_GAP &&
      tail->sequence == 0)
    return;
  for (i = CALLSTATS_N_LOSSES; i > 0; i--) {
    if (self->gaps[i - 1].count == 0)
      continue;
    if (self->journalled || self->next == NULL)
      callstats_outbox_append (self, make_gap_entry (self, i - 1));
    else
      insert_before_next (self, make_gap_entry (self, i - 1));
  }
}

static gboolean
can_give_up (CallstatsOutbox *self, const CallstatsOutboxEntry *entry)
{
  return entry->sequence == 0 && !entry->writing && !entry->doomed &&
         !(entry->written && self->stuck) && entry->keep != CALLSTATS_KEEP_GAP;
}

void
callstats_outbox_give_up (
    CallstatsOutbox *self, GList *link, CallstatsLoss loss, gboolean thinned)
{
  CallstatsOutboxEntry *entry = link->data;

  if (!can_give_up (self, entry))
    return;
  if (!entry->written) {
    note_loss (self, entry, loss, thinned);
    callstats_outbox_remove (self, link);
    return;
  }
  entry->loss = (guint8)loss;
  entry->thinned = (guint8)thinned;
  entry->doomed = TRUE;
  self->n_doomed++;
}

/* Who goes first */

/* How often the count of a fabric's reports can be halved down to this one. */
static guint
level_of (const CallstatsOutboxEntry *entry)
{
  return MIN ((guint)__builtin_ctz (entry->ordinal | (1u << LEVELS)), LEVELS);
}

typedef gboolean (*Choice) (const CallstatsOutboxEntry *entry, guint level);

static gboolean
is_report_of_level (const CallstatsOutboxEntry *entry, guint level)
{
  return entry->keep == CALLSTATS_KEEP_REPORT && level_of (entry) <= level;
}

static gboolean
is_kept_as (const CallstatsOutboxEntry *entry, guint level)
{
  return entry->keep == level;
}

/* Oldest first, all or as many as needed. Returns: what is still too much. */
static gsize
give_up_chosen (CallstatsOutbox *self, Choice choice, guint level, gsize excess,
    gboolean all, CallstatsLoss loss)
{
  GList *link = self->next;

  while (link != NULL && (all || excess > 0)) {
    GList *next = link->next;
    CallstatsOutboxEntry *entry = link->data;

    if (can_give_up (self, entry) && choice (entry, level)) {
      excess -= MIN (excess, entry->size);
      callstats_outbox_give_up (self, link, loss, all);
    }
    link = next;
  }
  return excess;
}

/* Whole levels of reports first, so that what is left is even. */
static void
give_up_bytes (CallstatsOutbox *self, gsize excess, CallstatsLoss loss)
{
  guint level, keep;

  for (level = 0; level < LEVELS && excess > 0; level++)
    excess = give_up_chosen (self, is_report_of_level, level, excess, TRUE, loss);
  for (keep = CALLSTATS_KEEP_REPORT; keep < CALLSTATS_KEEP_GAP && excess > 0; keep++)
    excess = give_up_chosen (self, is_kept_as, keep, excess, FALSE, loss);
}

void
callstats_outbox_evict_all (CallstatsOutbox *self)
{
  GList *link;

  for (link = self->entries.head; link != NULL; link = link->next)
    callstats_outbox_evict (self, link->data);
}

static gboolean
is_past (CallstatsOutbox *self, gsize bytes)
{
  return callstats_outbox_bytes (self) > bytes + self->n_doomed * CALLSTATS_ENTRY_BYTES;
}

/* Between packs that come and go lies what is too short for others. */
static gsize
get_room (CallstatsOutbox *self)
{
  gsize wasted = callstats_packer_bytes (self->packer) > 0 ? self->max_bytes / WASTED : 0;

  return self->max_bytes - wasted;
}

/* What takes the least first: leaving to the journal what it has, then packing, which
 * without a journal begins early, then giving up. Of that a little more than needed,
 * since a look through all of them is dear. */
void
callstats_outbox_make_room (CallstatsOutbox *self)
{
  if (!self->journalled && is_past (self, self->max_bytes / PACK_FROM))
    callstats_outbox_pack_all (self);
  if (!is_past (self, get_room (self)))
    return;
  callstats_outbox_evict_all (self);
  if (is_past (self, get_room (self)))
    callstats_outbox_pack_all (self);
  if (is_past (self, get_room (self)))
    give_up_bytes (self,
        callstats_outbox_bytes (self) - self->n_doomed * CALLSTATS_ENTRY_BYTES -
            get_room (self) + self->max_bytes / SPARE,
        CALLSTATS_LOSS_MEMORY);
}

gboolean
callstats_outbox_is_filling (CallstatsOutbox *self)
{
  return callstats_outbox_bytes (self) - self->numbered_bytes >
         self->max_bytes / SEND_FROM;
}

static guint
count_report (CallstatsOutbox *self, guint32 fabric)
{
  gpointer key = GUINT_TO_POINTER (fabric);
  guint ordinal = GPOINTER_TO_UINT (g_hash_table_lookup (self->ordinals, key)) + 1;

  if (g_hash_table_size (self->ordinals) >= MAX_ORDINALS)
    g_hash_table_remove_all (self->ordinals);
  g_hash_table_insert (self->ordinals, key, GUINT_TO_POINTER (ordinal));
  return ordinal;
}

void
callstats_outbox_push (CallstatsOutbox *self, CallstatsRecord *record)
{
  CallstatsOutboxEntry *entry = g_new0 (CallstatsOutboxEntry, 1);

  entry->record = callstats_record_ref (record);
  entry->time = record->time;
  entry->keep = callstats_outbox_classify (record);
  entry->fabric = record->fabric != NULL ? g_str_hash (record->fabric) : 0;
  entry->owner = record->owner;
  callstats_outbox_ensure_tally (self, entry->owner)->queued++;
  if (entry->keep == CALLSTATS_KEEP_REPORT)
    entry->ordinal = count_report (self, entry->fabric);
  callstats_outbox_append (self, entry);
  callstats_outbox_make_room (self);
}

/* With a journal */

gboolean
callstats_outbox_shrink_journal (CallstatsOutbox *self, guint percent)
{
  gsize bytes = 0;
  GList *link;

  /* The journal's bytes are in proportion to the number of records, about. */
  for (link = self->next; link != NULL; link = link->next)
    bytes += ((CallstatsOutboxEntry *)link->data)->size;
  give_up_bytes (self, bytes / 100 * percent, CALLSTATS_LOSS_DISK);
  return self->n_doomed > 0;
}

void
callstats_outbox_expire (CallstatsOutbox *self, gint64 before)
{
  GList *link = self->next;

  while (link != NULL) {
    GList *next = link->next;
    CallstatsOutboxEntry *entry = link->data;

    if (entry->time < before)
      callstats_outbox_give_up (self, link, CALLSTATS_LOSS_AGE, FALSE);
    link = next;
  }
}

gboolean
callstats_outbox_take_doomed (
    CallstatsOutbox *self, CallstatsLoss *loss, CallstatsGap *gap, GArray *indexes)
{
  gboolean any = FALSE;
  GList *link;

  *gap = (CallstatsGap){ 0 };
  if (self->n_doomed == 0)
    return FALSE;
  for (link = self->entries.head; link != NULL; link = link->next) {
    CallstatsOutboxEntry *entry = link->data;

    if (!entry->doomed || entry->told || (any && entry->loss != *loss))
      continue;
    any = TRUE;
    *loss = entry->loss;
    entry->told = TRUE;
    callstats_gap_add (gap, 1, entry->time, entry->time);
    g_array_append_val (indexes, entry->index);
  }
  return any;
}

void
callstats_outbox_drop_doomed (CallstatsOutbox *self, CallstatsLoss loss, gboolean ok)
{
  GList *link, *next;

  for (link = self->entries.head; link != NULL; link = next) {
    CallstatsOutboxEntry *entry = link->data;

    next = link->next;
    if (!entry->told)
      continue;
    entry->told = FALSE;
    if (!ok)
      continue;
    note_loss (self, entry, loss, entry->thinned);
    callstats_outbox_remove (self, link);
  }
}

void
callstats_outbox_set_stuck (CallstatsOutbox *self, gboolean stuck)
{
  GList *link;

  self->stuck = stuck;
  for (link = self->entries.head; stuck && link != NULL; link = link->next) {
    CallstatsOutboxEntry *entry = link->data;

    self->n_doomed -= entry->doomed;
    entry->doomed = FALSE;
  }
}
