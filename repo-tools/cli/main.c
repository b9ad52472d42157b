/* SPDX-License-Identifier: Apache-2.0 */
/* lampyr-repo: keys, images, orders, signing and publishing. */
#include "commands.h"

#include "lampyr-host/files.h"
#include "lampyr-host/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char program[] = "lampyr-repo";

/* Half-built metadata must not be signed, so no allocation of jansson returns NULL. */
static void *allocate(size_t bytes) {
    void *memory = malloc(bytes > 0 ? bytes : 1);
    if (memory == NULL) {
        lp_log(program, LP_LOG_ERROR, "out of memory");
        _exit(LPR_STATE);
    }
    return memory;
}

static void print_help(void) {
    printf("Usage: %s COMMAND DIR [ARGUMENTS]\n\n"
           "Makes and maintains image repositories and directors. DIR is the workspace of one of them.\n\nCommands:\n",
           program);
    for (const command *c = commands; c->name != NULL; c++) {
        printf("  %-20s %s\n", c->name, c->summary);
    }
    printf("\n`%s COMMAND --help` tells more. `--version` prints the version.\n"
           "Exit codes: 0 done, 1 refused, 2 wrong usage, 4 local state (damaged, locked, disk full).\n",
           program);
}

static void print_command_help(const command *c) {
    printf("Usage: %s %s %s%s%s\n\nTo %s.\n", program, c->name, c->spec.positionals, c->usage[0] != '\0' ? " " : "",
           c->usage, c->summary);
    if (c->details[0] != '\0') {
        printf("\n%s", c->details);
    }
}

static const command *find_command(const char *name) {
    for (const command *c = commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }
    return NULL;
}

static bool asks_for_help(int argc, char **argv) {
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return true;
        }
    }
    return false;
}

static int run(const command *c, int argc, char **argv) {
    lpr_error error = {LPR_STATE, "failed"};
    arguments args;
    if (asks_for_help(argc, argv)) {
        print_command_help(c);
        return EXIT_SUCCESS;
    }
    if (!arguments_read(&c->spec, argc, argv, &args, &error)) {
        lp_log(program, LP_LOG_ERROR, "%s: %s (see `%s %s --help`)", c->name, error.text, program, c->name);
        return error.kind;
    }
    if (!c->run(&args, &error)) {
        lp_log(program, LP_LOG_ERROR, "%s: %s", c->name, error.text);
        return error.kind;
    }
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        lp_log(program, LP_LOG_ERROR, "%s: cannot write to standard output", c->name);
        return LPR_STATE;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    lp_host_begin();
    json_set_alloc_funcs(allocate, free);
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        print_help();
        return EXIT_SUCCESS;
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("%s %s\n", program, LAMPYR_VERSION);
        return EXIT_SUCCESS;
    }
    const command *c = argc >= 2 ? find_command(argv[1]) : NULL;
    if (c == NULL) {
        lp_log(program, LP_LOG_ERROR, "%s%s%s (see `%s --help`)",
               argc >= 2 ? "unknown command `" : "expected a command", argc >= 2 ? argv[1] : "", argc >= 2 ? "`" : "",
               program);
        return LPR_USAGE;
    }
    return run(c, argc - 2, argv + 2);
}
