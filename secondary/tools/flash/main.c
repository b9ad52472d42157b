/* SPDX-License-Identifier: Apache-2.0 */
/* lampyr-flash: what a board's flash holds, composed and shown. */
#include "flash_tool.h"

#include "lampyr-host/files.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIREFLY_FLASH = 0x00200000 };

static const char help[] =
    "Usage: lampyr-flash compose --out FILE [OPTIONS]\n"
    "       lampyr-flash inspect FILE\n"
    "\n"
    "Composes what the flash of a board with 512 KiB holds, or shows what such a flash holds.\n"
    "\n"
    "Options of compose:\n"
    "  --out FILE            where to write it (mode 0600: it holds the board's private key)\n"
    "  --provisioned FOLDER  factory data and key (lampyr-repo provision-secondary)\n"
    "  --primary ADDRESS     of the primary, ADDRESS or [ADDRESS]:PORT of IPv6, instead of the folder's\n"
    "  --eui64 DIGITS        link-layer address, 16 hexadecimal digits (default: the chip's own)\n"
    "  --boot FILE           the boot loader\n"
    "  --image FILE          the first image, for slot 0; the folder's targets must order it\n"
    "  --targets FILE        director targets that order it, instead of the folder's\n"
    "  --ed25519             boot loader and firmware have it; else signatures and the key must be P-256\n"
    "  --chip FILE           bytes for the end of flash: lock bits, customer area\n"
    "  --part NAME           only this part: boot, factory, key, slot0, chip (default: all)\n"
    "  --format bin|hex      bytes, or Intel HEX without what is erased (default: bin)\n"
    "  --base ADDRESS        of flash, for Intel HEX (default: 0x00200000)\n"
    "  --help, --version\n"
    "\n"
    "Exit codes: 0 good, 1 the image would not boot, 2 usage or input, 4 the output cannot be written.\n";

enum option_id {
    OPT_OUT = 1,
    OPT_PROVISIONED,
    OPT_PRIMARY,
    OPT_EUI64,
    OPT_BOOT,
    OPT_IMAGE,
    OPT_TARGETS,
    OPT_CHIP,
    OPT_ED25519,
    OPT_PART,
    OPT_FORMAT,
    OPT_BASE,
    OPT_HELP,
    OPT_VERSION,
};

static const struct option options[] = {
    {"out", required_argument, NULL, OPT_OUT},
    {"provisioned", required_argument, NULL, OPT_PROVISIONED},
    {"primary", required_argument, NULL, OPT_PRIMARY},
    {"eui64", required_argument, NULL, OPT_EUI64},
    {"boot", required_argument, NULL, OPT_BOOT},
    {"image", required_argument, NULL, OPT_IMAGE},
    {"targets", required_argument, NULL, OPT_TARGETS},
    {"chip", required_argument, NULL, OPT_CHIP},
    {"ed25519", no_argument, NULL, OPT_ED25519},
    {"part", required_argument, NULL, OPT_PART},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"base", required_argument, NULL, OPT_BASE},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

typedef struct command_line {
    compose_options compose;
    const char *out;
    lp_region part;
    output_format format;
    uint32_t base;
} command_line;

static int usage(const char *what, const char *which) {
    lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s%s (see --help)", what, which);
    return LP_EXIT_USAGE;
}

static bool take_part(const char *name, lp_region *out) {
    const lp_layout *layout = &lp_layout_512k;
    const struct {
        const char *name;
        lp_region region;
    } parts[] = {
        {"boot", layout->boot},
        {"factory", layout->factory},
        {"key", layout->key},
        {"slot0", layout->slot[0]},
        {"chip", {LP_FLASH_512K_BYTES - LP_FLASH_512K_PAGE_BYTES, LP_FLASH_512K_PAGE_BYTES}},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strcmp(name, parts[i].name) == 0) {
            *out = parts[i].region;
            return true;
        }
    }
    return false;
}

static bool take_format(const char *name, output_format *out) {
    *out = strcmp(name, "hex") == 0 ? OUTPUT_HEX : OUTPUT_BIN;
    return *out == OUTPUT_HEX || strcmp(name, "bin") == 0;
}

