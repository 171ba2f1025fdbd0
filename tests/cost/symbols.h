/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The names of this program's functions, also of the static ones, which dladdr() does not
 * know: read from its own symbol table. Any thread, once it is read.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void symbols_read (void);

/* "FUNCTION", for a static one "FILE.c:FUNCTION"; NULL: none of this program */
const char *symbols_get_name (gconstpointer function);
/* The first of that name; NULL: there is none */
gpointer symbols_find (const char *name);

G_END_DECLS
