/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What libnice's agent knows of one transport.
 *
 * libnice is not linked to, for it may bring libsoup 3 along, which aborts a process that
 * has libsoup 2: where there is a nicesink libnice is loaded, and is asked for its
 * functions. on_selected() runs on webrtcbin's ICE thread, with no lock held; it copies.
 * The rest takes no lock but libnice's own.
 */
#include "candidatesagent.h"

#ifdef HAVE_NICE

#include <dlfcn.h>
#include <nice/agent.h>

#define LIBNICE "libnice.so.10"
#define MAX_QUEUED 32
#define DISCARD_PORT 9
/* How old candidates may be once ICE has what it wants. */
#define MAX_AGE (5 * G_TIME_SPAN_SECOND)
/* Of what libnice's priorities begin with, for relays over UDP. */
#define RELAY_UDP 30

#define FUNCTIONS(X) \
  X (nice_agent_get_component_state) \
  X (nice_agent_get_local_candidates) \
  X (nice_agent_get_local_credentials) \
  X (nice_agent_get_remote_candidates) \
  X (nice_agent_get_selected_pair) \
  X (nice_address_equal) \
  X (nice_address_get_port) \
  X (nice_address_is_valid) \
  X (nice_address_to_string) \
  X (nice_candidate_free) \
  X (nice_candidate_stun_server_address)

#define DECLARE(function) __typeof__ (function) *function;
static struct {
  FUNCTIONS (DECLARE)
} libnice;

/* One that was selected, on its way to the monitor thread. */
typedef struct {
  GstCallstatsIceCandidate *local, *remote;
  GstCallstatsTraffic traffic;
} Selection;

/* What the handler holds. */
typedef struct {
  GstCallstatsWire *wire;
  guint stream, component;
  GMutex lock;
  GQueue selections; /* Selection */
} Ears;

struct _GstCallstatsIceAgent {
  NiceAgent *agent;
  gulong handler;
  Ears *ears;
  gboolean was_connected;
  GPtrArray *candidates; /* nullable: as they were at read_at */
  gint64 read_at;
  gboolean was_ready;
};

