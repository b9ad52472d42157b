/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL behind the vtable, and key files. */
#include "lampyr-host/files.h"
#include "lampyr-host/openssl.h"
#include "lampyr/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const lp_crypto *const crypto = &lp_crypto_openssl;
static char file[64];

static lp_slice slice(const char *text) {
    return (lp_slice){(const uint8_t *)text, strlen(text)};
}

static void from_hex(const char *hex, uint8_t *out, size_t bytes) {
    size_t len;
    assert_int_equal(lp_hex_decode((lp_str){hex, strlen(hex)}, out, bytes, &len), LP_OK);
    assert_int_equal(len, bytes);
}

/* RFC 8032, 7.1, test 2. */
static lp_public_key rfc8032_key(void) {
    lp_public_key key = {.scheme = LP_SCHEME_ED25519, .len = 32};
    from_hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", key.bytes, 32);
    return key;
}

static int set_up(void **state) {
    (void)state;
    strcpy(file, "/tmp/lampyr-key-XXXXXX");
    int fd = mkstemp(file);
    if (fd < 0) {
        return -1;
    }
    close(fd);
    return unlink(file);
}

static int tear_down(void **state) {
    (void)state;
    unlink(file);
    return 0;
}

static void hashes_match_fips_180(void **state) {
    (void)state;
    uint8_t digest[LP_SHA512_BYTES], expected[LP_SHA512_BYTES];
    assert_true(lp_digest(crypto, LP_SHA256, slice("abc"), digest));
    from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", expected, 32);
    assert_memory_equal(digest, expected, 32);
    assert_true(lp_digest(crypto, LP_SHA512, slice("abc"), digest));
    from_hex("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
             "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
             expected, 64);
    assert_memory_equal(digest, expected, 64);
}

static void hash_can_be_given_up(void **state) {
    (void)state;
    lp_hash hash;
    assert_true(crypto->hash_begin(crypto, &hash, LP_SHA256));
    crypto->hash_update(crypto, &hash, "x", 1);
    crypto->hash_end(crypto, &hash, NULL);
}

static void verifies_rfc8032(void **state) {
    (void)state;
    lp_public_key key = rfc8032_key();
    uint8_t signature[64], message[1] = {0x72};
    from_hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
             "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
             signature, 64);
    assert_true(crypto->verify(crypto, &key, (lp_slice){signature, 64}, (lp_slice){message, 1}));
    assert_false(crypto->verify(crypto, &key, (lp_slice){signature, 63}, (lp_slice){message, 1}));
    assert_false(crypto->verify(crypto, &key, (lp_slice){signature, 64}, (lp_slice){message, 0}));
    assert_false(crypto->verify(crypto, &key, (lp_slice){NULL, 0}, (lp_slice){message, 1}));
}

/* Expected values: Python's hashlib over the texts that docs/POUF.md defines. */
static void keyids_are_of_the_dialect(void **state) {
    (void)state;
    lp_public_key key = {.scheme = LP_SCHEME_ED25519, .len = 32};
    from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", key.bytes, 32);
    char keyid[65];
    assert_int_equal(lp_public_key_id(crypto, &key, LP_DIALECT_TUF, keyid), LP_OK);
    assert_string_equal(keyid, "74c181c7ad8a0855d4b55e44d2ba87aabdddb196832571f15f92fece332e4916");
    assert_int_equal(lp_public_key_id(crypto, &key, LP_DIALECT_LEGACY, keyid), LP_OK);
    assert_string_equal(keyid, "684e028a7428fbdc9c0a65d6c9b246ecfa77fbe7e9844b041211bad980f47e41");
}

static void signs_and_verifies(lp_scheme scheme) {
    lp_key key;
    assert_int_equal(lp_key_generate(scheme, 2048, LP_DIALECT_TUF, &key), LP_OK);
    assert_int_equal(key.signer.scheme, scheme);
    uint8_t signature[LP_SIGNATURE_BYTES];
    size_t len = 0;
    assert_true(key.signer.sign(&key.signer, slice("message"), signature, &len));
    assert_true(crypto->verify(crypto, &key.public_key, (lp_slice){signature, len}, slice("message")));
    assert_false(crypto->verify(crypto, &key.public_key, (lp_slice){signature, len}, slice("massage")));
    signature[len / 2] ^= 1;
    assert_false(crypto->verify(crypto, &key.public_key, (lp_slice){signature, len}, slice("message")));
    lp_key_free(&key);
}

static void every_scheme_signs_and_verifies(void **state) {
    (void)state;
    signs_and_verifies(LP_SCHEME_ED25519);
    signs_and_verifies(LP_SCHEME_ECDSA_P256);
    signs_and_verifies(LP_SCHEME_RSA_PSS);
}

static void refuses_to_generate_what_it_does_not_know(void **state) {
    (void)state;
    lp_key key;
    assert_int_equal(lp_key_generate(LP_SCHEME_UNKNOWN, 0, LP_DIALECT_TUF, &key), LP_FIELD_VALUE);
    assert_int_equal(lp_key_generate(LP_SCHEME_RSA_PSS, 1024, LP_DIALECT_TUF, &key), LP_FIELD_VALUE);
}

