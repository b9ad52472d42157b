/* SPDX-License-Identifier: Apache-2.0 */
/* Goes before lowpan6_common.c, which takes a buffer for the packet that it decompresses, and for one more header in
 * front, which nobody puts there. With that a packet does not always fit one buffer (lwipopts.h): then lwIP loses
 * datagrams whose first fragment is one of the longest, and frees that twice if it gets no second buffer. */
#ifndef LAMPYR_LWIP_NO_HEADROOM_H
#define LAMPYR_LWIP_NO_HEADROOM_H

#include "lwip/pbuf.h"

#define PBUF_IP PBUF_RAW

#endif
