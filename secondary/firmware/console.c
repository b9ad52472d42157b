/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"

#include "lampyr-port/port.h"
#include "lampyr/json.h"

enum { LINE_BYTES = 384 };

typedef struct line {
    lp_writer writer;
    char text[LINE_BYTES];
} line;

static void begin(line *l, const char *serial, const char *event) {
    lp_writer_begin(&l->writer, l->text, sizeof l->text, LP_DIALECT_LEGACY); /* escapes every control character */
    lp_writer_open(&l->writer, '{');
    lp_writer_key(&l->writer, "ecu");
    lp_writer_string(&l->writer, serial);
    lp_writer_key(&l->writer, "event");
    lp_writer_string(&l->writer, event);
}

static void put_text(line *l, const char *name, const char *text) {
    lp_writer_key(&l->writer, name);
    lp_writer_string(&l->writer, text == NULL ? "" : text);
}

static void put_number(line *l, const char *name, uint64_t number) {
    lp_writer_key(&l->writer, name);
    lp_writer_uint(&l->writer, number);
}

static void end(line *l) {
    lp_slice text;
    lp_writer_close(&l->writer, '}');
    if (lp_writer_end(&l->writer, &text) == LP_OK) {
        lp_board_write((const char *)text.ptr, text.len);
        lp_board_write("\n", 1);
    }
}

void lp_console_booted(const char *serial, const char *version, bool trial) {
    line l;
    begin(&l, serial, "booted");
    lp_writer_key(&l.writer, "trial");
    lp_writer_bool(&l.writer, trial);
    put_text(&l, "version", version);
    end(&l);
}

static const char *event_name(lp_event_kind kind) {
    static const char *const names[] = {"registered", "verified", "image",   "installed", "confirmed",
                                        "reverted",   "reported", "refused", "waiting",   "turn"};
    return names[kind];
}

void lp_console_event(const char *serial, const lp_agent_event *event) {
    line l;
    begin(&l, serial, event_name(event->kind));
    switch (event->kind) {
    case LP_EVENT_VERIFIED:
        put_text(&l, "image", event->image);
        put_number(&l, "targets", event->number);
        break;
    case LP_EVENT_IMAGE:
        put_number(&l, "offset", event->number);
        put_number(&l, "total", event->total);
        break;
    case LP_EVENT_INSTALLED:
        put_text(&l, "image", event->image);
        put_number(&l, "total", event->number);
        break;
    case LP_EVENT_CONFIRMED:
    case LP_EVENT_REVERTED:
        put_text(&l, "image", event->image);
        break;
    case LP_EVENT_REPORTED:
        put_number(&l, "report", event->number);
        break;
    case LP_EVENT_REFUSED:
    case LP_EVENT_WAITING:
        put_text(&l, "code", lp_code_name(event->error->code));
        put_text(&l, "role", lp_role_name(event->error->role));
        break;
    case LP_EVENT_TURN:
        put_text(&l, "code", lp_code_name(event->error->code));
        break;
    case LP_EVENT_REGISTERED:
        break;
    }
    end(&l);
}

void lp_console_failed(const char *serial, lp_code code, const char *what) {
    line l;
    begin(&l, serial, "failed");
    put_text(&l, "code", lp_code_name(code));
    put_text(&l, "what", what);
    end(&l);
}

void lp_console_measured(const char *serial, size_t stack_bytes, const lp_net *net, uint32_t coap_faulty) {
    const lp_lowpan_counts *counts = &net->lowpan.counts;
    line l;
    begin(&l, serial, "measured");
    put_number(&l, "stack", stack_bytes);
    put_number(&l, "crowded", counts->crowded);
    put_number(&l, "refused", counts->refused);
    put_number(&l, "unsent", counts->unsent);
    put_number(&l, "unended", net->lowpan.fragments.unended);
    put_number(&l, "damaged", net->damaged);
    put_number(&l, "overlong", net->overlong);
    put_number(&l, "coap_faulty", coap_faulty);
    end(&l);
    for (lp_frame_fault fault = LP_FRAME_SHORT; fault < LP_FRAME_FAULTS; fault++) {
        if (counts->faulty[fault] > 0) {
            begin(&l, serial, "dropped");
            put_text(&l, "fault", lp_frame_fault_name(fault));
            put_number(&l, "frames", counts->faulty[fault]);
            end(&l);
        }
    }
}
