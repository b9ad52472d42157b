/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-host/config.h"

#include "lampyr-host/files.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LINE_BYTES = LP_PATH_BYTES + 256 };

/* One run of lp_config_read(). */
typedef struct reading {
    lp_config_key *keys;
    bool *in_this_file; /* per key: set in the file being read */
    const char *main_path;
    const char *path; /* of the file being read */
    FILE *file;
    unsigned line;
    bool failed;
    char *message;
    size_t message_bytes;
} reading;

__attribute__((format(printf, 2, 3))) static void fail(reading *r, const char *format, ...) {
    if (r->failed) {
        return;
    }
    r->failed = true;
    int used = r->line > 0 ? snprintf(r->message, r->message_bytes, "%s:%u: ", r->path, r->line)
                           : snprintf(r->message, r->message_bytes, "%s: ", r->path);
    if (used < 0 || (size_t)used >= r->message_bytes) {
        return;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(r->message + used, r->message_bytes - (size_t)used, format, args);
    va_end(args);
}

static void set_text(reading *r, const lp_config_key *key, const char *value) {
    if (value[0] == '\0' && key->required) {
        fail(r, "`%s` must not be empty", key->name);
    } else if (strlen(value) >= key->bytes) {
        fail(r, "`%s` is longer than %zu bytes", key->name, key->bytes - 1);
    } else {
        memcpy(key->value, value, strlen(value) + 1);
    }
}

static void set_path(reading *r, const lp_config_key *key, const char *value) {
    const char *slash = strrchr(r->main_path, '/');
    if (value[0] == '\0') {
        fail(r, "`%s` must not be empty", key->name);
        return;
    }
    /* The main file's folder also for files of the `.d` folder: a value means the same wherever it stands. */
    int folder_len = value[0] == '/' || slash == NULL ? 0 : (int)(slash - r->main_path) + 1;
    int len = snprintf(key->value, key->bytes, "%.*s%s", folder_len, r->main_path, value);
    if (len < 0 || (size_t)len >= key->bytes) {
        fail(r, "`%s` is longer than %zu bytes", key->name, key->bytes - 1);
    }
}

static void set_uint(reading *r, const lp_config_key *key, const char *value) {
    errno = 0;
    uint64_t number = strtoull(value, NULL, 10);
    bool digits = value[0] != '\0' && value[strspn(value, "0123456789")] == '\0';
    if (!digits || errno != 0 || number < key->min || number > key->max) {
        fail(r, "`%s` must be a number from %ju to %ju, not `%s`", key->name, (uintmax_t)key->min, (uintmax_t)key->max,
             value);
        return;
    }
    *(uint64_t *)key->value = number;
}

static void set_bool(reading *r, const lp_config_key *key, const char *value) {
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0) {
        fail(r, "`%s` must be yes or no, not `%s`", key->name, value);
        return;
    }
    *(bool *)key->value = yes;
}

static void set_choice(reading *r, const lp_config_key *key, const char *value) {
    char list[256] = "";
    size_t used = 0;
    for (int i = 0; key->choices[i] != NULL; i++) {
        if (strcmp(key->choices[i], value) == 0) {
            *(int *)key->value = i;
            return;
        }
        int more = snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", key->choices[i]);
        used += more > 0 && used + (size_t)more < sizeof list ? (size_t)more : 0;
    }
    fail(r, "`%s` must be one of: %s; not `%s`", key->name, list, value);
}

static void set_value(reading *r, const lp_config_key *key, const char *value) {
    switch (key->type) {
    case LP_CONFIG_TEXT:
        set_text(r, key, value);
        break;
    case LP_CONFIG_PATH:
        set_path(r, key, value);
        break;
    case LP_CONFIG_UINT:
        set_uint(r, key, value);
        break;
    case LP_CONFIG_BOOL:
        set_bool(r, key, value);
        break;
    case LP_CONFIG_CHOICE:
        set_choice(r, key, value);
        break;
    }
}

/* inih's handler: 0 stops. */
static int take_pair(void *user, const char *section, const char *name, const char *value) {
    reading *r = user;
    (void)section; /* next_line() lets no section through */
    for (size_t i = 0; r->keys[i].name != NULL; i++) {
        lp_config_key *key = &r->keys[i];
        if (strcmp(key->name, name) != 0) {
            continue;
        }
        if (r->in_this_file[i]) {
            fail(r, "`%s` is set twice", name);
            return 0;
        }
        set_value(r, key, value);
        r->in_this_file[i] = true;
        key->set = true;
        return r->failed ? 0 : 1;
    }
    fail(r, "unknown key `%s`", name);
    return 0;
}

