/* SPDX-License-Identifier: Apache-2.0 */
/* What lampyr-verify prints. */
#ifndef LAMPYR_PRIMARY_VERIFY_OUTPUT_H
#define LAMPYR_PRIMARY_VERIFY_OUTPUT_H

#include "verify_run.h"

/* One line per decision on standard output; what is wrong with usage, transport or state goes to standard error. */
void lpv_print_text(const lpv_outcome *outcome);

/* One JSON object on standard output (lampyr-verify(1), "JSON OUTPUT"). False if memory is short. */
bool lpv_print_json(const lpv_outcome *outcome);

#endif
