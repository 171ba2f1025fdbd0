/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records that wait for the id of their conference. Pure; belongs to one uplink.
 */
#include "callstats-held-private.h"

#include <string.h>

#include "callstats-outbox-private.h"

#define SPARE 16          /* a part of the room, once room has to be made */
#define LEVELS 16         /* at most 2¹⁶ reports become one */
#define MAX_ORDINALS 4096 /* fabrics whose reports are counted */
#define ENTRY_BYTES 64

typedef struct {
  CallstatsRecord *record;
  gsize size;
  CallstatsKeep keep;
  guint ordinal; /* of its fabric's reports */
} Entry;

struct _CallstatsHeld {
  GQueue entries; /* Entry */
  gsize bytes;
  GHashTable *ordinals; /* hash of a fabric → its reports so far */
};

CallstatsHeld *
callstats_held_new (void)
{
  CallstatsHeld *self = g_new0 (CallstatsHeld, 1);

  self->ordinals = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->entries);
  return self;
}

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  callstats_record_unref (entry->record);
  g_free (entry);
}

void
callstats_held_free (CallstatsHeld *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->entries, entry_free);
  g_hash_table_unref (self->ordinals);
  g_free (self);
}

/* (transfer full) */
static CallstatsRecord *
take_link (CallstatsHeld *self, GList *link)
{
  Entry *entry = link->data;
  CallstatsRecord *record = g_steal_pointer (&entry->record);

  self->bytes -= entry->size;
  g_queue_delete_link (&self->entries, link);
  entry_free (entry);
  return record;
}

static void
measure (CallstatsHeld *self, Entry *entry)
{
  self->bytes -= entry->size;
  entry->size = callstats_record_size (entry->record) + ENTRY_BYTES;
  self->bytes += entry->size;
}

typedef gboolean (*Choice) (const Entry *entry, guint level);

static gboolean
is_report_of_level (const Entry *entry, guint level)
{
  return entry->keep == CALLSTATS_KEEP_REPORT &&
         (guint)__builtin_ctz (entry->ordinal | (1u << LEVELS)) <= level;
}

static gboolean
is_kept_as (const Entry *entry, guint level)
{
  return entry->keep == level;
}

/* Oldest first, all or as many as needed. */
static void
give_up_chosen (CallstatsHeld *self, Choice choice, guint level, gsize bound,
    gboolean all, CallstatsHeldLoss lose, gpointer user_data)
{
  GList *link = self->entries.head;

  while (link != NULL && (all || self->bytes > bound)) {
    GList *next = link->next;

    if (choice (link->data, level)) {
      g_autoptr (CallstatsRecord) record = take_link (self, link);

      lose (record, user_data);
    }
    link = next;
  }
}

static void
make_room (CallstatsHeld *self, gsize bound, CallstatsHeldLoss lose, gpointer user_data)
{
  guint level;

  for (level = 0; level < LEVELS && self->bytes > bound; level++)
    give_up_chosen (self, is_report_of_level, level, bound, TRUE, lose, user_data);
  for (level = CALLSTATS_KEEP_REPORT; level <= CALLSTATS_KEEP_GAP && self->bytes > bound;
       level++)
    give_up_chosen (self, is_kept_as, level, bound, FALSE, lose, user_data);
}

static guint
count_report (CallstatsHeld *self, const char *fabric)
{
  gpointer key = GUINT_TO_POINTER (fabric != NULL ? g_str_hash (fabric) : 0);
  guint ordinal = GPOINTER_TO_UINT (g_hash_table_lookup (self->ordinals, key)) + 1;

  if (g_hash_table_size (self->ordinals) >= MAX_ORDINALS)
    g_hash_table_remove_all (self->ordinals);
  g_hash_table_insert (self->ordinals, key, GUINT_TO_POINTER (ordinal));
  return ordinal;
}

void
callstats_held_push (CallstatsHeld *self, CallstatsRecord *record, gsize max_bytes,
    CallstatsHeldLoss lose, gpointer user_data)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->record = callstats_record_ref (record);
  entry->keep = callstats_outbox_classify (record);
  if (entry->keep == CALLSTATS_KEEP_REPORT)
    entry->ordinal = count_report (self, record->fabric);
  g_queue_push_tail (&self->entries, entry);
  measure (self, entry);
  if (self->bytes > max_bytes)
    make_room (self, max_bytes - max_bytes / SPARE, lose, user_data);
}

GPtrArray *
callstats_held_take (CallstatsHeld *self, const char *fabric)
{
  GPtrArray *records =
      g_ptr_array_new_with_free_func ((GDestroyNotify)callstats_record_unref);
  GList *link = self->entries.head;

  while (link != NULL) {
    GList *next = link->next;
    Entry *entry = link->data;

    if (fabric == NULL || g_strcmp0 (entry->record->fabric, fabric) == 0)
      g_ptr_array_add (records, take_link (self, link));
    link = next;
  }
  return records;
}

void
callstats_held_stamp_remote_user (
    CallstatsHeld *self, const char *fabric, const char *remote_user)
{
  GList *link;

  for (link = self->entries.head; link != NULL; link = link->next) {
    Entry *entry = link->data;
    CallstatsRecord *record = entry->record;

    if (record->fabric == NULL || record->remote_user != NULL ||
        (fabric != NULL && strcmp (record->fabric, fabric) != 0))
      continue;
    record->remote_user = g_strdup (remote_user);
    measure (self, entry);
  }
}

void
callstats_held_forget_join (CallstatsHeld *self)
{
  GList *link;

  for (link = self->entries.tail; link != NULL; link = link->prev) {
    if (g_strcmp0 (((Entry *)link->data)->record->name, "userJoined") != 0)
      continue;
    callstats_record_unref (take_link (self, link));
    return;
  }
}

guint
callstats_held_length (CallstatsHeld *self)
{
  return self->entries.length;
}
