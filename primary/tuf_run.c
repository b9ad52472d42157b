/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf_run.h"

#include "download.h"
#include "tuf_folder.h"
#include "tuf_procedures.h"

#include "lampyr-host/log.h"
#include "lampyr-host/openssl.h"
#include "lampyr/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct session {
    const lpt_options *options;
    lpt_folder *folder;
    lp_fetch *fetch;
    lp_drive *refresh; /* holds what `tuf` points into */
    lp_tuf tuf;
    lp_search search;
} session;

static bool fail(const char *why) {
    lp_log(LPT_PROGRAM, LP_LOG_ERROR, "%s", why);
    return false;
}

static bool fail_about(const char *name, const char *why) {
    lp_log(LPT_PROGRAM, LP_LOG_ERROR, "%s: %s", name, why);
    return false;
}

static bool refused(const lp_error *error, const char *message) {
    char text[LP_ERROR_TEXT_BYTES];
    lp_error_format(error, text);
    lp_log(LPT_PROGRAM, LP_LOG_ERROR, "%s%s%s%s", text, message[0] != '\0' ? " (" : "", message,
           message[0] != '\0' ? ")" : "");
    return false;
}

/* --- metadata --- */

static void on_ended(void *ctx, bool trusted) {
    bool *result = ctx;
    *result = trusted;
}

/* Runs a procedure to its end. NULL if memory is short. */
static lp_drive *drive(const session *s, const lp_procedure *procedure, void *machine, bool *trusted) {
    lp_drive_repo repo = {.base = s->options->metadata_url, .dialect = LP_DIALECT_TUF};
    lp_drive *run = lp_drive_new(&(lp_drive_config){.procedure = procedure,
                                                    .machine = machine,
                                                    .store = lpt_folder_metadata(s->folder),
                                                    .fetch = s->fetch,
                                                    .images = &repo,
                                                    .ended = on_ended,
                                                    .ctx = trusted});
    if (run != NULL) {
        lp_drive_start(run);
        lp_fetch_run(s->fetch);
    }
    return run;
}

/* The client workflow for the top-level roles (TUF 1.0.34, 5.2 to 5.6). */
static bool refresh(session *s) {
    bool trusted = false;
    lp_tuf_begin(&s->tuf, &(lp_tuf_config){.dialect = LP_DIALECT_TUF,
                                           .form = LP_JSON_SERVED,
                                           .limits = &lp_limits_gateway,
                                           .crypto = &lp_crypto_openssl,
                                           .now = (int64_t)time(NULL)});
    s->refresh = drive(s, &lpt_procedure_refresh, &s->tuf, &trusted);
    if (s->refresh == NULL) {
        return fail("out of memory");
    }
    return trusted || refused(lp_tuf_error(&s->tuf), lp_drive_message(s->refresh));
}

/* --- targets --- */

typedef struct arrival {
    bool ok;
    char message[LP_FETCH_MESSAGE_BYTES];
} arrival;

static void on_downloaded(void *ctx, lp_code code, const char *message) {
    arrival *result = ctx;
    result->ok = code == LP_OK;
    snprintf(result->message, sizeof result->message, "%s", message);
}

/* Where the target is in the repository. lp_image_path() puts it under targets/, which here the base itself is. */
static bool locate(const session *s, const char *name, const lp_target *target, char url[LP_FETCH_URL_BYTES]) {
    char file[LP_URL_BYTES];
    lp_code code = lp_image_path(lp_tuf_root(&s->tuf)->consistent_snapshot, name, &target->hashes, file, sizeof file);
    if (code != LP_OK) {
        return fail_about(name, lp_code_text(code));
    }
    return lp_fetch_locate(s->options->target_base_url, strchr(file, '/') + 1, url) ||
           fail_about(name, "its URL would be too long");
}

/* Where it is put: in one file of the folder, whatever its name. No such file can end in "+part". */
static bool place(const session *s, const char *name, char path[LP_PATH_BYTES], char part[LP_PATH_BYTES]) {
    char quoted[LP_URL_BYTES];
    char beginning[LP_URL_BYTES + 8];
    const char *folder = s->options->target_dir;
    if (lp_name_quote(name, false, quoted, sizeof quoted) != LP_OK) {
        errno = ENAMETOOLONG;
        return false;
    }
    snprintf(beginning, sizeof beginning, "%s+part", quoted);
    return lp_folder_make(folder, 0755) && lp_path_join(path, LP_PATH_BYTES, folder, quoted) &&
           lp_path_join(part, LP_PATH_BYTES, folder, beginning);
}

