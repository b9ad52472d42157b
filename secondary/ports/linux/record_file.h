/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's record as `record.json` in the state folder. */
#ifndef LAMPYR_SECONDARY_RECORD_FILE_H
#define LAMPYR_SECONDARY_RECORD_FILE_H

#include "lampyr-secondary/port.h"

/* `*found` is false, and `out` untouched, if there is none yet. False, told, if it is damaged or unreadable. */
bool lp_record_file_load(const char *folder, lp_record *out, bool *found);

/* Atomic and durable. False, told. */
bool lp_record_file_store(const char *folder, const lp_record *record);

#endif
