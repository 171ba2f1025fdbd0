/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the process itself uses. Any thread.
 */
#include "metrics-process.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "metrics-text.h"

/* Fields of /proc/self/stat, counted from the one behind the program's name. */
#define FIELD_START 19
#define FIELD_RESIDENT 21

static double
seconds (struct timeval time)
{
  return (double)time.tv_sec + (double)time.tv_usec / G_USEC_PER_SEC;
}

static void
append_cpu (GString *text)
{
  struct rusage usage;

  if (getrusage (RUSAGE_SELF, &usage) != 0)
    return;
  metrics_text_family (text, "process_cpu_seconds_total", "counter",
      "User and system CPU time spent in seconds.");
  metrics_text_value (text, "process_cpu_seconds_total",
      seconds (usage.ru_utime) + seconds (usage.ru_stime), NULL);
}

static void
append_memory (GString *text, char **fields)
{
  metrics_text_family (
      text, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.");
  metrics_text_count (text, "process_resident_memory_bytes",
      g_ascii_strtoull (fields[FIELD_RESIDENT], NULL, 10) *
          (guint64)sysconf (_SC_PAGESIZE),
      NULL);
}

/* Returns: seconds since the epoch; 0: unknown. */
static double
read_boot_time (void)
{
  g_autofree char *stat = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/stat", &stat, NULL, NULL))
    return 0;
  line = strstr (stat, "\nbtime ");
  return line != NULL ? g_ascii_strtod (line + strlen ("\nbtime "), NULL) : 0;
}

static void
append_start (GString *text, char **fields)
{
  double boot = read_boot_time ();

  if (boot <= 0)
    return;
  metrics_text_family (text, "process_start_time_seconds", "gauge",
      "Start time of the process since unix epoch in seconds.");
  metrics_text_value (text, "process_start_time_seconds",
      boot + g_ascii_strtod (fields[FIELD_START], NULL) / (double)sysconf (_SC_CLK_TCK),
      NULL);
}

static void
append_files (GString *text)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint64 n = 0;

  if (folder == NULL)
    return;
  while (g_dir_read_name (folder) != NULL)
    n++;
  metrics_text_family (
      text, "process_open_fds", "gauge", "Number of open file descriptors.");
  metrics_text_count (text, "process_open_fds", n - 1, NULL); /* the folder's own */
}

void
metrics_process_append (GString *text)
{
  g_autofree char *stat = NULL;
  g_auto (GStrv) fields = NULL;
  const char *name_end;

  append_cpu (text);
  append_files (text);
  if (!g_file_get_contents ("/proc/self/stat", &stat, NULL, NULL))
    return;
  name_end = strrchr (stat, ')');
  if (name_end == NULL)
    return;
  fields = g_strsplit (name_end + strlen (") "), " ", -1);
  if (g_strv_length (fields) <= FIELD_RESIDENT)
    return;
  append_memory (text, fields);
  append_start (text, fields);
}
