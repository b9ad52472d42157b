/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_tool.h"

#include "lampyr-board/keystore.h"
#include "lampyr-boot/boot.h"
#include "lampyr-store/slot.h"
#include "lampyr/encode.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static int refuse(const char *what, const char *why) {
    lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s: %s", what, why);
    return LP_EXIT_USAGE;
}

/* Puts the bytes of a file at the start of a region, or at its end. */
static int put_file(flash_contents *contents, lp_region region, const char *path, bool at_end) {
    uint8_t *bytes;
    size_t len;
    if (path == NULL) {
        return LP_EXIT_GOOD;
    }
    if (!read_file(path, region.bytes, &bytes, &len)) {
        return LP_EXIT_USAGE;
    }
    if (at_end) {
        region = (lp_region){region.offset + region.bytes - (uint32_t)len, (uint32_t)len};
    }
    bool ok = contents_put(contents, region, (lp_slice){bytes, len});
    free(bytes);
    return ok ? LP_EXIT_GOOD : refuse(path, "too long");
}

/* --- what was provisioned --- */

static int put_factory(flash_contents *contents, const char *eui64, lp_factory *factory) {
    uint8_t bytes[LP_FLASH_512K_BYTES];
    size_t len;
    if (eui64 != NULL && (lp_hex_decode(lp_str_from(eui64), factory->eui64, sizeof factory->eui64, &len) != LP_OK ||
                          len != sizeof factory->eui64)) {
        return refuse(eui64, "an EUI-64 is 16 hexadecimal digits");
    }
    if (!lp_factory_write(factory, bytes, contents->layout->factory.bytes, &len)) {
        return refuse(factory->serial, "root and targets are too long for the factory data");
    }
    (void)contents_put(contents, contents->layout->factory, (lp_slice){bytes, len});
    return LP_EXIT_GOOD;
}

/* The private key as the page holds it. */
static bool private_bytes(const lp_key *key, uint8_t out[LP_PRIVATE_KEY_BYTES]) {
    size_t len = LP_PRIVATE_KEY_BYTES;
    if (key->public_key.scheme == LP_SCHEME_ED25519) {
        return EVP_PKEY_get_raw_private_key(key->pkey, out, &len) == 1 && len == LP_PRIVATE_KEY_BYTES;
    }
    BIGNUM *number = NULL;
    bool ok = EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
              BN_bn2binpad(number, out, LP_PRIVATE_KEY_BYTES) == LP_PRIVATE_KEY_BYTES;
    BN_clear_free(number);
    return ok;
}

static int put_key(flash_contents *contents, const lp_key *key, bool ed25519) {
    uint8_t secret[LP_PRIVATE_KEY_BYTES];
    uint8_t page[LP_KEY_PAGE_BYTES];
    lp_scheme scheme = key->public_key.scheme;
    bool ok = (scheme == LP_SCHEME_ECDSA_P256 || (scheme == LP_SCHEME_ED25519 && ed25519)) &&
              private_bytes(key, secret) && lp_key_page_write(&key->public_key, secret, page);
    OPENSSL_cleanse(secret, sizeof secret);
    if (!ok) {
        return refuse("ecu.key", "not a P-256 key: make it with --key-type ecdsa");
    }
    (void)contents_put(contents, contents->layout->key, (lp_slice){page, sizeof page});
    OPENSSL_cleanse(page, sizeof page);
    return LP_EXIT_GOOD;
}

/* --- the image --- */

/* As a board without ed25519. */
static bool verify_p256(const lp_crypto *crypto, const lp_public_key *key, lp_slice signature, lp_slice message) {
    (void)crypto;
    return key->scheme == LP_SCHEME_ECDSA_P256 && lp_crypto_openssl.verify(&lp_crypto_openssl, key, signature, message);
}

/* As at the board's first start. */
static int verify_image(const flash_contents *contents, const char *path, bool ed25519) {
    lp_factory factory;
    lp_boot_verified verified;
    lp_crypto crypto = lp_crypto_openssl;
    crypto.verify = ed25519 ? crypto.verify : verify_p256;
    const lp_limits limits = lp_layout_limits(contents->layout);
    const lp_boot_config config = {
        .flash = &contents->flash, .layout = contents->layout, .crypto = &crypto, .limits = &limits};
    lp_code code = LP_NO_TRUSTED_ROOT;
    if (lp_factory_read(&contents->flash, contents->layout, &factory)) {
        code = lp_boot_verify_slot(&config, &factory, 0, 0, &verified);
    }
    if (code == LP_OK) {
        return LP_EXIT_GOOD;
    }
    lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s: the board would refuse it: %s: %s", path, lp_code_name(code),
           lp_code_text(code));
    return LP_EXIT_REFUSED;
}

static int put_image(flash_contents *contents, const compose_options *options, const provisioned *p) {
    const lp_layout *layout = contents->layout;
    lp_slot_record record = {.root_version = p->root_version, .targets = p->factory.targets};
    lp_region room = {layout->slot[0].offset, lp_layout_image_bytes(layout)};
    uint8_t *image = NULL;
    uint8_t *targets = NULL;
    size_t len = 0;
    bool read = read_file(options->image, room.bytes, &image, &len);
    if (read && options->targets != NULL) {
        read = read_canonical(options->targets, p->factory.dialect, lp_layout_targets_bytes(layout), &targets,
                              &record.targets.len);
        record.targets.ptr = targets;
    }
    bool ok = read && contents_put(contents, room, (lp_slice){image, len});
    record.image_bytes = (uint32_t)len;
    ok = ok && lp_slot_record_write(&contents->flash, layout, 0, &record);
    free(image);
    free(targets);
    return ok ? verify_image(contents, options->image, options->ed25519) : LP_EXIT_USAGE;
}

/* --- the whole --- */

static int put_provisioned(const compose_options *options, flash_contents *contents) {
    provisioned p;
    int code = provisioned_read(options->folder, options->primary, &p) ? LP_EXIT_GOOD : LP_EXIT_USAGE;
    if (code == LP_EXIT_GOOD) {
        code = put_factory(contents, options->eui64, &p.factory);
    }
    if (code == LP_EXIT_GOOD) {
        code = put_key(contents, &p.key, options->ed25519);
    }
    if (code == LP_EXIT_GOOD && options->image != NULL) {
        code = put_image(contents, options, &p);
    }
    provisioned_free(&p);
    return code;
}

int compose(const compose_options *options, flash_contents *contents) {
    const lp_region last_page = {LP_FLASH_512K_BYTES - LP_FLASH_512K_PAGE_BYTES, LP_FLASH_512K_PAGE_BYTES};
    contents_erase(contents);
    int code = put_file(contents, contents->layout->boot, options->boot, false);
    if (code == LP_EXIT_GOOD) {
        code = put_file(contents, last_page, options->chip, true);
    }
    return code == LP_EXIT_GOOD && options->folder != NULL ? put_provisioned(options, contents) : code;
}
