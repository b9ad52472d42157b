/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP needs to know of compiler and platform: nearly all of it is in its defaults. */
#ifndef LAMPYR_LWIP_CC_H
#define LAMPYR_LWIP_CC_H

#include <stdlib.h>
#ifndef __arm__
#include <endian.h> /* which defines BYTE_ORDER before lwIP can */
#endif

#define LWIP_NO_CTYPE_H 1
#define LWIP_PLATFORM_DIAG(text)
/* Only on the host: lwipopts.h leaves assertions out of firmware. */
#define LWIP_PLATFORM_ASSERT(text) abort()

#endif
