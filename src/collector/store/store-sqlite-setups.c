/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The delays of a conference's fabrics, three little-endian IEEE floats each. Threads as
 * in the header.
 */
#include "store-sqlite-setups.h"

#include <math.h>
#include <string.h>

static void
append_delay (GByteArray *bytes, sqlite3_value *value)
{
  float delay = sqlite3_value_type (value) == SQLITE_NULL
                    ? NAN
                    : (float)sqlite3_value_double (value);
  guint32 bits;

  memcpy (&bits, &delay, sizeof bits);
  bits = GUINT32_TO_LE (bits);
  g_byte_array_append (bytes, (const guint8 *)&bits, sizeof bits);
}

static void
step_setups (sqlite3_context *context, int n, sqlite3_value **values)
{
  GByteArray **bytes = sqlite3_aggregate_context (context, sizeof *bytes);

  if (bytes == NULL || sqlite3_value_type (values[0]) == SQLITE_NULL)
    return;
  if (*bytes == NULL)
    *bytes = g_byte_array_new ();
  if ((*bytes)->len >= STORE_MAX_SETUPS * STORE_SETUP_BYTES)
    return;
  for (int i = 0; i < STORE_SETUP_DELAYS; i++)
    append_delay (*bytes, values[i]);
}

static void
finish_setups (sqlite3_context *context)
{
  GByteArray **bytes = sqlite3_aggregate_context (context, 0);

  if (bytes == NULL || *bytes == NULL)
    return;
  sqlite3_result_blob (context, (*bytes)->data, (int)(*bytes)->len, SQLITE_TRANSIENT);
  g_byte_array_unref (*bytes);
}

gboolean
sqlite_add_setups (sqlite3 *db, GError **error)
{
  if (sqlite3_create_function (db, "pack_setups", STORE_SETUP_DELAYS,
          SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, NULL, step_setups,
          finish_setups) != SQLITE_OK)
    return sqlite_set_error (db, "The database takes no functions", error);
  return TRUE;
}
