/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The candidate pairs that a webrtcbin has selected. Pure.
 */
#include <string.h>

#include "selectedpair.h"

/* libnice's type preferences of relayed candidates. */
#define RELAY_UDP 30
#define RELAY_TCP 20

typedef struct {
  char *ids;      /* of its candidates: they hold addresses and are not told */
  GVariant *pair; /* as it is told */
} Selected;

struct _GstCallstatsSelectedPairs {
  GstCallstatsCollectIp collect_ip;
  GHashTable *selected; /* the pair's id → Selected */
};

static void
selected_free (gpointer data)
{
  Selected *selected = data;

  g_free (selected->ids);
  g_variant_unref (selected->pair);
  g_free (selected);
}

static const GstStructure *
find (const GstStructure *stats, const char *id)
{
  const GValue *value = id != NULL ? gst_structure_get_value (stats, id) : NULL;

  return value != NULL && GST_VALUE_HOLDS_STRUCTURE (value)
             ? gst_value_get_structure (value)
             : NULL;
}

static void
insert_text (
    GVariantDict *dict, const char *name, const GstStructure *from, const char *field)
{
  const char *text = gst_structure_get_string (from, field);

  if (text != NULL && *text != '\0')
    g_variant_dict_insert (dict, name, "s", text);
}

static GVariant *
read_candidate (GstCallstatsSelectedPairs *self, const GstStructure *candidate)
{
  GVariantDict dict;
  guint port;

  g_variant_dict_init (&dict, NULL);
  if (candidate != NULL) {
    const char *address = gst_structure_get_string (candidate, "address");
    g_autofree char *told =
        address != NULL ? gst_callstats_filter_address (address, self->collect_ip) : NULL;

    insert_text (&dict, "candidateType", candidate, "candidate-type");
    insert_text (&dict, "transport", candidate, "protocol");
    if (told != NULL)
      g_variant_dict_insert (&dict, "ip", "s", told);
    if (gst_structure_get_uint (candidate, "port", &port))
      g_variant_dict_insert (&dict, "port", "u", port);
  }
  return g_variant_dict_end (&dict);
}

static const char *
get_relay_type (const GstStructure *local)
{
  const char *type =
      local != NULL ? gst_structure_get_string (local, "candidate-type") : NULL;
  guint priority = 0;

  if (g_strcmp0 (type, "relay") != 0)
    return "";
  gst_structure_get_uint (local, "priority", &priority);
  return priority >> 24 == RELAY_UDP   ? "turn/udp"
         : priority >> 24 == RELAY_TCP ? "turn/tcp"
                                       : "";
}

static GVariant *
read_pair (GstCallstatsSelectedPairs *self, const GstStructure *local,
    const GstStructure *remote)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "state", "s", "succeeded");
  g_variant_dict_insert (&dict, "nominated", "b", TRUE);
  g_variant_dict_insert_value (&dict, "local", read_candidate (self, local));
  g_variant_dict_insert_value (&dict, "remote", read_candidate (self, remote));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static GVariant *
take_pair (
    GstCallstatsSelectedPairs *self, const GstStructure *stats, const GstStructure *pair)
{
  const char *id = gst_structure_get_string (pair, "id");
  const char *local = gst_structure_get_string (pair, "local-candidate-id");
  const char *remote = gst_structure_get_string (pair, "remote-candidate-id");
  g_autofree char *ids = NULL;
  Selected *before, *now;
  GVariantDict dict;

  if (id == NULL || local == NULL || remote == NULL)
    return NULL;
  ids = g_strdup_printf ("%s %s", local, remote);
  before = g_hash_table_lookup (self->selected, id);
  if (before != NULL && strcmp (before->ids, ids) == 0)
    return NULL;
  now = g_new0 (Selected, 1);
  now->ids = g_steal_pointer (&ids);
  now->pair = read_pair (self, find (stats, local), find (stats, remote));
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "currIceCandidatePair", now->pair);
  g_variant_dict_insert (&dict, "relayType", "s", get_relay_type (find (stats, local)));
  if (before != NULL)
    g_variant_dict_insert_value (&dict, "prevIceCandidatePair", before->pair);
  g_hash_table_replace (self->selected, g_strdup (id), now);
  if (!g_variant_dict_contains (&dict, "prevIceCandidatePair")) {
    g_variant_dict_clear (&dict);
    return NULL;
  }
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

GVariant *
gst_callstats_selected_pairs_take (
    GstCallstatsSelectedPairs *self, const GstStructure *stats)
{
  GVariant *change = NULL;
  int i;

  for (i = 0; change == NULL && i < gst_structure_n_fields (stats); i++) {
    const char *id = gst_structure_nth_field_name (stats, i);

    if (g_str_has_prefix (id, "ice-candidate-pair") && find (stats, id) != NULL)
      change = take_pair (self, stats, find (stats, id));
  }
  return change;
}

GstCallstatsSelectedPairs *
gst_callstats_selected_pairs_new (GstCallstatsCollectIp collect_ip)
{
  GstCallstatsSelectedPairs *self = g_new0 (GstCallstatsSelectedPairs, 1);

  self->collect_ip = collect_ip;
  self->selected = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, selected_free);
  return self;
}

void
gst_callstats_selected_pairs_free (GstCallstatsSelectedPairs *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->selected);
  g_free (self);
}
