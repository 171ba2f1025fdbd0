/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The functions of callstats that may run on threads which are not its own.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  ALLOWED_INNER,   /* within one of the others only */
  ALLOWED_PROBE,   /* for a packet, frame or event where it passes */
  ALLOWED_HANDLER, /* of a signal that is rare, also on threads that carry media */
  ALLOWED_ANSWER,  /* on webrtcbin's own thread, or where an application negotiates */
} AllowedGroup;

typedef struct {
  const char *name; /* with * at its end: all that begin so */
  AllowedGroup group;
  guint most; /* functions entered within it, itself too, if it is the outermost */
} Allowed;

/* Returns: (nullable) */
const Allowed *allowed_find (const char *function);

/* Whether that function may call what is wrapped, where no media pass. */
gboolean allowed_is_call (const char *function, const char *called);

G_END_DECLS
