/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Properties' twins in the environment: backend-url is CALLSTATS_BACKEND_URL.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Sets every writable scalar property of the object's own class whose twin is set. A
 * value that does not fit is told to failed() and passed over. */
void gst_callstats_set_from_environment (GObject *object,
    void (*failed) (GObject *object, const char *variable, const char *wanted));

/* Whether a twin of the property is set. */
gboolean gst_callstats_is_in_environment (const char *property);

G_END_DECLS
