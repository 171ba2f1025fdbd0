/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inside of a client, for its methods in other files. Any thread.
 */
#pragma once

#include "callstats-reporter-private.h"

/* Calls run with the reporter on the monitor thread, in the order of the calls. */
void callstats_client_post (CallstatsClient *self,
    void (*run) (CallstatsReporter *reporter, gpointer data), gpointer data,
    GDestroyNotify notify);

/* FALSE with a CALLSTATS_ERROR_NOT_FOUND: there is no such fabric, or it has ended. NULL
 * is fine. */
gboolean callstats_client_check_fabric (
    CallstatsClient *self, const char *fabric, GError **error);

/* Tells observers of something the user should know. */
void callstats_client_warn (CallstatsClient *self, int code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* One call on its way to the monitor thread. */
typedef struct _CallstatsJob CallstatsJob;
struct _CallstatsJob {
  void (*run) (CallstatsJob *job);
  CallstatsReporter *reporter;
  gint64 time;
  char *fabric;
  char *text;
  char *conference;
  int value;
  CallstatsEndpointType endpoint_type;
  CallstatsTransmissionDirection direction;
  GVariant *data;
  CallstatsReport *report;
  CallstatsConfiguration *configuration;
  CallstatsClientObserver observer;
  GDestroyNotify notify;
  gpointer user_data;
};

/* Of now; run() gets it on the monitor thread. What it points to is freed with it. */
CallstatsJob *callstats_job_new (
    CallstatsClient *self, void (*run) (CallstatsJob *job), const char *fabric);
void callstats_job_post (CallstatsJob *job);

/* The client's signals: what the reporter tells, emitted on the context. */
void callstats_client_install_signals (void);
void callstats_client_start_signals (CallstatsClient *self, GMainContext *context);

/* The properties but stats: ids from 1 to their count. FALSE: there is no such id. */
void callstats_client_install_properties (GObjectClass *klass);
guint callstats_client_count_properties (void);
void callstats_client_init_configuration (CallstatsConfiguration *configuration);
gboolean callstats_client_set_configuration (
    CallstatsConfiguration *configuration, guint id, const GValue *value);
gboolean callstats_client_get_configuration (
    const CallstatsConfiguration *configuration, guint id, GValue *value);
