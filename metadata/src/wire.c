/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies between primary and secondary. They are tuf canonical JSON whatever the repositories speak. */
#include "lampyr/wire.h"
#include "json_internal.h"
#include "lampyr/encode.h"
#include "refusal.h"

#include <string.h>

enum {
    WIRE_DEPTH = 8, /* a registration nests 3 deep; the rest is for later protocols */
    BLOCK_MIN_BYTES = 16,
    BLOCK_MAX_BYTES = 1024,
};

static void write_text(lp_writer *w, const char *name, const char *text) {
    lp_writer_key(w, name);
    lp_writer_string(w, text);
}

static void write_uint(lp_writer *w, const char *name, uint64_t number) {
    lp_writer_key(w, name);
    lp_writer_uint(w, number);
}

lp_code lp_registration_write(const lp_registration *registration, char *buffer, size_t buffer_bytes, lp_slice *out) {
    char digest[2 * LP_SHA256_BYTES + 1];
    lp_writer w;
    lp_hex_encode(registration->image_sha256, LP_SHA256_BYTES, digest);
    lp_writer_begin(&w, buffer, buffer_bytes, LP_DIALECT_TUF);
    lp_writer_open(&w, '{');
    write_uint(&w, "block", registration->block_bytes);
    write_text(&w, "hardware", registration->hardware);
    lp_writer_key(&w, "image");
    lp_writer_open(&w, '{');
    write_uint(&w, "length", registration->image_bytes);
    write_text(&w, "name", registration->image_name);
    write_text(&w, "sha256", digest);
    lp_writer_close(&w, '}');
    lp_writer_key(&w, "key");
    lp_code code = lp_public_key_write(&w, &registration->key, LP_DIALECT_TUF);
    if (code != LP_OK) {
        return code;
    }
    write_text(&w, "nonce", registration->nonce);
    write_uint(&w, "protocol", registration->protocol);
    write_text(&w, "serial", registration->serial);
    write_text(&w, "vendor", registration->vendor);
    write_text(&w, "verify", registration->full ? "full" : "partial");
    lp_writer_close(&w, '}');
    return lp_writer_end(&w, out);
}

lp_code lp_news_write(const lp_news *news, char *buffer, size_t buffer_bytes, lp_slice *out) {
    lp_writer w;
    lp_writer_begin(&w, buffer, buffer_bytes, LP_DIALECT_TUF);
    lp_writer_open(&w, '[');
    lp_writer_uint(&w, news->protocol);
    lp_writer_uint(&w, news->root_version);
    lp_writer_uint(&w, news->root_bytes);
    lp_writer_uint(&w, news->targets_version);
    lp_writer_uint(&w, news->targets_bytes);
    lp_writer_uint(&w, news->image_bytes);
    lp_writer_close(&w, ']');
    return lp_writer_end(&w, out);
}

/* Copies text that will stand in logs and on terminals: no control characters. */
static lp_code read_text(lp_json value, bool may_be_empty, char *out, size_t out_bytes) {
    lp_str text;
    size_t len;
    lp_code code = lp_json_string(value, &text);
    if (code == LP_OK) {
        code = lp_str_copy(text, out, out_bytes, &len);
    }
    if (code != LP_OK) {
        return code;
    }
    for (size_t i = 0; i < len; i++) {
        if (LP_REFUSAL(4301, (unsigned char)out[i] < 0x20 || out[i] == 0x7f)) {
            return LP_FIELD_VALUE;
        }
    }
    return LP_REFUSAL(4302, len == 0 && !may_be_empty) ? LP_FIELD_VALUE : LP_OK;
}

static lp_code read_image(lp_json image, lp_registration *registration) {
    lp_json_field fields[] = {{"length", {0}}, {"name", {0}}, {"sha256", {0}}};
    lp_str digest;
    size_t len;
    if (LP_REFUSAL(4303, image.ptr == NULL)) {
        return LP_FIELD_MISSING;
    }
    lp_code code = lp_json_record(image, fields, 3);
    if (code == LP_OK) {
        code = lp_json_uint(fields[0].value, &registration->image_bytes);
    }
    if (code == LP_OK) {
        code = read_text(fields[1].value, false, registration->image_name, sizeof registration->image_name);
    }
    if (code == LP_OK) {
        code = lp_json_string(fields[2].value, &digest);
    }
    if (code != LP_OK) {
        return code;
    }
    if (LP_REFUSAL(4304, digest.len != 2 * LP_SHA256_BYTES)) {
        return LP_FIELD_VALUE;
    }
    return lp_hex_decode(digest, registration->image_sha256, LP_SHA256_BYTES, &len);
}

static lp_code read_key(lp_json value, lp_public_key *key) {
    lp_code code = lp_public_key_read(value, key);
    if (code == LP_OK && LP_REFUSAL(4305, key->scheme != LP_SCHEME_ED25519 && key->scheme != LP_SCHEME_ECDSA_P256)) {
        code = LP_FIELD_VALUE;
    }
    return code;
}

