/* SPDX-License-Identifier: Apache-2.0 */
/* Two snapshots side by side: no role may vanish or go back. */
#include "json_internal.h"
#include "refusal.h"
#include "role_internal.h"

/* The entries of one snapshot's `meta`, found in ascending order of names. */
typedef struct lookup {
    bool merge;          /* keys ascend: walk along */
    lp_json_iter iter;   /* merge */
    lp_str key;          /* merge: entry at hand, none at the end */
    lp_json value;       /* merge */
    lp_json_index index; /* else */
} lookup;

static void step(lookup *l) {
    if (!lp_json_next(&l->iter, &l->key, &l->value)) {
        l->key = (lp_str){NULL, 0};
    }
}

static lp_code lookup_begin(lookup *l, lp_json meta, bool merge, lp_scratch scratch) {
    *l = (lookup){.merge = merge};
    if (!merge) {
        return lp_json_index_build(meta, &scratch, &l->index);
    }
    l->iter = lp_json_iterate(meta);
    step(l);
    return LP_OK;
}

static lp_json lookup_find(lookup *l, lp_str key) {
    if (!l->merge) {
        return lp_json_index_find(&l->index, key);
    }
    while (l->key.ptr != NULL && lp_str_compare(l->key, key) < 0) {
        step(l);
    }
    return l->key.ptr != NULL && lp_str_eq(l->key, key) ? l->value : (lp_json){NULL, 0};
}

static lp_code compare_entry(lookup *after, lp_str key, lp_json before_value) {
    lp_file_info before_info;
    lp_file_info after_info;
    lp_json after_value = lookup_find(after, key);
    if (LP_REFUSAL(3501, after_value.ptr == NULL)) {
        return LP_SNAPSHOT_ENTRY_MISSING;
    }
    if (lp_file_info_read(before_value, &before_info) != LP_OK) {
        return LP_OK; /* an entry that could never be used says nothing, and must not block recovery */
    }
    lp_code code = lp_file_info_read(after_value, &after_info);
    if (code == LP_OK && LP_REFUSAL(3502, after_info.version < before_info.version)) {
        code = LP_ROLLBACK_SNAPSHOT_ENTRY;
    }
    return code;
}

lp_code lp_snapshot_compare(const lp_signed *before, const lp_signed *after, lp_scratch scratch, lp_str *subject) {
    lookup l;
    lp_json meta_before = lp_signed_get(before, "meta");
    lp_json meta_after = lp_signed_get(after, "meta");
    if (LP_REFUSAL(3503, meta_after.ptr == NULL)) {
        return LP_FIELD_MISSING;
    }
    if (LP_REFUSAL(3504, !lp_json_is_object(meta_after))) {
        return LP_FIELD_TYPE;
    }
    lp_code code = lookup_begin(&l, meta_after, before->ordered && after->ordered, scratch);
    lp_json_iter iter = lp_json_iterate(meta_before);
    lp_str key;
    lp_json value;
    while (code == LP_OK && lp_json_next(&iter, &key, &value)) {
        if (lp_str_is(key, "root.json")) {
            continue; /* roots have their own chain; legacy snapshots list them all the same */
        }
        code = compare_entry(&l, key, value);
        if (code != LP_OK) {
            *subject = key;
        }
    }
    return code;
}
