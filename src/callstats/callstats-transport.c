/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Loads the transport module. Monitor thread only.
 *
 * libsoup 3 aborts a process in which libsoup 2 is loaded, so that is looked for first.
 */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include <dlfcn.h>
#include <gmodule.h>

#include "callstats-error.h"
#include "callstats-transport-private.h"

#define MODULE_NAME "callstats-transport-soup"

/* RTLD_NOLOAD also finds a library whose symbols are local to the module that needs it.
 */
static gboolean
libsoup2_is_loaded (void)
{
  void *library = dlopen ("libsoup-2.4.so.1", RTLD_LAZY | RTLD_NOLOAD);

  if (library != NULL)
    dlclose (library);
  return library != NULL || dlsym (RTLD_DEFAULT, "soup_uri_new") != NULL;
}

static GModule *
open_module (GError **error)
{
  const char *folder = g_getenv ("CALLSTATS_TRANSPORT_DIR");
  g_autofree char *path = NULL;
  GModule *module;

  path = g_build_filename (
      folder != NULL ? folder : TRANSPORT_DIR, MODULE_NAME "." G_MODULE_SUFFIX, NULL);
  module = g_module_open (path, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  if (module == NULL)
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
        "The WebSocket transport cannot be loaded (is gst-callstats installed "
        "completely?): "
        "%s",
        g_module_error ());
  return module;
}

const CallstatsTransportVTable *
callstats_transport_load (GError **error)
{
  static const CallstatsTransportVTable *loaded;
  GModule *module;
  gpointer symbol;

  if (loaded != NULL)
    return loaded;
  if (libsoup2_is_loaded ()) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
        "libsoup 2 is loaded in this process, and libsoup 3, which the backend needs, "
        "cannot live beside it: nothing is sent");
    return NULL;
  }
  module = open_module (error);
  if (module == NULL)
    return NULL;

  if (!g_module_symbol (module, CALLSTATS_TRANSPORT_SYMBOL, &symbol) ||
      ((const CallstatsTransportVTable *)symbol)->abi != CALLSTATS_TRANSPORT_ABI) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
        "%s is of another version than libcallstats", g_module_name (module));
    g_module_close (module);
    return NULL;
  }
  g_module_make_resident (module);
  loaded = symbol;
  return loaded;
}
