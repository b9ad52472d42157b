/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of lampyr-tuf. */
#ifndef LAMPYR_PRIMARY_TUF_RUN_H
#define LAMPYR_PRIMARY_TUF_RUN_H

#include "tuf_options.h"

/* Runs the command. False after one line on standard error that says what failed. What becomes trusted on the way is
 * told there too; standard output gets the path of each downloaded target. */
bool lpt_run(const lpt_options *options);

#endif
