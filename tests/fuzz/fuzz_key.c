/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys, against OpenSSL. */
#include "fuzz.h"
#include "lampyr/encode.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

static EVP_PKEY *openssl_read(const char *pem, size_t len) {
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    FUZZ_CHECK(bio != NULL);
    EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return pkey;
}

/* OpenSSL's key in the verifier's normal form; false for keys that it has none for. */
static bool normal_form(EVP_PKEY *pkey, lp_public_key *out) {
    uint8_t *der = NULL;
    int len = 0;
    memset(out, 0, sizeof *out);
    if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA) {
        out->scheme = LP_SCHEME_RSA_PSS;
        len = i2d_PublicKey(pkey, &der);
    } else if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC) {
        out->scheme = LP_SCHEME_ECDSA_P256;
        len = (int)EVP_PKEY_get1_encoded_public_key(pkey, &der);
    }
    bool prefixed = out->scheme == LP_SCHEME_ECDSA_P256; /* 0x04: uncompressed */
    bool fits = len > prefixed && len - prefixed <= LP_PUBLIC_KEY_BYTES && (!prefixed || (len == 65 && der[0] == 4));
    if (fits) {
        out->len = (uint16_t)(len - prefixed);
        memcpy(out->bytes, der + prefixed, out->len);
    }
    OPENSSL_free(der);
    return fits;
}

/* OpenSSL refuses points that are not on the curve when it reads a key; the verifier when it uses it. */
static bool on_curve(const lp_public_key *key) {
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = EC_POINT_new(group);
    uint8_t text[65] = {4};
    memcpy(text + 1, key->bytes, 64);
    bool on = EC_POINT_oct2point(group, point, text, sizeof text, NULL) == 1;
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return on;
}

/* The characters of `public` in a key object. */
static bool public_text(fuzz_memory *memory, lp_json object, char **text, size_t *len) {
    lp_str value;
    lp_json keyval = lp_json_get(object, "keyval");
    *text = fuzz_alloc(memory, keyval.len + 1);
    return lp_json_string(lp_json_get(keyval, "public"), &value) == LP_OK &&
           lp_str_copy(value, *text, keyval.len + 1, len) == LP_OK;
}

/* A PEM in its usual lines, if the text is one at all; other line ends are the only liberty taken. */
static char *with_lines(fuzz_memory *memory, const char *pem, size_t len) {
    static const char head[] = "-----BEGIN PUBLIC KEY-----";
    static const char tail[] = "-----END PUBLIC KEY-----";
    char *out = fuzz_alloc(memory, 2 * len + 8);
    char *p = out;
    const char *end = strstr(pem, tail);
    if (strncmp(pem, head, sizeof head - 1) != 0 || end == NULL) {
        return NULL;
    }
    p += sprintf(p, "%s\n", head);
    size_t column = 0;
    for (const char *c = pem + sizeof head - 1; c < end; c++) {
        if (*c != '\n' && *c != '\r') {
            *p++ = *c;
            column++;
        }
        if (column == 64) {
            *p++ = '\n';
            column = 0;
        }
    }
    sprintf(p, "%s%s\n", column > 0 ? "\n" : "", tail);
    return out;
}

/* What the verifier accepts OpenSSL accepts, and finds the same key. */
static void check_accepted(fuzz_memory *memory, lp_json object, const lp_public_key *key) {
    char *text;
    size_t len;
    lp_public_key theirs;
    FUZZ_CHECK(public_text(memory, object, &text, &len));
    if (key->scheme == LP_SCHEME_ED25519) {
        FUZZ_CHECK(key->len == 32 && len == 64);
        return;
    }
    char *lines = with_lines(memory, text, len);
    FUZZ_CHECK(lines != NULL);
    EVP_PKEY *pkey = openssl_read(lines, strlen(lines));
    FUZZ_CHECK(pkey != NULL || (key->scheme == LP_SCHEME_ECDSA_P256 && !on_curve(key)));
    if (pkey != NULL) {
        FUZZ_CHECK(normal_form(pkey, &theirs) && lp_public_key_eq(&theirs, key));
        EVP_PKEY_free(pkey);
    }
}

/* What is written is read again as the same key, in both dialects. */
static void check_written(fuzz_memory *memory, const lp_public_key *key) {
    for (lp_dialect dialect = LP_DIALECT_TUF; dialect <= LP_DIALECT_LEGACY; dialect++) {
        char *buffer = fuzz_alloc(memory, 4096);
        lp_writer w;
        lp_slice out;
        lp_json object;
        lp_public_key again;
        lp_writer_begin(&w, buffer, 4096, dialect);
        FUZZ_CHECK(lp_public_key_write(&w, key, dialect) == LP_OK && lp_writer_end(&w, &out) == LP_OK);
        lp_slice copy = fuzz_copy(memory, out.ptr, out.len);
        FUZZ_CHECK(lp_json_check(copy, LP_JSON_CANONICAL, dialect, 4, (lp_scratch){NULL, 0}, &object, NULL) == LP_OK);
        FUZZ_CHECK(lp_public_key_read(object, &again) == LP_OK && lp_public_key_eq(&again, key));
    }
}

