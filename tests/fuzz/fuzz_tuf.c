/* SPDX-License-Identifier: Apache-2.0 */
/* The client workflow of one repository, and then a search for one image in it. */
#include "machine.h"

MACHINE_CALLS(lp_tuf)

static bool shows_trusted(const void *self) {
    return lp_tuf_targets(self) != NULL;
}

static void search_next(const void *self, lp_ask *ask) {
    lp_search_next(self, ask);
}

static void search_give(void *self, lp_slice bytes, lp_scratch scratch) {
    lp_search_give(self, bytes, scratch);
}

static void search_absent(void *self) {
    lp_search_absent(self);
}

static void search_failed(void *self, lp_code code) {
    lp_search_failed(self, code);
}

static void search_done(void *self, bool ok) {
    lp_search_done(self, ok);
}

static const lp_error *search_error(const void *self) {
    return lp_search_error(self);
}

/* A search that finds nothing is no refusal: what it shows is checked at the end. */
static bool search_over(const void *self) {
    lp_ask ask;
    lp_search_next(self, &ask);
    FUZZ_CHECK(lp_search_result(self) == NULL || ask.kind == LP_ASK_TRUSTED);
    return ask.kind == LP_ASK_TRUSTED;
}

static void check_trusted(fuzz_memory *memory, const lp_tuf *tuf, const lp_tuf_config *config) {
    const lp_signed *root = &lp_tuf_root(tuf)->doc;
    const lp_signed *targets = &lp_tuf_targets(tuf)->doc;
    lp_role_keys keys;
    FUZZ_CHECK(config->now < root->expires && config->now < targets->expires);
    FUZZ_CHECK(lp_root_role_keys(root, LP_ROLE_TARGETS, &keys) == LP_OK);
    FUZZ_CHECK(lp_signed_verify(targets, &keys, config->crypto, config->limits,
                                fuzz_enough(memory, targets->file.len)) == LP_OK);
}

static void search(const lp_tuf *tuf, fuzz_input *input, fuzz_memory *memory) {
    lp_slice name = fuzz_chunk(input);
    lp_slice ecus = fuzz_chunk(input);
    lp_json text = {NULL, 0};
    lp_json serials = {NULL, 0};
    lp_str image;
    if (lp_json_check(fuzz_copy(memory, name.ptr, name.len), LP_JSON_SERVED, tuf->config.dialect, 1,
                      (lp_scratch){NULL, 0}, &text, NULL) != LP_OK ||
        lp_json_string(text, &image) != LP_OK) {
        image = lp_str_from("a/b");
    }
    if (lp_json_check(fuzz_copy(memory, ecus.ptr, ecus.len), LP_JSON_SERVED, tuf->config.dialect, 4,
                      fuzz_enough(memory, ecus.len), &serials, NULL) != LP_OK ||
        !lp_json_is_object(serials)) {
        serials = (lp_json){NULL, 0};
    }
    lp_search *s = fuzz_alloc(memory, sizeof *s);
    lp_search_begin(s, tuf, image, serials);
    machine m = {s,           search_next,  search_give, search_absent, search_failed,
                 search_done, search_error, search_over, NULL,          NULL};
    lp_ask_kind end = machine_run(&m, input, memory, 3U * fuzz_limits.delegations + 2);
    const lp_target *found = lp_search_result(s);
    FUZZ_CHECK(end == LP_ASK_TRUSTED || found == NULL);
    FUZZ_CHECK(found == NULL || lp_str_eq(found->name, image));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_memory memory = {NULL};
    fuzz_input input = fuzz_begin(data, size);
    uint8_t bits = fuzz_byte(&input);
    lp_tuf_config config = {.repo = LP_REPO_IMAGE,
                            .dialect = (lp_dialect)(bits & 1),
                            .form = bits >> 1 & 1 ? LP_JSON_CANONICAL : LP_JSON_SERVED,
                            .limits = &fuzz_limits,
                            .crypto = &fuzz_crypto,
                            .now = 1800000000,
                            .root_and_targets_only = bits >> 2 & 1};
    lp_tuf *tuf = fuzz_alloc(&memory, sizeof *tuf);
    lp_tuf_begin(tuf, &config);
    machine m = {tuf, call_next, call_give, call_absent, call_failed, call_done, call_error, shows_trusted, NULL, NULL};
    if (machine_run(&m, &input, &memory, 5U * fuzz_limits.root_rotations + 12) == LP_ASK_TRUSTED) {
        check_trusted(&memory, tuf, &config);
        if (!config.root_and_targets_only) {
            search(tuf, &input, &memory);
        }
    }
    fuzz_release(&memory);
    return 0;
}
