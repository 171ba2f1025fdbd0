/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sealed secrets: "sealed:" and the base64 of version, nonce, ciphertext and tag. Any
 * thread.
 */
#include "seal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "callstats/callstats-error.h"
#include "private-file.h"

#define VERSION 1
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define KEY_BYTES 32
#define OVERHEAD (1 + NONCE_BYTES + TAG_BYTES)
#define MAX_SEALED 8192

#define WHAT "seal key file"

struct _SealKey {
  guint8 bytes[KEY_BYTES];
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

void
seal_key_free (SealKey *key)
{
  if (key == NULL)
    return;
  explicit_bzero (key, sizeof *key);
  g_free (key);
}

static gpointer
fail (GError **error, const char *app, const char *why)
{
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "a sealed secret of application \"%s\" %s", app, why);
  return NULL;
}

/* g_base64_decode() passes over what is no base64. */
static gboolean
is_base64 (const char *text, gsize length)
{
  const char *end = text + strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "+/");

  return length % 4 == 0 && end + strspn (end, "=") == text + length &&
         text + length - end <= 2;
}

SealKey *
seal_key_read (const char *path, GError **error)
{
  g_autoptr (PrivateFile) file = private_file_read (WHAT, path, error);
  SealKey *key;
  gsize length = 0;

  if (file == NULL || !private_file_check_mode (file, WHAT, path, error))
    return NULL;
  g_strchomp (file->text);
  if (is_base64 (file->text, strlen (file->text)))
    g_base64_decode_inplace (file->text, &length);
  if (length != KEY_BYTES) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        WHAT " \"%s\" holds no key of 32 bytes in base64, as openssl rand -base64 32 "
             "writes it",
        path);
    return NULL;
  }
  key = g_new (SealKey, 1);
  memcpy (key->bytes, file->text, KEY_BYTES);
  return key;
}

/* Returns: whether data became its other form, which is as long. Sealing fills in tag;
 * opening checks it. */
static gboolean
run_cipher (const SealKey *key, const char *app, const guint8 *nonce, const guint8 *data,
    int length, guint8 *result, guint8 *tag, gboolean sealing)
{
  g_autoptr (EVP_CIPHER_CTX) context = EVP_CIPHER_CTX_new ();
  int n;

  if (context == NULL || EVP_CipherInit_ex (context, EVP_aes_256_gcm (), NULL, key->bytes,
                             nonce, sealing) != 1)
    return FALSE;
  if (!sealing &&
      EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) != 1)
    return FALSE;
  if (EVP_CipherUpdate (context, NULL, &n, (const guint8 *)app, (int)strlen (app)) != 1 ||
      EVP_CipherUpdate (context, result, &n, data, length) != 1 ||
      EVP_CipherFinal_ex (context, result + n, &n) != 1)
    return FALSE;
  return !sealing ||
         EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag) == 1;
}

char *
seal_secret (const SealKey *key, const char *app, const char *secret, GError **error)
{
  gsize length = strlen (secret);
  g_autofree guint8 *blob = g_malloc (length + OVERHEAD);
  guint8 *nonce = blob + 1;
  guint8 *data = nonce + NONCE_BYTES;
  g_autofree char *text = NULL;

  blob[0] = VERSION;
  if (RAND_bytes (nonce, NONCE_BYTES) != 1 ||
      !run_cipher (key, app, nonce, (const guint8 *)secret, (int)length, data,
          data + length, TRUE))
    return fail (error, app, "cannot be made: libcrypto refuses");
  text = g_base64_encode (blob, length + OVERHEAD);
  return g_strconcat (SEAL_PREFIX, text, NULL);
}

char *
seal_open (const SealKey *key, const char *app, const char *sealed, GError **error)
{
  const char *text = sealed + strlen (SEAL_PREFIX);
  g_autofree guint8 *blob = NULL;
  g_autofree char *secret = NULL;
  gsize length;

  if (strlen (text) > MAX_SEALED || !is_base64 (text, strlen (text)))
    return fail (error, app, "is no base64; it was changed since it was sealed");
  blob = g_base64_decode (text, &length);
  if (length <= OVERHEAD || blob[0] != VERSION)
    return fail (error, app, "is cut, or sealed by a newer version of this program");
  length -= OVERHEAD;
  secret = g_malloc0 (length + 1);
  if (run_cipher (key, app, blob + 1, blob + 1 + NONCE_BYTES, (int)length,
          (guint8 *)secret, blob + 1 + NONCE_BYTES + length, FALSE))
    return g_steal_pointer (&secret);
  explicit_bzero (secret, length);
  return fail (error, app,
      "does not open: the seal key file holds another key than it was sealed with, or "
      "the line was changed or comes from another application");
}
