/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a DTLS server chose, as its ServerHello says. Pure, any thread.
 */
#include "transporthello.h"

#define CONTENT_HANDSHAKE 22
#define HANDSHAKE_SERVER_HELLO 2
#define EXTENSION_USE_SRTP 14
#define EXTENSION_SUPPORTED_VERSIONS 43
#define RANDOM_SIZE 32

/* What is left of a buffer. */
typedef struct {
  const guint8 *data;
  gsize size;
} Reader;

static gboolean
take (Reader *reader, gsize size, Reader *part)
{
  if (reader->size < size)
    return FALSE;
  if (part != NULL)
    *part = (Reader){ reader->data, size };
  reader->data += size;
  reader->size -= size;
  return TRUE;
}

static gboolean
take_number (Reader *reader, gsize size, guint64 *number)
{
  Reader part;
  gsize i;

  if (!take (reader, size, &part))
    return FALSE;
  *number = 0;
  for (i = 0; i < size; i++)
    *number = *number << 8 | part.data[i];
  return TRUE;
}

/* A part with its length, of size bytes, before it. */
static gboolean
take_vector (Reader *reader, gsize size, Reader *part)
{
  guint64 length;

  return take_number (reader, size, &length) && take (reader, length, part);
}

static void
read_extension (guint64 type, Reader body, GstCallstatsServerHello *hello)
{
  Reader profiles;
  guint64 number;

  if (type == EXTENSION_USE_SRTP) {
    if (take_vector (&body, 2, &profiles) && take_number (&profiles, 2, &number))
      hello->srtp_profile = number;
  } else if (type == EXTENSION_SUPPORTED_VERSIONS) {
    if (take_number (&body, 2, &number))
      hello->version = number;
  }
}

static void
read_extensions (Reader extensions, GstCallstatsServerHello *hello)
{
  guint64 type;
  Reader body;

  while (take_number (&extensions, 2, &type) && take_vector (&extensions, 2, &body))
    read_extension (type, body, hello);
}

static gboolean
read_hello (Reader body, GstCallstatsServerHello *hello)
{
  guint64 version, cipher_suite, compression;
  Reader session_id, extensions;

  if (!take_number (&body, 2, &version) || !take (&body, RANDOM_SIZE, NULL) ||
      !take_vector (&body, 1, &session_id) || !take_number (&body, 2, &cipher_suite) ||
      !take_number (&body, 1, &compression))
    return FALSE;
  *hello = (GstCallstatsServerHello){ .version = version, .cipher_suite = cipher_suite };
  if (take_vector (&body, 2, &extensions))
    read_extensions (extensions, hello);
  return TRUE;
}

/* type, length, sequence number, offset and length of the fragment */
static gboolean
read_handshake (Reader record, GstCallstatsServerHello *hello)
{
  guint64 type, length, sequence, offset;
  Reader body;

  while (take_number (&record, 1, &type) && take_number (&record, 3, &length) &&
         take_number (&record, 2, &sequence) && take_number (&record, 3, &offset) &&
         take_vector (&record, 3, &body)) {
    if (type == HANDSHAKE_SERVER_HELLO && offset == 0 && body.size == length)
      return read_hello (body, hello);
  }
  return FALSE;
}

gboolean
gst_callstats_is_dtls (guint8 first)
{
  return first >= 20 && first <= 63;
}

/* What is encrypted has an epoch. */
gboolean
gst_callstats_server_hello_read (
    const guint8 *datagram, gsize size, GstCallstatsServerHello *hello)
{
  Reader reader = { datagram, size };
  guint64 type, version, epoch, sequence;
  Reader record;

  while (take_number (&reader, 1, &type) && take_number (&reader, 2, &version) &&
         take_number (&reader, 2, &epoch) && take_number (&reader, 6, &sequence) &&
         take_vector (&reader, 2, &record)) {
    if (type == CONTENT_HANDSHAKE && epoch == 0 && read_handshake (record, hello))
      return TRUE;
  }
  return FALSE;
}

typedef struct {
  guint16 number;
  const char *name;
} Name;

static const Name cipher_suites[] = {
  { 0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA" },
  { 0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA" },
  { 0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA" },
  { 0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA" },
  { 0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256" },
  { 0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256" },
  { 0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256" },
  { 0x006B, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256" },
  { 0x009C, "TLS_RSA_WITH_AES_128_GCM_SHA256" },
  { 0x009D, "TLS_RSA_WITH_AES_256_GCM_SHA384" },
  { 0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256" },
  { 0x009F, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384" },
  { 0x1301, "TLS_AES_128_GCM_SHA256" },
  { 0x1302, "TLS_AES_256_GCM_SHA384" },
  { 0x1303, "TLS_CHACHA20_POLY1305_SHA256" },
  { 0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" },
  { 0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA" },
  { 0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
  { 0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA" },
  { 0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" },
  { 0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384" },
  { 0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256" },
  { 0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384" },
  { 0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
  { 0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
  { 0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
  { 0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
  { 0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
  { 0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
  { 0xCCAA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
};

static const Name srtp_profiles[] = {
  { 0x0001, "SRTP_AES128_CM_HMAC_SHA1_80" },
  { 0x0002, "SRTP_AES128_CM_HMAC_SHA1_32" },
  { 0x0005, "SRTP_NULL_HMAC_SHA1_80" },
  { 0x0006, "SRTP_NULL_HMAC_SHA1_32" },
  { 0x0007, "SRTP_AEAD_AES_128_GCM" },
  { 0x0008, "SRTP_AEAD_AES_256_GCM" },
};

static const char *
find_name (const Name *names, guint n, guint16 number)
{
  guint i;

  for (i = 0; i < n; i++) {
    if (names[i].number == number)
      return names[i].name;
  }
  return NULL;
}

const char *
gst_callstats_cipher_suite_get_name (guint16 cipher_suite)
{
  return find_name (cipher_suites, G_N_ELEMENTS (cipher_suites), cipher_suite);
}

const char *
gst_callstats_srtp_profile_get_name (guint16 srtp_profile)
{
  return find_name (srtp_profiles, G_N_ELEMENTS (srtp_profiles), srtp_profile);
}
