/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Wrappers (-Wl,--wrap) of what callstats' code must not do on a thread that carries
 * media: emit signals, wait, change states, write logs, use files, sockets or much time.
 * Each tells the trace and goes on. Any thread.
 */
#include <gst/gst.h>
#include <stdarg.h>
#include <sys/socket.h>

#include "trace-private.h"

/* The linker also looks at references of shared libraries, which nothing is changed for.
 */
#pragma GCC visibility push(default)

#define WRAP(result, name, parameters, arguments) \
  result __real_##name parameters; \
  result __wrap_##name parameters; \
  result __wrap_##name parameters \
  { \
    trace_note_call (#name); \
    return __real_##name arguments; \
  }

/* clang-format off: a row each */

/* Signals of ours run code of others. */
WRAP (void, g_object_set_property,
    (GObject * object, const char *name, const GValue *value), (object, name, value))
WRAP (gboolean, gst_element_post_message, (GstElement * element, GstMessage *message),
    (element, message))

/* Waiting */
WRAP (GstPromiseResult, gst_promise_wait, (GstPromise * promise), (promise))
WRAP (gpointer, g_thread_join, (GThread * thread), (thread))
WRAP (GstStateChangeReturn, gst_element_set_state, (GstElement * element, GstState state),
    (element, state))

/* Files, sockets, modules */
WRAP (gboolean, g_file_get_contents,
    (const char *name, char **text, gsize *size, GError **error),
    (name, text, size, error))
WRAP (int, close, (int fd), (fd))
WRAP (int, fsync, (int fd), (fd))
WRAP (int, fdatasync, (int fd), (fd))
WRAP (int, renameat, (int from_folder, const char *from, int to_folder, const char *to),
    (from_folder, from, to_folder, to))
WRAP (int, unlinkat, (int folder, const char *name, int flags), (folder, name, flags))
WRAP (gssize, pread64, (int fd, void *data, gsize size, gint64 offset),
    (fd, data, size, offset))
WRAP (gssize, pwrite64, (int fd, const void *data, gsize size, gint64 offset),
    (fd, data, size, offset))
WRAP (int, flock, (int fd, int operation), (fd, operation))
WRAP (int, socket, (int family, int type, int protocol), (family, type, protocol))
WRAP (gssize, recv, (int fd, void *data, gsize size, int flags), (fd, data, size, flags))
WRAP (void *, dlopen, (const char *name, int flags), (name, flags))
WRAP (GstElement *, gst_element_factory_make, (const char *factory, const char *name),
    (factory, name))

/* Threads */
WRAP (GThread *, g_thread_new, (const char *name, GThreadFunc run, gpointer data),
    (name, run, data))
WRAP (gboolean, g_thread_pool_push, (GThreadPool * pool, gpointer data, GError **error),
    (pool, data, error))

/* Much time */
WRAP (int, deflate, (void *stream, int flush), (stream, flush))
WRAP (int, inflate, (void *stream, int flush), (stream, flush))
WRAP (gboolean, json_parser_load_from_data,
    (gpointer parser, const char *text, gssize size, GError **error),
    (parser, text, size, error))
WRAP (GRegex *, g_regex_new,
    (const char *pattern, GRegexCompileFlags flags, GRegexMatchFlags match,
        GError **error),
    (pattern, flags, match, error))
WRAP (char *, jwt_encode_str, (gpointer jwt), (jwt))
WRAP (char *, g_compute_checksum_for_string,
    (GChecksumType type, const char *text, gssize size), (type, text, size))

/* clang-format on */

/* With arguments that are not listed */

void __wrap_g_signal_emit (gpointer instance, guint signal, GQuark detail, ...);
void __wrap_g_signal_emit_by_name (gpointer instance, const char *signal, ...);
void __wrap_g_object_set (gpointer object, const char *first, ...);
void __wrap_g_log (const char *domain, GLogLevelFlags level, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
int __real_openat64 (int folder, const char *name, int flags, ...);
int __wrap_openat64 (int folder, const char *name, int flags, ...);

void
__wrap_g_signal_emit (gpointer instance, guint signal, GQuark detail, ...)
{
  va_list arguments;

  trace_note_call ("g_signal_emit");
  va_start (arguments, detail);
  g_signal_emit_valist (instance, signal, detail, arguments);
  va_end (arguments);
}

void
__wrap_g_signal_emit_by_name (gpointer instance, const char *signal, ...)
{
  va_list arguments;
  GQuark detail;
  guint id;

  trace_note_call ("g_signal_emit_by_name");
  g_assert_true (
      g_signal_parse_name (signal, G_OBJECT_TYPE (instance), &id, &detail, TRUE));
  va_start (arguments, signal);
  g_signal_emit_valist (instance, id, detail, arguments);
  va_end (arguments);
}

void
__wrap_g_object_set (gpointer object, const char *first, ...)
{
  va_list arguments;

  trace_note_call ("g_object_set");
  va_start (arguments, first);
  g_object_set_valist (object, first, arguments);
  va_end (arguments);
}

void
__wrap_g_log (const char *domain, GLogLevelFlags level, const char *format, ...)
{
  va_list arguments;

  trace_note_call ("g_log");
  va_start (arguments, format);
  g_logv (domain, level, format, arguments);
  va_end (arguments);
}

int
__wrap_openat64 (int folder, const char *name, int flags, ...)
{
  va_list arguments;
  int mode;

  trace_note_call ("openat64");
  va_start (arguments, flags);
  mode = va_arg (arguments, int);
  va_end (arguments);
  return __real_openat64 (folder, name, flags, mode);
}

/* Locks */

void __wrap_g_mutex_lock (GMutex *mutex);
void __wrap_g_mutex_unlock (GMutex *mutex);
void __real_g_mutex_clear (GMutex *mutex);
void __wrap_g_mutex_clear (GMutex *mutex);
gboolean __real_g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end);
gboolean __wrap_g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end);

void
__wrap_g_mutex_lock (GMutex *mutex)
{
  __real_g_mutex_lock (mutex);
  trace_note_lock (mutex);
}

void
__wrap_g_mutex_unlock (GMutex *mutex)
{
  trace_note_unlock (mutex);
  __real_g_mutex_unlock (mutex);
}

void
__wrap_g_mutex_clear (GMutex *mutex)
{
  trace_note_clear (mutex);
  __real_g_mutex_clear (mutex);
}

gboolean
__wrap_g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end)
{
  trace_note_call ("g_cond_wait_until");
  trace_note_wait (mutex);
  return __real_g_cond_wait_until (cond, mutex, end);
}