static bool take_base(const char *text, uint32_t *out) {
    char *end;
    errno = 0;
    unsigned long long base = strtoull(text, &end, 0);
    *out = (uint32_t)base;
    return errno == 0 && end != text && *end == '\0' && base <= UINT32_MAX - LP_FLASH_512K_BYTES && base % 16 == 0;
}

/* Takes one option. True if it was good. */
static bool take_option(int option, command_line *out) {
    compose_options *c = &out->compose;
    const struct {
        int option;
        const char **value;
    } texts[] = {{OPT_OUT, &out->out},       {OPT_PROVISIONED, &c->folder}, {OPT_PRIMARY, &c->primary},
                 {OPT_EUI64, &c->eui64},     {OPT_BOOT, &c->boot},          {OPT_IMAGE, &c->image},
                 {OPT_TARGETS, &c->targets}, {OPT_CHIP, &c->chip}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (option == texts[i].option) {
            *texts[i].value = optarg;
            return true;
        }
    }
    switch (option) {
    case OPT_ED25519:
        c->ed25519 = true;
        return true;
    case OPT_PART:
        return take_part(optarg, &out->part);
    case OPT_FORMAT:
        return take_format(optarg, &out->format);
    case OPT_BASE:
        return take_base(optarg, &out->base);
    default:
        return false;
    }
}

static int do_compose(const command_line *line, flash_contents *contents) {
    const compose_options *c = &line->compose;
    if (line->out == NULL) {
        return usage("--out is required", "");
    }
    if (c->folder == NULL && (c->image != NULL || c->eui64 != NULL || c->primary != NULL)) {
        return usage("--image, --eui64 and --primary need --provisioned", "");
    }
    if (c->targets != NULL && c->image == NULL) {
        return usage("--targets needs --image", "");
    }
    int code = compose(c, contents);
    if (code != LP_EXIT_GOOD) {
        return code;
    }
    if (!output_write(contents, line->part, line->format, line->base, line->out)) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s: %s", line->out, strerror(errno));
        return LP_EXIT_STATE;
    }
    return LP_EXIT_GOOD;
}

static int do_inspect(const char *path, flash_contents *contents) {
    uint8_t *bytes;
    size_t len;
    if (!read_file(path, LP_FLASH_512K_BYTES, &bytes, &len)) {
        return LP_EXIT_USAGE;
    }
    contents_erase(contents);
    (void)contents_put(contents, (lp_region){0, LP_FLASH_512K_BYTES}, (lp_slice){bytes, len});
    free(bytes);
    if (len != LP_FLASH_512K_BYTES) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s: a dump of flash has 524288 bytes, not %zu", path, len);
        return LP_EXIT_USAGE;
    }
    return inspect(contents);
}

static int run(int argc, char **argv, const command_line *line, flash_contents *contents) {
    const char *command = optind < argc ? argv[optind] : "";
    int arguments = argc - optind - 1;
    if (strcmp(command, "compose") == 0) {
        return arguments == 0 ? do_compose(line, contents) : usage("unexpected argument: ", argv[optind + 1]);
    }
    if (strcmp(command, "inspect") == 0) {
        return arguments == 1 && optind == 1 ? do_inspect(argv[optind + 1], contents)
                                             : usage("inspect takes one file", "");
    }
    return usage("the command must be compose or inspect", "");
}

int main(int argc, char **argv) {
    command_line line = {.part = {0, LP_FLASH_512K_BYTES}, .base = FIREFLY_FLASH};
    int option;
    opterr = 0;
    lp_host_begin();
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == OPT_HELP) {
            fputs(help, stdout);
            return LP_EXIT_GOOD;
        }
        if (option == OPT_VERSION) {
            puts(LP_PROGRAM " " LAMPYR_VERSION);
            return LP_EXIT_GOOD;
        }
        if (!take_option(option, &line)) {
            return usage("wrong or incomplete option: ", argv[optind - 1]);
        }
    }
    flash_contents *contents = malloc(sizeof *contents);
    if (contents == NULL) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "out of memory");
        return LP_EXIT_STATE;
    }
    int code = run(argc, argv, &line, contents);
    free(contents);
    return code;
}
