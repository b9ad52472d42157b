/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata in flash: the root chain, two copies of director targets, and the staging area for what arrives.
 *
 * What is stored counts only when the journal says so (lp_board_state.roots, .targets_copy): a file that was being
 * written when power was cut is no file. */
#ifndef LAMPYR_STORE_FILES_H
#define LAMPYR_STORE_FILES_H

#include "lampyr-store/factory.h"
#include "lampyr-store/state.h"

/* The `index`th root after the factory's (0 is the first), in place; {NULL, 0} if its slot is torn or was never
 * written. Whether it counts is for the caller: see lp_board_state.roots. */
lp_slice lp_files_root(const lp_flash *flash, const lp_layout *layout, uint32_t index);

/* Starts to write the `index`th root, and completes it: its header goes last. False on a failure, or if there is no
 * such slot. */
bool lp_files_root_begin(const lp_flash *flash, const lp_layout *layout, uint32_t index, lp_flash_writer *writer);
bool lp_files_root_end(lp_flash_writer *writer);

/* Fields are private. */
typedef struct lp_files {
    const lp_flash *flash;
    const lp_layout *layout;
    const lp_factory *factory;
    lp_journal *journal;
    lp_board_state *state;
    lp_flash_writer writer; /* of what is being staged */
    lp_role staged;         /* its role; LP_ROLE_NONE: nothing */
    unsigned older;         /* copy of targets that is the staging area */
} lp_files;

/* Takes up what is stored. Roots behind one that is damaged no longer count. Pointers must outlive `files`. */
void lp_files_open(lp_files *files, const lp_flash *flash, const lp_layout *layout, const lp_factory *factory,
                   lp_journal *journal, lp_board_state *state);

/* These are the callbacks of lp_agent_port of the same names, for the director's root, targets and time; other files
 * are not kept on a board: there are none, and none can be staged. Staging a root fails when the chain is full; the
 * chain is not forgotten. */
lp_slice lp_files_load(const lp_files *files, const lp_file_id *id, uint64_t max_bytes);
bool lp_files_stage_begin(lp_files *files, const lp_file_id *id, uint64_t max_bytes);
bool lp_files_stage_write(lp_files *files, lp_slice bytes);
lp_slice lp_files_stage_bytes(lp_files *files);
bool lp_files_stage_store(lp_files *files, const lp_file_id *id);
bool lp_files_forget(lp_files *files, const lp_file_id *id);

#endif
