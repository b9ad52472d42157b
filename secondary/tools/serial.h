/* SPDX-License-Identifier: Apache-2.0 */
/* A serial line: a terminal device, or a unix socket where an emulated board listens. */
#ifndef LAMPYR_TOOLS_SERIAL_H
#define LAMPYR_TOOLS_SERIAL_H

#include "recover.h"

/* Opens `path`; a terminal is set to 115,200 baud, 8N1, raw. Returns the descriptor, or -1 with errno. */
int serial_open(const char *path);

/* The line over `*descriptor`, which must outlive it. */
lp_line serial_line(int *descriptor);

#endif
