/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * CSV as RFC 4180 has it, that is safe to open with a spreadsheet. Pure, any thread.
 */
#pragma once

#include <glib.h>

/* Fields of a row are appended one by one, then its end. A text that a spreadsheet would
 * take for a formula gets a ' in front. text: (nullable): an empty field. */
void csv_append_text (GString *csv, const char *text);
void csv_append_int (GString *csv, gint64 value);
/* 7 significant digits. */
void csv_append_number (GString *csv, double value);
void csv_end_row (GString *csv);