/* A key that OpenSSL reads from its own writing, and that is strong enough, the verifier may not refuse. */
static void check_refused(fuzz_memory *memory, lp_json object) {
    char *text;
    size_t len;
    lp_public_key theirs;
    if (!public_text(memory, object, &text, &len)) {
        return;
    }
    EVP_PKEY *pkey = openssl_read(text, len);
    if (pkey == NULL) {
        return;
    }
    BIO *bio = BIO_new(BIO_s_mem());
    char *own = NULL;
    FUZZ_CHECK(bio != NULL && PEM_write_bio_PUBKEY(bio, pkey) == 1);
    size_t own_len = (size_t)BIO_get_mem_data(bio, &own);
    bool is_own = own_len == len && memcmp(own, text, len) == 0;
    bool usable =
        normal_form(pkey, &theirs) &&
        (theirs.scheme == LP_SCHEME_RSA_PSS ? EVP_PKEY_get_bits(pkey) >= 2048 && EVP_PKEY_get_bits(pkey) % 8 == 0
                                            : EVP_PKEY_get_bits(pkey) == 256);
    lp_writer w;
    char *buffer = fuzz_alloc(memory, 8192);
    lp_slice out;
    lp_json written;
    lp_public_key key;
    lp_writer_begin(&w, buffer, 8192, LP_DIALECT_TUF);
    if (is_own && usable && lp_public_key_write(&w, &theirs, LP_DIALECT_TUF) == LP_OK &&
        lp_writer_end(&w, &out) == LP_OK) {
        FUZZ_CHECK(lp_json_check(out, LP_JSON_CANONICAL, LP_DIALECT_TUF, 4, (lp_scratch){NULL, 0}, &written, NULL) ==
                   LP_OK);
        bool same_text = lp_str_is((lp_str){lp_json_get(lp_json_get(written, "keyval"), "public").ptr + 1,
                                            lp_json_get(lp_json_get(written, "keyval"), "public").len - 2},
                                   text);
        FUZZ_CHECK(!same_text || (lp_public_key_read(written, &key) == LP_OK && lp_public_key_eq(&key, &theirs)));
    }
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

/* A key object around the text, of the type that `bits` choose. */
static lp_slice wrap(fuzz_memory *memory, lp_slice text, uint8_t bits) {
    static const char *const types[] = {"ed25519", "ecdsa", "rsa", "ECPRIME256V1"};
    char *terminated = fuzz_alloc(memory, text.len + 1);
    size_t room = 6 * text.len + 128;
    lp_writer w;
    lp_slice out = {NULL, 0};
    if (text.len > 0) {
        memcpy(terminated, text.ptr, text.len);
    }
    terminated[text.len] = '\0';
    lp_writer_begin(&w, fuzz_alloc(memory, room), room, LP_DIALECT_LEGACY);
    lp_writer_open(&w, '{');
    lp_writer_key(&w, "keytype");
    lp_writer_string(&w, types[bits & 3]);
    lp_writer_key(&w, "keyval");
    lp_writer_open(&w, '{');
    lp_writer_key(&w, "public");
    lp_writer_string(&w, terminated);
    lp_writer_close(&w, '}');
    lp_writer_close(&w, '}');
    FUZZ_CHECK(lp_writer_end(&w, &out) == LP_OK);
    return out;
}

/* Input: one byte, and a key object, or what stands in one as `keyval.public` if the byte is odd. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_memory memory = {NULL};
    fuzz_input input = fuzz_begin(data, size);
    uint8_t bits = fuzz_byte(&input);
    lp_slice text = fuzz_rest(&input);
    if (bits & 1) {
        text = wrap(&memory, text, bits >> 1);
    }
    lp_slice bytes = fuzz_copy(&memory, text.ptr, text.len);
    lp_json object;
    lp_public_key key;
    if (lp_json_check(bytes, LP_JSON_SERVED, LP_DIALECT_LEGACY, 8, fuzz_enough(&memory, bytes.len), &object, NULL) ==
            LP_OK &&
        lp_public_key_read(object, &key) == LP_OK) {
        if (key.scheme == LP_SCHEME_UNKNOWN) {
            FUZZ_CHECK(key.len == 0);
            check_refused(&memory, object);
        } else {
            check_accepted(&memory, object, &key);
            check_written(&memory, &key);
        }
    }
    fuzz_release(&memory);
    return 0;
}