/* "" or LP_NONCE_BYTES in lower-case hex. */
static lp_code read_nonce(lp_json value, char nonce[LP_NONCE_TEXT_BYTES]) {
    lp_code code = read_text(value, true, nonce, LP_NONCE_TEXT_BYTES);
    if (code != LP_OK) {
        return code;
    }
    size_t len = strlen(nonce);
    if (LP_REFUSAL(4306, len != 0 && len != 2 * LP_NONCE_BYTES)) {
        return LP_FIELD_VALUE;
    }
    for (const char *c = nonce; *c != '\0'; c++) {
        if (LP_REFUSAL(4307, !((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'f')))) {
            return LP_FIELD_VALUE;
        }
    }
    return LP_OK;
}

static lp_code read_block(lp_json value, uint64_t *block_bytes) {
    lp_code code = lp_json_uint(value, block_bytes);
    if (code != LP_OK) {
        return code;
    }
    bool power_of_two = (*block_bytes & (*block_bytes - 1)) == 0;
    bool in_range = *block_bytes >= BLOCK_MIN_BYTES && *block_bytes <= BLOCK_MAX_BYTES;
    return LP_REFUSAL(4308, !power_of_two) || LP_REFUSAL(4309, !in_range) ? LP_FIELD_VALUE : LP_OK;
}

static lp_code read_verify(lp_json value, bool *full) {
    lp_str text;
    lp_code code = lp_json_string(value, &text);
    if (code != LP_OK) {
        return code;
    }
    *full = lp_str_is(text, "full");
    return LP_REFUSAL(4310, !*full && !lp_str_is(text, "partial")) ? LP_FIELD_VALUE : LP_OK;
}

static lp_code read_protocol(lp_json value, uint64_t *protocol) {
    lp_code code = lp_json_uint(value, protocol);
    return code == LP_OK && LP_REFUSAL(4311, *protocol == 0) ? LP_FIELD_VALUE : code;
}

lp_code lp_registration_read(lp_slice bytes, lp_registration *out) {
    enum { BLOCK, HARDWARE, IMAGE, KEY, NONCE, PROTOCOL, SERIAL, VENDOR, VERIFY, FIELDS };
    lp_json_field f[FIELDS] = {
        [BLOCK] = {"block", {0}},   [HARDWARE] = {"hardware", {0}}, [IMAGE] = {"image", {0}},
        [KEY] = {"key", {0}},       [NONCE] = {"nonce", {0}},       [PROTOCOL] = {"protocol", {0}},
        [SERIAL] = {"serial", {0}}, [VENDOR] = {"vendor", {0}},     [VERIFY] = {"verify", {0}},
    };
    lp_registration r = {0};
    lp_json value;
    lp_code code = lp_json_check(bytes, LP_JSON_CANONICAL, LP_DIALECT_TUF, WIRE_DEPTH, (lp_scratch){0}, &value, NULL);
    if (code == LP_OK) {
        code = lp_json_record(value, f, FIELDS);
    }
    if (code == LP_OK) {
        code = read_protocol(f[PROTOCOL].value, &r.protocol);
    }
    if (code == LP_OK) {
        code = read_block(f[BLOCK].value, &r.block_bytes);
    }
    if (code == LP_OK) {
        code = read_text(f[HARDWARE].value, false, r.hardware, sizeof r.hardware);
    }
    if (code == LP_OK) {
        code = read_image(f[IMAGE].value, &r);
    }
    if (code == LP_OK) {
        code = read_key(f[KEY].value, &r.key);
    }
    if (code == LP_OK) {
        code = read_nonce(f[NONCE].value, r.nonce);
    }
    if (code == LP_OK) {
        code = read_text(f[SERIAL].value, false, r.serial, sizeof r.serial);
    }
    if (code == LP_OK) {
        code = read_text(f[VENDOR].value, true, r.vendor, sizeof r.vendor);
    }
    if (code == LP_OK) {
        code = read_verify(f[VERIFY].value, &r.full);
    }
    if (code == LP_OK) {
        *out = r;
    }
    return code;
}

lp_code lp_news_read(lp_slice bytes, lp_news *out) {
    lp_news n;
    uint64_t *const numbers[] = {&n.protocol,        &n.root_version,  &n.root_bytes,
                                 &n.targets_version, &n.targets_bytes, &n.image_bytes};
    lp_json value, element;
    lp_json_facts facts;
    /* In canonical form, keys ascend: none can be there twice, and firmware needs no search for that. */
    lp_code code = lp_json_scan(bytes, LP_JSON_CANONICAL, LP_DIALECT_TUF, WIRE_DEPTH, &value, &facts);
    if (code != LP_OK) {
        return code;
    }
    if (LP_REFUSAL(4312, !lp_json_is_array(value))) {
        return LP_FIELD_TYPE;
    }
    lp_json_iter iter = lp_json_iterate(value);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (LP_REFUSAL(4313, !lp_json_next(&iter, NULL, &element))) {
            return LP_FIELD_MISSING;
        }
        code = lp_json_uint(element, numbers[i]);
        if (code != LP_OK) {
            return code;
        }
    }
    if (LP_REFUSAL(4314, n.protocol == 0)) {
        return LP_FIELD_VALUE;
    }
    *out = n;
    return LP_OK;
}
