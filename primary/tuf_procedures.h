/* SPDX-License-Identifier: Apache-2.0 */
/* The procedures of one TUF repository, for drive.h. */
#ifndef LAMPYR_PRIMARY_TUF_PROCEDURES_H
#define LAMPYR_PRIMARY_TUF_PROCEDURES_H

#include "drive.h"

extern const lp_procedure lpt_procedure_refresh; /* of an lp_tuf */
extern const lp_procedure lpt_procedure_search;  /* of an lp_search */

#endif
