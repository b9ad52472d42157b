/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-board/keystore.h"

#include "lampyr-store/state.h"
#include "store_internal.h"

#include <string.h>

enum {
    MAGIC_BYTES = 4,
    SCHEME_AT = 4,
    CRC_AT = 8, /* of what stands before, and of the keys */
    PUBLIC_AT = 12,
    PUBLIC_BYTES = 64,
    PRIVATE_AT = PUBLIC_AT + PUBLIC_BYTES,
    END_AT = PRIVATE_AT + LP_PRIVATE_KEY_BYTES,
};

static const char magic[MAGIC_BYTES] = {'L', 'P', 'K', 'Y'};

static uint16_t public_key_bytes(lp_scheme scheme) {
    return scheme == LP_SCHEME_ED25519 ? 32 : scheme == LP_SCHEME_ECDSA_P256 ? PUBLIC_BYTES : 0;
}

static uint32_t checksum(const uint8_t *page) {
    return lp_crc32(lp_crc32(0, page, CRC_AT), page + PUBLIC_AT, END_AT - PUBLIC_AT);
}

/* --- the page --- */

/* The page, in place; NULL if it holds no whole key. */
static const uint8_t *key_page(const lp_key_page *page) {
    const uint8_t *at = page->flash->map + page->layout->key.offset;
    bool whole = memcmp(at, magic, MAGIC_BYTES) == 0 && checksum(at) == (uint32_t)lp_get_le(at + CRC_AT, 4) &&
                 public_key_bytes((lp_scheme)lp_get_le(at + SCHEME_AT, 4)) != 0;
    return whole ? at : NULL;
}

static lp_scheme scheme_of(const uint8_t *page) {
    return (lp_scheme)lp_get_le(page + SCHEME_AT, 4);
}

static bool page_public_key(const lp_keystore *store, lp_public_key *out) {
    const uint8_t *page = key_page(store->ctx);
    if (page == NULL) {
        return false;
    }
    memset(out, 0, sizeof *out);
    out->scheme = scheme_of(page);
    out->len = public_key_bytes(out->scheme);
    memcpy(out->bytes, page + PUBLIC_AT, out->len);
    return true;
}

static bool page_sign(const lp_keystore *store, lp_slice message, uint8_t *signature, size_t *len) {
    const lp_key_page *key = store->ctx;
    const uint8_t *page = key_page(key);
    return page != NULL && key->sign(scheme_of(page), page + PRIVATE_AT, message, signature, len);
}

lp_keystore lp_key_page_store(lp_key_page *page) {
    return (lp_keystore){.public_key = page_public_key, .sign = page_sign, .ctx = page};
}

bool lp_key_page_write(const lp_public_key *public_key, const uint8_t private_key[LP_PRIVATE_KEY_BYTES],
                       uint8_t out[LP_KEY_PAGE_BYTES]) {
    uint16_t len = public_key_bytes(public_key->scheme);
    if (len == 0 || public_key->len != len) {
        return false;
    }
    memset(out, 0, LP_KEY_PAGE_BYTES);
    memcpy(out, magic, MAGIC_BYTES);
    lp_put_le(out + SCHEME_AT, public_key->scheme, 4);
    memcpy(out + PUBLIC_AT, public_key->bytes, len);
    memcpy(out + PRIVATE_AT, private_key, LP_PRIVATE_KEY_BYTES);
    lp_put_le(out + CRC_AT, checksum(out), 4);
    return true;
}

/* --- any key store --- */

static bool sign(const lp_signer *signer, lp_slice message, uint8_t *signature, size_t *len) {
    const lp_keystore *store = signer->ctx;
    return store->sign(store, message, signature, len);
}

bool lp_keystore_signer(const lp_keystore *store, const lp_crypto *crypto, lp_dialect dialect,
                        lp_public_key *public_key, lp_signer *signer) {
    lp_public_key key;
    lp_signer made = {.sign = sign, .ctx = (void *)(uintptr_t)store};
    if (!store->public_key(store, &key) || public_key_bytes(key.scheme) == 0 ||
        lp_public_key_id(crypto, &key, dialect, made.keyid) != LP_OK) {
        return false;
    }
    made.scheme = key.scheme;
    *public_key = key;
    *signer = made;
    return true;
}
