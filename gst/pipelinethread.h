/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The thread that looks at pipelines: one a process, made when first needed.
 *
 * An element's property may wait for a sound server or for the element's own locks. The
 * monitor thread must not wait for either, and no callback may read it, so it is read
 * here. A thread that waits delays what pipelines tell, nothing else.
 *
 * Any thread.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Calls func once on the pipeline thread, in the order of posting; notify frees user_data
 * there. */
void gst_callstats_pipeline_invoke (
    GSourceFunc func, gpointer user_data, GDestroyNotify notify);
/* Returns: (transfer full): to be destroyed on the pipeline thread, or by FALSE of func.
 */
GSource *gst_callstats_pipeline_add_timeout (
    guint interval_ms, GSourceFunc func, gpointer user_data, GDestroyNotify notify);

G_END_DECLS
