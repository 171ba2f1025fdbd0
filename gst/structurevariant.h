/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GStreamer's structures and the library's a{sv}. Pure, any thread.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Nested values become strings of JSON. Returns: (transfer full) */
GstStructure *gst_callstats_structure_from_variant (const char *name, GVariant *data);

/* Strings, numbers, truth values, structures, arrays and lists; the names of the fields
 * are kept. NULL gives an empty one. Returns: (transfer floating) */
GVariant *gst_callstats_variant_from_structure (const GstStructure *structure);

G_END_DECLS
