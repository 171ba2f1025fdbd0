/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Properties' twins in the environment. Any thread.
 */
#include "environment.h"

static char *
variable_of (const char *property)
{
  g_autofree char *upper = g_ascii_strup (property, -1);

  return g_strconcat ("CALLSTATS_", g_strdelimit (upper, "-", '_'), NULL);
}

gboolean
gst_callstats_is_in_environment (const char *property)
{
  g_autofree char *variable = variable_of (property);

  return g_getenv (variable) != NULL;
}

static gboolean
has_twin (GObject *object, GParamSpec *pspec)
{
  return pspec->owner_type == G_OBJECT_TYPE (object) &&
         (pspec->flags & G_PARAM_WRITABLE) && !G_IS_PARAM_SPEC_OBJECT (pspec) &&
         !G_IS_PARAM_SPEC_BOXED (pspec);
}

/* FALSE: the text is no value of the property's type, or out of its range. */
static gboolean
set_from_text (GObject *object, GParamSpec *pspec, const char *text)
{
  GValue value = G_VALUE_INIT;
  gboolean ok;

  g_value_init (&value, pspec->value_type);
  ok = gst_value_deserialize_with_pspec (&value, text, pspec) &&
       !g_param_value_validate (pspec, &value);
  if (ok)
    g_object_set_property (object, pspec->name, &value);
  g_value_unset (&value);
  return ok;
}

void
gst_callstats_set_from_environment (GObject *object,
    void (*failed) (GObject *object, const char *variable, const char *wanted))
{
  g_autofree GParamSpec **pspecs = NULL;
  guint n, i;

  pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (object), &n);
  for (i = 0; i < n; i++) {
    g_autofree char *variable = variable_of (pspecs[i]->name);
    const char *text = g_getenv (variable);

    if (text == NULL || !has_twin (object, pspecs[i]))
      continue;
    if (!set_from_text (object, pspecs[i], text))
      failed (object, variable, g_type_name (pspecs[i]->value_type));
  }
}
