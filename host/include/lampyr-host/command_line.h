/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines that are wrong, told in one line by all programs alike. */
#ifndef LAMPYR_HOST_COMMAND_LINE_H
#define LAMPYR_HOST_COMMAND_LINE_H

#include <stddef.h>

/* Says what is wrong with the option that getopt_long() has just answered with `result`, '?' or ':'. It must have been
 * called with opterr 0 and a string of short options that has none and asks for ':'; the values of long options must
 * not be printable characters. */
void lp_option_wrong(int result, char **argv, char *message, size_t message_bytes);

#endif