/* inih's reader: counts lines and refuses what inih would let pass. NULL ends the file. */
static char *next_line(char *line, int line_bytes, void *user) {
    reading *r = user;
    if (r->failed || fgets(line, line_bytes, r->file) == NULL) {
        return NULL;
    }
    r->line++;
    size_t len = strlen(line);
    if (len == 0 || (line[len - 1] != '\n' && !feof(r->file))) {
        fail(r, "line is longer than %d bytes or holds a zero byte", LINE_BYTES - 3);
        return NULL;
    }
    const char *start = line + strspn(line, " \t\r\n");
    if (*start == '[') {
        fail(r, "sections are not used here");
        return NULL;
    }
    if (*start != '\0' && *start != '#' && (start[strcspn(start, "=:")] != '=' || *start == '=')) {
        fail(r, "expected `key = value`");
        return NULL;
    }
    return line;
}

/* inih's settings belong to the process, and its defaults (lines of 200 bytes, `;` comments, values that
 * go on over several lines) are too loose; every program wants the same ones. */
static void set_up_inih(void) {
    static char comment[] = "#";
    ini_use_stack = false;
    ini_max_line = LINE_BYTES;
    ini_initial_alloc = LINE_BYTES;
    ini_allow_multiline = false;
    ini_allow_inline_comments = false;
    ini_stop_on_first_error = true;
    ini_start_comment_prefixes = comment;
}

static void read_one(reading *r, const char *path) {
    size_t count = 0;
    while (r->keys[count].name != NULL) {
        count++;
    }
    r->path = path;
    r->line = 0;
    r->in_this_file = calloc(count + 1, sizeof *r->in_this_file);
    r->file = fopen(path, "re");
    struct stat st;
    if (r->file == NULL && errno == ENOENT) {
        fail(r, "there is no such file");
    } else if (r->in_this_file == NULL || r->file == NULL || fstat(fileno(r->file), &st) != 0) {
        fail(r, "cannot read: %s", strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        fail(r, S_ISDIR(st.st_mode) ? "is a folder, not a file" : "not a file");
    } else {
        int result = ini_parse_stream(next_line, r, take_pair, r);
        if (result != 0) {
            fail(r, "expected `key = value`");
        } else if (ferror(r->file)) {
            fail(r, "cannot read");
        }
    }
    if (r->file != NULL) {
        fclose(r->file);
    }
    free(r->in_this_file);
}

static int is_conf(const struct dirent *entry) {
    size_t len = strlen(entry->d_name);
    return len > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static void read_folder(reading *r) {
    char folder[LP_PATH_BYTES], path[LP_PATH_BYTES];
    int len = snprintf(folder, sizeof folder, "%s.d", r->main_path);
    if (len < 0 || (size_t)len >= sizeof folder) {
        fail(r, "path is too long");
        return;
    }
    struct dirent **entries;
    int count = scandir(folder, &entries, is_conf, alphasort);
    if (count < 0) {
        if (errno != ENOENT) {
            fail(r, "cannot read folder `%s`: %s", folder, strerror(errno));
        }
        return;
    }
    for (int i = 0; i < count; i++) {
        if (!r->failed && !lp_path_join(path, sizeof path, folder, entries[i]->d_name)) {
            fail(r, "path is too long");
        }
        if (!r->failed) {
            read_one(r, path);
        }
        free(entries[i]);
    }
    free(entries);
}

bool lp_config_read(const char *path, lp_config_key *keys, char *message, size_t message_bytes) {
    reading r = {.keys = keys, .main_path = path, .message = message, .message_bytes = message_bytes};
    for (lp_config_key *key = keys; key->name != NULL; key++) {
        key->set = false;
    }
    set_up_inih();
    read_one(&r, path);
    r.path = path;
    if (!r.failed) {
        read_folder(&r);
    }
    r.path = path;
    r.line = 0;
    for (const lp_config_key *key = keys; key->name != NULL; key++) {
        if (key->required && !key->set) {
            fail(&r, "required key `%s` is missing", key->name);
        }
    }
    return !r.failed;
}