static void damaged_public_keys_verify_nothing(void **state) {
    (void)state;
    uint8_t signature[64] = {0};
    lp_public_key off_curve = {.scheme = LP_SCHEME_ECDSA_P256, .len = 64, .bytes = {1}};
    lp_public_key no_der = {.scheme = LP_SCHEME_RSA_PSS, .len = 64, .bytes = {0x30, 0x02}};
    lp_public_key short_key = {.scheme = LP_SCHEME_ED25519, .len = 31};
    lp_public_key unknown = {.scheme = LP_SCHEME_UNKNOWN};
    assert_false(crypto->verify(crypto, &off_curve, (lp_slice){signature, 64}, slice("m")));
    assert_false(crypto->verify(crypto, &no_der, (lp_slice){signature, 64}, slice("m")));
    assert_false(crypto->verify(crypto, &short_key, (lp_slice){signature, 64}, slice("m")));
    assert_false(crypto->verify(crypto, &unknown, (lp_slice){signature, 64}, slice("m")));
}

static void key_file_round_trip(lp_scheme scheme) {
    lp_key made, loaded;
    struct stat st;
    assert_int_equal(lp_key_generate(scheme, 2048, LP_DIALECT_LEGACY, &made), LP_OK);
    assert_int_equal(lp_key_save(&made, file), LP_OK);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(lp_key_save(&made, file), LP_STATE); /* never overwritten */
    assert_int_equal(lp_key_load(file, LP_DIALECT_LEGACY, &loaded), LP_OK);
    assert_true(lp_public_key_eq(&made.public_key, &loaded.public_key));
    assert_string_equal(made.signer.keyid, loaded.signer.keyid);
    lp_key_free(&loaded);

    lp_public_key public_key;
    assert_int_equal(unlink(file), 0);
    assert_int_equal(lp_key_save_public(&made, file), LP_OK);
    assert_int_equal(lp_public_key_load(file, &public_key), LP_OK);
    assert_true(lp_public_key_eq(&made.public_key, &public_key));
    assert_int_equal(lp_key_load(file, LP_DIALECT_TUF, &loaded), LP_FIELD_VALUE); /* no private half */
    assert_int_equal(unlink(file), 0);
    lp_key_free(&made);
}

static void key_files_keep_every_scheme(void **state) {
    (void)state;
    key_file_round_trip(LP_SCHEME_ED25519);
    key_file_round_trip(LP_SCHEME_ECDSA_P256);
    key_file_round_trip(LP_SCHEME_RSA_PSS);
}

static void key_objects_read_back(lp_scheme scheme, lp_dialect dialect) {
    lp_key key;
    char json[LP_KEY_JSON_BYTES];
    lp_public_key read;
    assert_int_equal(lp_key_generate(scheme, 2048, dialect, &key), LP_OK);
    assert_int_equal(lp_public_key_json(&key.public_key, dialect, json, sizeof json), LP_OK);
    assert_int_equal(lp_public_key_json(&key.public_key, dialect, json, strlen(json)), LP_LIMIT_MEMORY);
    assert_int_equal(lp_public_key_json(&key.public_key, dialect, json, sizeof json), LP_OK);
    assert_int_equal(lp_public_key_read((lp_json){json, strlen(json)}, &read), LP_OK);
    assert_true(lp_public_key_eq(&key.public_key, &read));
    lp_key_free(&key);
}

static void key_objects_are_what_the_verifier_reads(void **state) {
    (void)state;
    for (lp_scheme scheme = LP_SCHEME_ED25519; scheme <= LP_SCHEME_RSA_PSS; scheme++) {
        key_objects_read_back(scheme, LP_DIALECT_TUF);
        key_objects_read_back(scheme, LP_DIALECT_LEGACY);
    }
}

static void loading_tells_absent_from_damaged(void **state) {
    (void)state;
    lp_key key;
    lp_public_key public_key;
    assert_int_equal(lp_key_load(file, LP_DIALECT_TUF, &key), LP_UNREACHABLE);
    assert_int_equal(lp_public_key_load(file, &public_key), LP_UNREACHABLE);
    assert_true(lp_file_write(file, slice("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), 0600));
    assert_int_equal(lp_key_load(file, LP_DIALECT_TUF, &key), LP_FIELD_VALUE);
    assert_int_equal(lp_public_key_load(file, &public_key), LP_FIELD_VALUE);
}

static void random_bytes_differ(void **state) {
    (void)state;
    uint8_t a[16], b[16];
    assert_true(lp_random(a, sizeof a));
    assert_true(lp_random(b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_match_fips_180),
        cmocka_unit_test(hash_can_be_given_up),
        cmocka_unit_test(verifies_rfc8032),
        cmocka_unit_test(keyids_are_of_the_dialect),
        cmocka_unit_test(every_scheme_signs_and_verifies),
        cmocka_unit_test(refuses_to_generate_what_it_does_not_know),
        cmocka_unit_test(damaged_public_keys_verify_nothing),
        cmocka_unit_test_setup_teardown(key_files_keep_every_scheme, set_up, tear_down),
        cmocka_unit_test(key_objects_are_what_the_verifier_reads),
        cmocka_unit_test_setup_teardown(loading_tells_absent_from_damaged, set_up, tear_down),
        cmocka_unit_test(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
