/* SPDX-License-Identifier: Apache-2.0 */
/* What the board says on its console: a line of JSON for each event, as lampyr-secondary --progress writes it. */
#ifndef LAMPYR_FIRMWARE_CONSOLE_H
#define LAMPYR_FIRMWARE_CONSOLE_H

#include "lampyr-net/net.h"
#include "lampyr-secondary/port.h"

/* {"ecu":`serial`,"event":"booted","trial":...,"version":...} */
void lp_console_booted(const char *serial, const char *version, bool trial);

/* The agent's. */
void lp_console_event(const char *serial, const lp_agent_event *event);

/* The firmware cannot go on: `code`, and what it concerns. */
void lp_console_failed(const char *serial, lp_code code, const char *what);

/* {"ecu":...,"event":"measured","stack":bytes in use at most}, and of what the network dropped: frames without a
 * buffer, packets that nobody admits, frames that the radio did not get through, unended, damaged and overlong
 * datagrams, and faulty CoAP messages. Then for each fault that frames had: {"ecu":...,"event":"dropped","fault":its
 * name,"frames":...}
 */
void lp_console_measured(const char *serial, size_t stack_bytes, const lp_net *net, uint32_t coap_faulty);

#endif
