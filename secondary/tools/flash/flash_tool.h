/* SPDX-License-Identifier: Apache-2.0 */
/* lampyr-flash: composes what a board's flash holds, and shows what one holds (docs/BOARD.md). */
#ifndef LAMPYR_FLASH_TOOL_H
#define LAMPYR_FLASH_TOOL_H

#include "lampyr-host/log.h"
#include "lampyr-host/openssl.h"
#include "lampyr-port/layouts.h"
#include "lampyr-store/factory.h"

#define LP_PROGRAM "lampyr-flash"

/* Exit codes of all Lampyr programs. */
enum {
    LP_EXIT_GOOD = 0,
    LP_EXIT_REFUSED = 1, /* by verification */
    LP_EXIT_USAGE = 2,   /* command line, or a file that it names */
    LP_EXIT_STATE = 4,   /* local state: the output cannot be written */
};

/* Flash of 512 KiB in memory. */
typedef struct flash_contents {
    uint8_t bytes[LP_FLASH_512K_BYTES];
    lp_flash flash; /* `bytes`, behind the store's interface */
    const lp_layout *layout;
} flash_contents;

/* Erased flash. */
void contents_erase(flash_contents *contents);

/* Puts bytes at the start of a region. False if they do not fit. */
bool contents_put(flash_contents *contents, lp_region region, lp_slice bytes);

/* What a provisioning folder says (docs/POUF.md, "Usage"). */
typedef struct provisioned {
    lp_factory factory; /* its pointers are into what follows, or to text that lives as long */
    char *text[5];
    uint8_t *root;
    uint8_t *targets;
    uint64_t root_version;
    lp_key key;
} provisioned;

/* Reads the folder, or says in one line what is wrong with it. `primary` replaces the address in the configuration
 * unless it is NULL. Free it in either case. */
bool provisioned_read(const char *folder, const char *primary, provisioned *out);
void provisioned_free(provisioned *p);

/* Reads a whole file to the heap, or says why not. */
bool read_file(const char *path, size_t max_bytes, uint8_t **out, size_t *len);

/* Reads metadata, as served or canonical, in the canonical form that boards take, of at most `max_bytes`; or says why
 * not. */
bool read_canonical(const char *path, lp_dialect dialect, size_t max_bytes, uint8_t **out, size_t *len);

/* What is to be composed; NULL leaves a part erased. */
typedef struct compose_options {
    const char *folder;  /* provisioning folder: factory data and key */
    const char *primary; /* its address, instead of the folder's */
    const char *eui64;   /* 16 hex digits */
    const char *boot;    /* the loader's bytes */
    const char *image;   /* for slot 0; needs `folder` */
    const char *targets; /* director targets that order it; NULL: the folder's */
    const char *chip;    /* bytes that end at the end of flash */
    bool ed25519;        /* built into boot loader and firmware; P-256 always is */
} compose_options;

/* Fills `contents`; the image is verified as the boot loader will. An exit code; it has said in one line why. */
int compose(const compose_options *options, flash_contents *contents);

/* Shows on standard output what flash holds. LP_EXIT_GOOD, or LP_EXIT_REFUSED if nothing in it would boot. */
int inspect(flash_contents *contents);

/* The state journal's part of it. */
void inspect_journal(flash_contents *contents);

typedef enum output_format {
    OUTPUT_BIN, /* from the first byte of the region to its last */
    OUTPUT_HEX, /* Intel HEX, without what is erased */
} output_format;

/* Writes a region to a file. `base` is the address of flash, for OUTPUT_HEX. False with errno. */
bool output_write(const flash_contents *contents, lp_region region, output_format format, uint32_t base,
                  const char *path);

#endif