/* Returns: whether libnice is there, and new enough */
static gboolean
find_functions (void)
{
  static gsize found;
  enum { FOUND = 1, MISSING };

  if (g_once_init_enter (&found)) {
    void *library = dlopen (LIBNICE, RTLD_NOLOAD | RTLD_LAZY);
    gboolean all = library != NULL;

#define FIND(function) \
  if (all) \
    all = (libnice.function = \
                  (__typeof__ (libnice.function))dlsym (library, #function)) != NULL;
    FUNCTIONS (FIND)
    g_once_init_leave (&found, all ? FOUND : MISSING);
  }
  return found == FOUND;
}

void
gst_callstats_ice_agent_prepare (void)
{
  void *library = dlopen (LIBNICE, RTLD_NOLOAD | RTLD_LAZY);

  if (library == NULL)
    return;
  find_functions ();
  dlclose (library);
}

/* Candidates */

static char *
to_string (const NiceAddress *address)
{
  char text[NICE_ADDRESS_STRING_LEN];

  if (!libnice.nice_address_is_valid (address))
    return NULL;
  libnice.nice_address_to_string (address, text);
  return g_strdup (text);
}

static const char *
get_type (NiceCandidateType type)
{
  static const char *const types[] = {
    [NICE_CANDIDATE_TYPE_HOST] = "host",
    [NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE] = "srflx",
    [NICE_CANDIDATE_TYPE_PEER_REFLEXIVE] = "prflx",
    [NICE_CANDIDATE_TYPE_RELAYED] = "relay",
  };

  return (guint)type < G_N_ELEMENTS (types) ? types[type] : NULL;
}

static const char *
get_tcp_type (NiceCandidateTransport transport)
{
  static const char *const types[] = {
    [NICE_CANDIDATE_TRANSPORT_TCP_ACTIVE] = "active",
    [NICE_CANDIDATE_TRANSPORT_TCP_PASSIVE] = "passive",
    [NICE_CANDIDATE_TRANSPORT_TCP_SO] = "so",
  };

  return (guint)transport < G_N_ELEMENTS (types) ? types[transport] : NULL;
}

/* Of a relay neither the address is told, which a copy of a candidate has lost up to
 * libnice 0.1.21 at least, nor whether it is TCP or TLS by which it is reached. */
static void
read_server (const NiceCandidate *from, GstCallstatsIceCandidate *to)
{
  NiceAddress server;

  if (from->type == NICE_CANDIDATE_TYPE_RELAYED && from->priority >> 24 == RELAY_UDP)
    to->relay_protocol = "udp";
  if (from->type != NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE ||
      !libnice.nice_candidate_stun_server_address (from, &server))
    return;
  to->stun_server = to_string (&server);
  to->stun_port = libnice.nice_address_get_port (&server);
}

/* Where it is, and for one of our own where it comes from: what it is called by may
 * change, when a peer reflexive candidate is signalled after all. */
static char *
make_id (const NiceCandidate *from, gboolean remote)
{
  g_autofree char *address = to_string (&from->addr);
  g_autofree char *base = remote ? NULL : to_string (&from->base_addr);
  g_autofree char *identity = g_strdup_printf ("%u %u %s %u %s %u", from->stream_id,
      from->transport, address, libnice.nice_address_get_port (&from->addr), base,
      remote ? 0 : libnice.nice_address_get_port (&from->base_addr));

  return gst_callstats_ice_candidate_make_id (remote, identity);
}

/* Where an active one will connect from is not known: it is told as one that discards
 * (RFC 6544). */
static guint
get_port (const NiceCandidate *from)
{
  guint port = libnice.nice_address_get_port (&from->addr);

  return port == 0 && from->transport == NICE_CANDIDATE_TRANSPORT_TCP_ACTIVE
             ? DISCARD_PORT
             : port;
}

/* Peer reflexive ones may have none but themselves. */
static gboolean
has_related (const NiceCandidate *from)
{
  return from->type != NICE_CANDIDATE_TYPE_HOST &&
         libnice.nice_address_is_valid (&from->base_addr) &&
         !libnice.nice_address_equal (&from->addr, &from->base_addr);
}

static GstCallstatsIceCandidate *
read_candidate (const NiceCandidate *from, gboolean remote)
{
  GstCallstatsIceCandidate *to = g_new0 (GstCallstatsIceCandidate, 1);

  to->remote = remote;
  to->id = make_id (from, remote);
  to->address = to_string (&from->addr);
  to->port = get_port (from);
  to->priority = from->priority;
  to->protocol = from->transport == NICE_CANDIDATE_TRANSPORT_UDP ? "udp" : "tcp";
  to->candidate_type = get_type (from->type);
  to->tcp_type = get_tcp_type (from->transport);
  to->foundation = g_strndup (from->foundation, sizeof from->foundation);
  to->username_fragment = g_strdup (from->username);
  if (has_related (from)) {
    to->related_address = to_string (&from->base_addr);
    to->related_port = libnice.nice_address_get_port (&from->base_addr);
  }
  if (!remote)
    read_server (from, to);
  return to;
}

/* Selections */

static void
selection_free (gpointer data)
{
  Selection *selection = data;

  gst_callstats_ice_candidate_free (selection->local);
  gst_callstats_ice_candidate_free (selection->remote);
  g_free (selection);
}

static void
ears_clear (gpointer data)
{
  Ears *ears = data;

  g_queue_clear_full (&ears->selections, selection_free);
  gst_callstats_wire_unref (ears->wire);
  g_mutex_clear (&ears->lock);
}

static void
ears_release (gpointer ears, GClosure *closure)
{
  g_atomic_rc_box_release_full (ears, ears_clear);
}

static void
hear (Ears *ears, const NiceCandidate *local, const NiceCandidate *remote)
{
  Selection *selection = g_new0 (Selection, 1);

  selection->local = read_candidate (local, FALSE);
  selection->remote = read_candidate (remote, TRUE);
  gst_callstats_wire_get_traffic (ears->wire, &selection->traffic);
  g_mutex_lock (&ears->lock);
  g_queue_push_tail (&ears->selections, selection);
  selection =
      ears->selections.length > MAX_QUEUED ? g_queue_pop_head (&ears->selections) : NULL;
  g_mutex_unlock (&ears->lock);
  g_clear_pointer (&selection, selection_free);
}

static void
on_selected (NiceAgent *agent, guint stream, guint component, NiceCandidate *local,
    NiceCandidate *remote, gpointer user_data)
{
  Ears *ears = user_data;

  if (stream == ears->stream && component == ears->component && local != NULL &&
      remote != NULL)
    hear (ears, local, remote);
}

/* Looking */

const char *
gst_callstats_ice_agent_get_state (GstCallstatsIceAgent *self)
{
  NiceComponentState state = libnice.nice_agent_get_component_state (
      self->agent, self->ears->stream, self->ears->component);

  switch (state) {
  case NICE_COMPONENT_STATE_DISCONNECTED:
    return self->was_connected ? "disconnected" : "new";
  case NICE_COMPONENT_STATE_GATHERING:
    return "new";
  case NICE_COMPONENT_STATE_CONNECTING:
    return "checking";
  case NICE_COMPONENT_STATE_CONNECTED:
    self->was_connected = TRUE;
    return "connected";
  case NICE_COMPONENT_STATE_READY:
    self->was_connected = TRUE;
    return "completed";
  default:
    return "failed";
  }
}

/* Unknown until there is somebody to check with. */
const char *
gst_callstats_ice_agent_get_role (GstCallstatsIceAgent *self)
{
  NiceComponentState state = libnice.nice_agent_get_component_state (
      self->agent, self->ears->stream, self->ears->component);
  gboolean controlling;

  if (!self->was_connected && state < NICE_COMPONENT_STATE_CONNECTING)
    return "unknown";
  g_object_get (self->agent, "controlling-mode", &controlling, NULL);
  return controlling ? "controlling" : "controlled";
}

char *
gst_callstats_ice_agent_get_username_fragment (GstCallstatsIceAgent *self)
{
  char *fragment = NULL;
  g_autofree char *password = NULL;

  libnice.nice_agent_get_local_credentials (
      self->agent, self->ears->stream, &fragment, &password);
  return fragment;
}

gboolean
gst_callstats_ice_agent_take_selected (
    GstCallstatsIceAgent *self, GstCallstatsIcePairs *pairs)
{
  gboolean changed = FALSE;
  Selection *selection;

  do {
    g_mutex_lock (&self->ears->lock);
    selection = g_queue_pop_head (&self->ears->selections);
    g_mutex_unlock (&self->ears->lock);
    if (selection != NULL) {
      if (selection->local->username_fragment == NULL)
        selection->local->username_fragment =
            gst_callstats_ice_agent_get_username_fragment (self);
      self->was_ready = FALSE; /* there may be other candidates, too */
      changed |= gst_callstats_ice_pairs_select (
          pairs, selection->local, selection->remote, &selection->traffic);
      selection_free (selection);
    }
  } while (selection != NULL);
  return changed;
}

static void
add_candidates (GPtrArray *candidates, GSList *from, gboolean remote)
{
  GSList *item;

  for (item = from; item != NULL; item = item->next) {
    g_ptr_array_add (candidates, read_candidate (item->data, remote));
    libnice.nice_candidate_free (item->data);
  }
  g_slist_free (from);
}

/* What has no name of its own has the stream's. */
static void
name (GPtrArray *candidates, const char *fragment)
{
  guint i;

  for (i = 0; i < candidates->len; i++) {
    GstCallstatsIceCandidate *candidate = g_ptr_array_index (candidates, i);

    if (candidate->username_fragment == NULL)
      candidate->username_fragment = g_strdup (fragment);
  }
}

static GPtrArray *
read_candidates (GstCallstatsIceAgent *self)
{
  g_autofree char *fragment = gst_callstats_ice_agent_get_username_fragment (self);
  GPtrArray *candidates =
      g_ptr_array_new_with_free_func (gst_callstats_ice_candidate_free);
  const Ears *ears = self->ears;

  add_candidates (candidates,
      libnice.nice_agent_get_local_candidates (
          self->agent, ears->stream, ears->component),
      FALSE);
  name (candidates, fragment);
  add_candidates (candidates,
      libnice.nice_agent_get_remote_candidates (
          self->agent, ears->stream, ears->component),
      TRUE);
  return candidates;
}

/* libnice gives copies of them all: they are not asked for each report. */
GPtrArray *
gst_callstats_ice_agent_get_candidates (GstCallstatsIceAgent *self)
{
  gint64 now = g_get_monotonic_time ();
  gboolean is_ready =
      libnice.nice_agent_get_component_state (self->agent, self->ears->stream,
          self->ears->component) == NICE_COMPONENT_STATE_READY;

  if (self->candidates == NULL || !self->was_ready || !is_ready ||
      now - self->read_at >= MAX_AGE) {
    g_clear_pointer (&self->candidates, g_ptr_array_unref);
    self->candidates = read_candidates (self);
    self->read_at = now;
  }
  self->was_ready = is_ready;
  return g_ptr_array_ref (self->candidates);
}

/* Beginning and ending */

static Ears *
ears_new (GstCallstatsWire *wire, GstElement *sink)
{
  Ears *ears = g_atomic_rc_box_new0 (Ears);

  ears->wire = gst_callstats_wire_ref (wire);
  g_mutex_init (&ears->lock);
  g_queue_init (&ears->selections);
  g_object_get (sink, "stream", &ears->stream, "component", &ears->component, NULL);
  return ears;
}

static NiceAgent *
find_agent (GstElement *sink)
{
  GstElementFactory *factory = gst_element_get_factory (sink);
  NiceAgent *agent = NULL;

  if (factory == NULL || g_strcmp0 (GST_OBJECT_NAME (factory), "nicesink") != 0 ||
      !find_functions ())
    return NULL;
  g_object_get (sink, "agent", &agent, NULL);
  return agent;
}

/* What was selected before the handler was there; if both hear of one it counts once. */
static void
hear_selected (GstCallstatsIceAgent *self)
{
  NiceCandidate *local = NULL, *remote = NULL;

  if (libnice.nice_agent_get_selected_pair (
          self->agent, self->ears->stream, self->ears->component, &local, &remote))
    hear (self->ears, local, remote);
}

GstCallstatsIceAgent *
gst_callstats_ice_agent_new (GstCallstatsWire *wire, GstElement *sink, gboolean found)
{
  NiceAgent *agent = find_agent (sink);
  GstCallstatsIceAgent *self;

  if (agent == NULL)
    return NULL;
  self = g_new0 (GstCallstatsIceAgent, 1);
  self->agent = agent;
  self->ears = ears_new (wire, sink);
  self->handler = g_signal_connect_data (agent, "new-selected-pair-full",
      G_CALLBACK (on_selected), g_atomic_rc_box_acquire (self->ears), ears_release, 0);
  if (found)
    hear_selected (self);
  return self;
}

void
gst_callstats_ice_agent_free (GstCallstatsIceAgent *self)
{
  if (self == NULL)
    return;
  g_signal_handler_disconnect (self->agent, self->handler);
  g_object_unref (self->agent);
  g_clear_pointer (&self->candidates, g_ptr_array_unref);
  ears_release (self->ears, NULL);
  g_free (self);
}

#else

void
gst_callstats_ice_agent_prepare (void)
{
}

GstCallstatsIceAgent *
gst_callstats_ice_agent_new (GstCallstatsWire *wire, GstElement *sink, gboolean found)
{
  return NULL;
}

void
gst_callstats_ice_agent_free (GstCallstatsIceAgent *self)
{
}

gboolean
gst_callstats_ice_agent_take_selected (
    GstCallstatsIceAgent *self, GstCallstatsIcePairs *pairs)
{
  return FALSE;
}

const char *
gst_callstats_ice_agent_get_state (GstCallstatsIceAgent *self)
{
  return NULL;
}

const char *
gst_callstats_ice_agent_get_role (GstCallstatsIceAgent *self)
{
  return NULL;
}

char *
gst_callstats_ice_agent_get_username_fragment (GstCallstatsIceAgent *self)
{
  return NULL;
}

GPtrArray *
gst_callstats_ice_agent_get_candidates (GstCallstatsIceAgent *self)
{
  return NULL;
}

#endif
