/* SPDX-License-Identifier: Apache-2.0 */
/* Signs for generate.py with Lampyr's own signer: reads one request a line,
 * {"dialect": "tuf" or "legacy", "key": path of a PEM file, "payload": {...}}, and answers the envelope on a line.
 * Ends with 0 at the end of the input, with 1 and a message at the first request that it cannot serve. */
#include "lampyr-repo/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(const char *what) {
    fprintf(stderr, "vector-signer: %s\n", what);
    return false;
}

static bool answer(const char *path, const char *dialect_name, const json_t *payload) {
    lp_dialect dialect = strcmp(dialect_name, "legacy") == 0 ? LP_DIALECT_LEGACY : LP_DIALECT_TUF;
    lpr_error error;
    lp_key key;
    uint8_t *envelope;
    size_t len;
    if (lp_key_load(path, dialect, &key) != LP_OK) {
        return fail("cannot load the key");
    }
    bool ok = lpr_envelope(payload, dialect, &key, 1, &envelope, &len, &error) || fail(error.text);
    lp_key_free(&key);
    if (ok) {
        ok = fwrite(envelope, 1, len, stdout) == len && putchar('\n') != EOF && fflush(stdout) == 0;
        free(envelope);
    }
    return ok;
}

static bool serve(const char *line) {
    json_error_t where;
    json_t *request = json_loads(line, JSON_REJECT_DUPLICATES, &where);
    const char *path;
    const char *dialect;
    json_t *payload;
    if (request == NULL) {
        return fail(where.text);
    }
    bool ok =
        json_unpack_ex(request, &where, 0, "{s:s,s:s,s:o}", "key", &path, "dialect", &dialect, "payload", &payload) == 0
            ? answer(path, dialect, payload)
            : fail(where.text);
    json_decref(request);
    return ok;
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    bool ok = true;
    while (ok && getline(&line, &room, stdin) >= 0) {
        ok = serve(line);
    }
    free(line);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