static bool fetch_target(const session *s, const char *name, const lp_target *target) {
    char url[LP_FETCH_URL_BYTES];
    char path[LP_PATH_BYTES];
    char part[LP_PATH_BYTES];
    arrival result = {.message = "out of memory"};
    if (!locate(s, name, target, url)) {
        return false;
    }
    if (!place(s, name, path, part)) {
        lp_log(LPT_PROGRAM, LP_LOG_ERROR, "%s: cannot be written to %s: %s", name, s->options->target_dir,
               strerror(errno));
        return false;
    }
    if (lp_download_start(&(lp_download_config){.fetch = s->fetch,
                                                .crypto = &lp_crypto_openssl,
                                                .url = url,
                                                .path = path,
                                                .part = part,
                                                .hashes = &target->hashes,
                                                .length_bytes = target->length_bytes,
                                                .done = on_downloaded,
                                                .ctx = &result})) {
        lp_fetch_run(s->fetch);
    }
    if (!result.ok) {
        unlink(part); /* what is in the folder is whole and verified */
        return fail_about(name, result.message);
    }
    puts(path);
    return true;
}

/* The name as it would stand in JSON. */
static bool escape(const char *name, char out[2 * LP_NAME_BYTES], lp_str *escaped) {
    lp_writer writer;
    lp_slice text;
    lp_writer_begin(&writer, out, 2 * LP_NAME_BYTES, LP_DIALECT_TUF);
    lp_writer_string(&writer, name);
    if (lp_writer_end(&writer, &text) != LP_OK) {
        return false;
    }
    *escaped = (lp_str){(const char *)text.ptr + 1, text.len - 2};
    return true;
}

/* Finds a target through the delegations (TUF 1.0.34, 5.6.7) and downloads it (5.7). */
static bool download_one(session *s, const char *name) {
    char buffer[2 * LP_NAME_BYTES];
    lp_str escaped;
    bool ok = false;
    if (!lp_name_safe(name) || !escape(name, buffer, &escaped)) {
        return fail_about(name, lp_code_text(LP_NAME_UNSAFE));
    }
    lp_search_begin(&s->search, &s->tuf, escaped, (lp_json){NULL, 0});
    lp_drive *run = drive(s, &lpt_procedure_search, &s->search, &ok);
    if (run == NULL) {
        return fail_about(name, "out of memory");
    }
    const lp_target *target = lp_search_result(&s->search);
    if (!ok) {
        refused(lp_search_error(&s->search), lp_drive_message(run));
    } else if (target == NULL) {
        ok = fail_about(name, "no trusted role signs a target of this name");
    } else {
        ok = fetch_target(s, name, target);
    }
    lp_drive_free(run);
    return ok;
}

/* --- commands --- */

/* Takes the root as it is: the first refresh verifies it before it asks the repository for anything. */
static bool init(const lpt_options *options, lpt_folder *folder) {
    uint8_t *bytes;
    size_t len;
    if (!lp_file_read(options->root, lp_limits_gateway.root_bytes, &bytes, &len)) {
        return fail_about(options->root, strerror(errno));
    }
    bool ok = lpt_folder_trust(folder, (lp_slice){bytes, len});
    free(bytes);
    return ok || fail(folder->message);
}

/* refresh, and download after it. */
static bool update(const lpt_options *options, lpt_folder *folder) {
    char message[LP_FETCH_MESSAGE_BYTES];
    session s = {.options = options, .folder = folder};
    s.fetch = lp_fetch_new(&lp_fetch_defaults, message, sizeof message);
    if (s.fetch == NULL) {
        return fail(message);
    }
    bool ok = refresh(&s);
    size_t count = options->verb == LPT_DOWNLOAD ? options->target_count : 0;
    for (size_t i = 0; ok && i < count; i++) {
        ok = download_one(&s, options->target_names[i]);
    }
    lp_fetch_free(s.fetch);
    lp_drive_free(s.refresh);
    return ok;
}

bool lpt_run(const lpt_options *options) {
    lpt_folder folder;
    const bool first = options->verb == LPT_INIT;
    bool ok = lpt_folder_open(&folder, options->metadata_dir, first) || fail(folder.message);
    ok = ok && (first ? init(options, &folder) : update(options, &folder));
    lpt_folder_close(&folder);
    return ok;
}
