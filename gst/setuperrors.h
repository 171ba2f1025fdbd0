/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Listens on the bus of a pipeline for what hinders the setup of calls, beside whoever
 * reads it.
 *
 * Any thread.
 */
#pragma once

#include "buserror.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsSetupErrors GstCallstatsSetupErrors;

/* On the monitor thread. */
typedef void (*GstCallstatsSetupErrorFunc) (
    const GstCallstatsBusError *error, gpointer user_data);

/* Of the pipeline that element is in. notify is called on the monitor thread once no call
 * of func can come any more. */
GstCallstatsSetupErrors *gst_callstats_setup_errors_new (GstElement *element,
    GstCallstatsSetupErrorFunc func, gpointer user_data, GDestroyNotify notify);
void gst_callstats_setup_errors_free (GstCallstatsSetupErrors *errors);

G_END_DECLS
