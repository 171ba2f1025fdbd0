/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * By whose leave a shared delivery connects. Its members are the same user of the same
 * application, so the token of any of them is good for all: those that were set last go
 * first, then those of the others, each once. Monitor thread only.
 */
#include "callstats-exchange-inside-private.h"
#include "callstats-monitor.h"

#define ANSWER_MS 5000 /* then the next member is asked for a token */

static gboolean
has_token (const CallstatsConfiguration *configuration)
{
  return configuration->token != NULL && *configuration->token != '\0';
}

/* The application answers for this member. */
static gboolean
can_be_asked (const CallstatsMember *member)
{
  return has_token (member->configuration) ||
         callstats_configuration_needs_token (member->configuration);
}

static CallstatsMember *
member_at (CallstatsExchange *self, guint index)
{
  return g_ptr_array_index (self->members, index);
}

/* Asking, one member after another */

static void
stop_asking (CallstatsExchange *self)
{
  callstats_exchange_clear_source (&self->asking);
}

static void ask_next (CallstatsExchange *self);

static gboolean
on_no_answer (gpointer user_data)
{
  CallstatsExchange *self = user_data;

  stop_asking (self);
  ask_next (self);
  return G_SOURCE_REMOVE;
}

static void
ask_next (CallstatsExchange *self)
{
  while (self->to_ask < self->members->len) {
    CallstatsMember *member = member_at (self, self->to_ask++);

    if (!can_be_asked (member))
      continue;
    self->asking = callstats_monitor_add_timeout (ANSWER_MS, on_no_answer, self, NULL);
    member->callbacks.need_token (self->force, member->user_data);
    return;
  }
}

static void
ask (CallstatsExchange *self, gboolean force)
{
  stop_asking (self);
  self->to_ask = 0;
  self->wanted = TRUE;
  self->force = force;
  ask_next (self);
}

gboolean
callstats_exchange_ask_token (gpointer user_data)
{
  CallstatsExchange *self = user_data;

  if (!self->token_is_given)
    return FALSE;
  ask (self, FALSE);
  return TRUE;
}

/* Tokens */

static char *
make_token (CallstatsExchange *self, const CallstatsConfiguration *configuration,
    const char *audience, gint64 now, GError **error)
{
  char *token = callstats_configuration_make_token (configuration, audience, now, error);

  if (token != NULL)
    self->token_is_given = has_token (configuration);
  return token;
}

/* Of several errors, the first is told. */
static char *
try_member (CallstatsExchange *self, CallstatsMember *member, const char *audience,
    gint64 now, GError **error)
{
  char *token;

  if (member->refused)
    return NULL;
  token = make_token (
      self, member->configuration, audience, now, *error == NULL ? error : NULL);
  if (token != NULL)
    self->trying = member;
  return token;
}

static char *
try_members (CallstatsExchange *self, const char *audience, gint64 now, GError **error)
{
  char *token = NULL;
  guint i;

  if (self->preferred != NULL)
    token = try_member (self, self->preferred, audience, now, error);
  for (i = 0; token == NULL && i < self->members->len; i++) {
    if (member_at (self, i) != self->preferred)
      token = try_member (self, member_at (self, i), audience, now, error);
  }
  return token;
}

static gboolean
anyone (CallstatsExchange *self, gboolean (*is_so) (const CallstatsMember *member))
{
  guint i;

  for (i = 0; i < self->members->len; i++) {
    if (is_so (member_at (self, i)))
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_untried (const CallstatsMember *member)
{
  return !member->refused;
}

static gboolean
needs_token (const CallstatsMember *member)
{
  return callstats_configuration_needs_token (member->configuration);
}

static gboolean
has_credentials (const CallstatsMember *member)
{
  return has_token (member->configuration) || !needs_token (member);
}

static void
forgive (CallstatsExchange *self)
{
  guint i;

  for (i = 0; i < self->members->len; i++)
    member_at (self, i)->refused = FALSE;
}

/* A token that only the application can make is asked for; its coming restarts the
 * delivery, which until then has stopped with the error. */
char *
callstats_exchange_get_token (
    const char *audience, gint64 now, gpointer user_data, GError **error)
{
  CallstatsExchange *self = user_data;
  g_autoptr (GError) first = NULL;
  char *token;

  if (self->left != NULL)
    return make_token (self, self->left, audience, now, error);
  if (!anyone (self, is_untried))
    forgive (self);
  token = try_members (self, audience, now, &first);
  if (token != NULL)
    return token;
  if (anyone (self, needs_token))
    ask (self, FALSE);
  g_propagate_error (error, g_steal_pointer (&first));
  return NULL;
}

/* What the backend thinks of them */

void
callstats_exchange_accept_credentials (CallstatsExchange *self)
{
  if (self->trying != NULL)
    self->preferred = self->trying;
}

/* Returns: whether the application had given it. */
static gboolean
forget_token (CallstatsExchange *self, const char *token)
{
  gboolean was_given = FALSE;
  guint i;

  for (i = 0; i < self->members->len; i++) {
    CallstatsMember *member = member_at (self, i);

    if (g_strcmp0 (member->configuration->token, token) != 0)
      continue;
    g_clear_pointer (&member->configuration->token, g_free);
    member->token_refused = was_given = TRUE;
  }
  return was_given;
}

static void
refuse_credentials (CallstatsExchange *self)
{
  guint i;

  for (i = 0; self->trying != NULL && i < self->members->len; i++) {
    CallstatsMember *member = member_at (self, i);

    member->refused |= callstats_configuration_same_credentials (
        member->configuration, self->trying->configuration);
  }
}

/* Where nobody has a secret either, only the application can make another one. */
gboolean
callstats_exchange_token_refused (const char *token, gpointer user_data)
{
  CallstatsExchange *self = user_data;

  if (!forget_token (self, token)) {
    refuse_credentials (self);
    return FALSE;
  }
  if (anyone (self, has_credentials) || !anyone (self, needs_token))
    return FALSE;
  ask (self, TRUE);
  return TRUE;
}

/* Members' coming, changing and going */

static void
use_credentials (CallstatsExchange *self, CallstatsMember *member)
{
  stop_asking (self);
  self->wanted = FALSE;
  self->preferred = member;
  self->retrying = TRUE;
  callstats_delivery_restart (self->delivery);
}

/* Another client is worth another try, unless it has nothing to try with. */
void
callstats_exchange_add_credentials (
    CallstatsExchange *self, CallstatsMember *member, CallstatsDeliveryState state)
{
  if (!self->wanted && state != CALLSTATS_DELIVERY_STOPPED)
    return;
  forgive (self);
  if (!self->wanted || has_credentials (member))
    use_credentials (self, member);
  else if (self->asking == NULL)
    ask_next (self);
}

void
callstats_exchange_renew_credentials (
    CallstatsExchange *self, CallstatsMember *member, gboolean known)
{
  /* It is forgotten until another one is set, or the same by hand. */
  if (known && member->token_refused)
    g_clear_pointer (&member->configuration->token, g_free);
  if (known)
    return;
  member->token_refused = FALSE;
  member->refused = FALSE;
  use_credentials (self, member);
}

/* Who was asked and goes does not answer. */
void
callstats_exchange_forget_credentials (
    CallstatsExchange *self, CallstatsMember *member, guint index)
{
  if (self->trying == member)
    self->trying = NULL;
  if (self->preferred == member)
    self->preferred = NULL;
  if (index >= self->to_ask)
    return;
  self->to_ask--;
  if (self->asking == NULL || index < self->to_ask)
    return;
  stop_asking (self);
  self->asking = callstats_monitor_add_timeout (0, on_no_answer, self, NULL);
}
