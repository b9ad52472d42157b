/* SPDX-License-Identifier: Apache-2.0 */
/* Serial recovery, both ends: over a line that loses, damages and repeats, and what a board refuses. */
#include "board_rig.h"
#include "lampyr-store/files.h"
#include "lampyr-store/slot.h"
#include "recover.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { IMAGE_BYTES = 2900, COUNTER = 5, QUEUE_BYTES = 8192 };

typedef struct fixture {
    board_rig rig;
    lp_recovery board;
    lp_recover host;
    lp_line line;
    uint8_t bytes[IMAGE_BYTES];
    lp_recover_files files;
    /* On the way to the host. */
    uint8_t queue[QUEUE_BYTES];
    size_t head, tail;
    /* What the line does to frames, one in so many; 0: never. */
    unsigned loses;
    unsigned damages;
    unsigned repeats;
    unsigned frames;
} fixture;

/* --- the line --- */

static bool each(unsigned count, unsigned one_in) {
    return one_in != 0 && count % one_in == one_in - 1;
}

static void to_host(fixture *f, lp_slice bytes) {
    for (size_t i = 0; i < bytes.len && f->tail < QUEUE_BYTES; i++) {
        f->queue[f->tail++] = bytes.ptr[i];
    }
}

static void to_board(fixture *f, lp_slice bytes, bool damaged) {
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = damaged && i == bytes.len / 2 ? bytes.ptr[i] ^ 0x10 : bytes.ptr[i];
        lp_slice answer = lp_recovery_byte(&f->board, byte);
        if (!each(f->frames, f->loses) || f->frames % 2 == 0) { /* some answers are lost, and some requests */
            to_host(f, answer);
        }
    }
}

static bool send_frame(void *ctx, lp_slice bytes) {
    fixture *f = ctx;
    f->frames++;
    bool lost = each(f->frames, f->loses) && f->frames % 2 == 0;
    for (unsigned i = 0; !lost && i < 1U + each(f->frames, f->repeats); i++) {
        to_board(f, bytes, each(f->frames, f->damages));
    }
    return true;
}

static int receive(void *ctx, uint8_t *byte) {
    fixture *f = ctx;
    if (f->head == f->tail) {
        f->head = f->tail = 0;
        return 0;
    }
    *byte = f->queue[f->head++];
    return 1;
}

/* --- set-up --- */

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    board_rig *rig = &f->rig;
    rig_make(rig, &sim_small, &layout_small);
    rig_provision(rig);
    rig_change_key(rig, LP_ROLE_TARGETS, NULL);
    repo_next_root(&rig->director, NULL);
    f->files =
        (lp_recover_files){.roots = {rig_root(rig, 2)}, .root_count = 1, .image = rig_image(f->bytes, IMAGE_BYTES, 7)};
    f->files.targets = rig_order(rig, 2, f->files.image, COUNTER, 0);
    f->line = (lp_line){.ctx = f, .send = send_frame, .receive = receive};
    lp_recover_begin(&f->host, &f->line);
    lp_recovery_begin(&f->board, &rig->boot);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    rig_free(&f->rig);
    free(f);
    return 0;
}

static void remember(fixture *f, const lp_board_state *state) {
    lp_journal journal;
    lp_board_state before;
    lp_journal_open(&journal, &f->rig.sim.flash, f->rig.layout->journal, &before);
    assert_true(lp_journal_seal(&journal, state));
    lp_recovery_begin(&f->board, &f->rig.boot);
}

/* Remembers a confirmed counter of `counter`. */
static void set_floor(fixture *f, uint64_t counter) {
    lp_board_state state;
    lp_state_first(&state, RIG_FACTORY_TIME, counter);
    remember(f, &state);
}

static lp_board_state remembered(const fixture *f) {
    lp_journal journal;
    lp_board_state state;
    assert_int_equal(lp_journal_open(&journal, &f->rig.sim.flash, f->rig.layout->journal, &state), LP_JOURNAL_GOOD);
    return state;
}

static lp_recover_end run(fixture *f) {
    lp_recover_board board;
    lp_recover_end end = lp_recover_hello(&f->host, &board);
    return end == LP_RECOVER_DONE ? lp_recover_upload(&f->host, &board, &f->files) : end;
}

static void assert_restarts_with_it(fixture *f) {
    lp_boot_report report;
    assert_true(lp_recovery_done(&f->board));
    assert_int_equal(lp_boot(&f->rig.boot, &report), LP_BOOT_RUN);
    assert_int_equal(report.phase, LP_BOOT_RESTORING);
    assert_memory_equal(f->rig.sim.flash.map + f->rig.layout->slot[0].offset, f->files.image.ptr, IMAGE_BYTES);
    lp_board_state state = remembered(f);
    assert_int_equal(state.boot.phase, LP_BOOT_IDLE);
    assert_int_equal(state.roots, 1);
    assert_int_equal(state.download_len, 0);
}

/* The upload is refused with `code`, and nothing of it runs. */
static void assert_refused(fixture *f, lp_code code, const char *subject) {
    lp_boot_report report;
    assert_int_equal(run(f), LP_RECOVER_REFUSED);
    assert_int_equal(f->host.error, code);
    assert_string_equal(f->host.subject, subject);
    assert_false(lp_recovery_done(&f->board));
    assert_int_equal(lp_boot(&f->rig.boot, &report), LP_BOOT_RECOVER);
}

/* --- tests --- */

static void a_board_says_what_it_takes(void **state) {
    fixture *f = *state;
    lp_recover_board board;
    assert_int_equal(lp_recover_hello(&f->host, &board), LP_RECOVER_DONE);
    assert_string_equal(board.serial, RIG_SERIAL);
    assert_int_equal(board.dialect, LP_DIALECT_TUF);
    assert_int_equal(board.root_version, 1);
    assert_int_equal(board.root_bytes, lp_layout_root_bytes(f->rig.layout));
    assert_int_equal(board.root_slots, lp_layout_root_slots(f->rig.layout));
    assert_int_equal(board.targets_bytes, lp_layout_targets_bytes(f->rig.layout));
    assert_int_equal(board.image_bytes, lp_layout_image_bytes(f->rig.layout));
}

static void a_board_that_remembers_nothing_takes_an_image(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    assert_int_equal(lp_boot(&f->rig.boot, &report), LP_BOOT_RECOVER);
    assert_int_equal(run(f), LP_RECOVER_DONE);
    assert_restarts_with_it(f);
    assert_int_equal(remembered(f).record.counter_floor, COUNTER);
}

static void a_board_with_a_floor_takes_an_image_at_it(void **state) {
    fixture *f = *state;
    set_floor(f, COUNTER);
    assert_int_equal(run(f), LP_RECOVER_DONE);
    assert_restarts_with_it(f);
}

static void frames_that_are_lost_damaged_or_repeated_do_no_harm(void **state) {
    fixture *f = *state;
    f->loses = 3;
    f->damages = 4;
    f->repeats = 5;
    assert_int_equal(run(f), LP_RECOVER_DONE);
    assert_restarts_with_it(f);
}

static void an_upload_that_was_interrupted_begins_anew(void **state) {
    fixture *f = *state;
    lp_recover_board board;
    uint8_t begin[8] = {LP_RECOVERY_IMAGE};
    uint8_t framed[LP_FRAME_LINE_BYTES];
    uint8_t request[10] = {LP_RECOVERY_BEGIN, 2};
    assert_int_equal(lp_recover_hello(&f->host, &board), LP_RECOVER_DONE);
    begin[5] = 1; /* 256 bytes are to come, which never do */
    memcpy(request + 2, begin, sizeof begin);
    to_board(f, (lp_slice){framed, lp_frame_write(request, sizeof request, framed)}, false);
    lp_recover_begin(&f->host, &f->line);
    assert_int_equal(run(f), LP_RECOVER_DONE);
    assert_restarts_with_it(f);
}

static void an_image_for_another_board_is_refused(void **state) {
    fixture *f = *state;
    f->files.targets = rig_order_custom(&f->rig, 3, f->files.image, order_for("brake-2", RIG_HARDWARE, COUNTER));
    assert_refused(f, LP_UNKNOWN_ECU, "");
}

static void an_image_below_the_floor_is_refused(void **state) {
    fixture *f = *state;
    set_floor(f, COUNTER + 1);
    assert_refused(f, LP_ROLLBACK_COUNTER, "");
}

static void a_changed_image_is_refused(void **state) {
    fixture *f = *state;
    f->bytes[1000] ^= 1;
    assert_refused(f, LP_IMAGE_HASH, "");
}

static void targets_that_nobody_signed_are_refused(void **state) {
    fixture *f = *state;
    repo_sign_as(&f->rig.director, LP_ROLE_TARGETS, LP_ROLE_SNAPSHOT);
    f->files.targets = files_get(&f->rig.director.files, repo_path(&f->rig.director, LP_ROLE_TARGETS, NULL));
    assert_refused(f, LP_SIGNATURE_THRESHOLD, "");
}

static void a_chain_without_its_root_is_refused(void **state) {
    fixture *f = *state;
    f->files.root_count = 0;
    assert_refused(f, LP_SIGNATURE_THRESHOLD, ""); /* by the key that only the later root names */
}

static void a_file_that_is_too_long_is_refused_at_once(void **state) {
    fixture *f = *state;
    static uint8_t longer[4096];
    f->files.image = (lp_slice){longer, lp_layout_image_bytes(f->rig.layout) + 1};
    assert_refused(f, LP_LIMIT_FILE, "image");
    lp_recover_begin(&f->host, &f->line);
    f->files.targets.len = lp_layout_targets_bytes(f->rig.layout) + 1;
    assert_int_equal(run(f), LP_RECOVER_REFUSED);
    assert_string_equal(f->host.subject, "targets");
}

static void a_board_that_was_not_provisioned_takes_nothing(void **state) {
    fixture *f = *state;
    assert_true(lp_flash_erase_region(&f->rig.sim.flash, f->rig.layout->factory));
    lp_recovery_begin(&f->board, &f->rig.boot);
    assert_refused(f, LP_NO_TRUSTED_ROOT, "");
}

static bool send_nothing(void *ctx, lp_slice bytes) {
    (void)bytes;
    ((fixture *)ctx)->frames++;
    return true;
}

static void a_line_without_a_board_is_given_up(void **state) {
    fixture *f = *state;
    f->line.send = send_nothing;
    assert_int_equal(run(f), LP_RECOVER_SILENT);
    assert_int_equal(f->frames, LP_RECOVER_ATTEMPTS);
}

/* Sends one request of raw bytes; returns the code of the answer. */
static lp_code ask(fixture *f, uint8_t type, uint8_t sequence, const uint8_t *body, size_t len) {
    uint8_t bytes[LP_FRAME_BYTES] = {type, sequence};
    uint8_t framed[LP_FRAME_LINE_BYTES];
    lp_frame_reader reader = {.len = 0};
    lp_slice answer = {bytes, 0};
    memcpy(bytes + 2, body, len);
    size_t framed_len = lp_frame_write(bytes, 2 + len, framed);
    f->head = f->tail = 0;
    to_board(f, (lp_slice){framed, framed_len}, false);
    for (size_t i = 0; i < f->tail; i++) {
        lp_slice frame = lp_frame_read(&reader, f->queue[i]);
        answer = frame.ptr != NULL ? frame : answer;
    }
    assert_true(answer.len >= 4);
    assert_int_equal(answer.ptr[0], type | LP_RECOVERY_ANSWER);
    assert_int_equal(answer.ptr[1], sequence);
    return (lp_code)(answer.ptr[2] | answer.ptr[3] << 8);
}

static void requests_out_of_turn_are_refused(void **state) {
    fixture *f = *state;
    const uint8_t data[] = {0, 0, 0, 0, 'x', 'y'};
    const uint8_t later[] = {1, 0, 0, 0, 'x'};
    const uint8_t version[8] = {1};
    uint8_t begin[8] = {LP_RECOVERY_TARGETS, 0, 0, 0, 1};
    assert_int_equal(ask(f, LP_RECOVERY_DATA, 1, data, sizeof data), LP_MISUSE);
    assert_int_equal(ask(f, LP_RECOVERY_FINISH, 2, version, sizeof version), LP_MISUSE);
    assert_int_equal(ask(f, LP_RECOVERY_BEGIN, 3, begin, sizeof begin - 1), LP_FIELD_VALUE);
    assert_int_equal(ask(f, LP_RECOVERY_BEGIN, 4, begin, sizeof begin), LP_OK);
    assert_int_equal(ask(f, LP_RECOVERY_DATA, 5, later, sizeof later), LP_MISUSE);   /* not where it ended */
    assert_int_equal(ask(f, LP_RECOVERY_DATA, 6, data, sizeof data), LP_LIMIT_FILE); /* more than was promised */
    assert_int_equal(ask(f, LP_RECOVERY_DATA, 7, data, sizeof data - 1), LP_OK);     /* all of it */
    assert_int_equal(ask(f, LP_RECOVERY_DATA, 8, later, sizeof later), LP_MISUSE);   /* it is complete */
    begin[0] = LP_RECOVERY_IMAGE;
    assert_int_equal(ask(f, LP_RECOVERY_BEGIN, 20, begin, sizeof begin), LP_OK);
    assert_int_equal(ask(f, LP_RECOVERY_DATA, 21, data, sizeof data - 1), LP_OK);
    assert_int_equal(ask(f, LP_RECOVERY_BEGIN, 22, begin, sizeof begin), LP_OK);
    assert_int_equal(ask(f, LP_RECOVERY_FINISH, 23, version, sizeof version), LP_MISUSE); /* it is begun anew */
    begin[0] = LP_RECOVERY_IMAGE + 1;
    assert_int_equal(ask(f, LP_RECOVERY_BEGIN, 9, begin, sizeof begin), LP_FIELD_VALUE);
    begin[0] = LP_RECOVERY_ROOT;
    begin[1] = (uint8_t)lp_layout_root_slots(f->rig.layout);
    assert_int_equal(ask(f, LP_RECOVERY_BEGIN, 10, begin, sizeof begin), LP_LIMIT_FILE);
    assert_int_equal(ask(f, 77, 11, begin, 0), LP_FIELD_VALUE);
}

/* Until the whole chain is verified, only the roots before the one that is being written count. */
static void a_root_that_is_written_does_not_count(void **state) {
    fixture *f = *state;
    lp_board_state before;
    uint8_t begin[8] = {LP_RECOVERY_ROOT, 2, 0, 0, 1};
    lp_state_first(&before, RIG_FACTORY_TIME, COUNTER);
    before.roots = 2;
    remember(f, &before);
    assert_int_equal(ask(f, LP_RECOVERY_BEGIN, 1, begin, sizeof begin), LP_OK);
    assert_int_equal(remembered(f).roots, 2);
    begin[1] = 1;
    assert_int_equal(ask(f, LP_RECOVERY_BEGIN, 2, begin, sizeof begin), LP_OK);
    assert_int_equal(remembered(f).roots, 1);
    assert_int_equal(remembered(f).record.counter_floor, COUNTER);
    assert_int_equal(run(f), LP_RECOVER_DONE);
    assert_restarts_with_it(f);
}

/* Whoever wrote them: what runs next trusts the last root that counts. */
static void roots_beyond_the_verified_chain_no_longer_count(void **state) {
    fixture *f = *state;
    lp_board_state before;
    const uint8_t begin[8] = {LP_RECOVERY_ROOT, 2, 0, 0, 1};
    const uint8_t version[8] = {2};
    lp_state_first(&before, RIG_FACTORY_TIME, COUNTER);
    before.roots = 3;
    rig_store_root(&f->rig, 2);
    remember(f, &before);
    assert_int_equal(ask(f, LP_RECOVERY_BEGIN, 1, begin, sizeof begin), LP_OK);
    f->files.root_count = 0;
    assert_int_equal(run(f), LP_RECOVER_REFUSED); /* for it says that root 1 is the last */
    assert_int_equal(ask(f, LP_RECOVERY_FINISH, 100, version, sizeof version), LP_OK);
    assert_int_equal(remembered(f).roots, 1);
}

/* What FINISH did not accept is not installed, even if what it lacked comes afterwards. */
static void only_what_was_accepted_is_installed(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    lp_flash_writer root;
    const uint8_t version[8] = {2};
    f->files.root_count = 0;
    assert_int_equal(run(f), LP_RECOVER_REFUSED);
    assert_int_equal(ask(f, LP_RECOVERY_FINISH, 100, version, sizeof version), LP_NO_TRUSTED_ROOT);
    assert_true(lp_files_root_begin(&f->rig.sim.flash, f->rig.layout, 0, &root));
    assert_true(lp_flash_writer_add(&root, f->files.roots[0]) && lp_files_root_end(&root));
    assert_int_equal(lp_boot(&f->rig.boot, &report), LP_BOOT_RECOVER);
}

/* The next start moves as many pages as the image and its record take. */
static void what_was_accepted_is_restored_at_the_next_start(void **state) {
    fixture *f = *state;
    assert_int_equal(run(f), LP_RECOVER_DONE);
    const lp_boot_state boot = remembered(f).boot;
    assert_int_equal(boot.phase, LP_BOOT_RESTORING);
    assert_int_equal(boot.steps, 0);
    assert_int_equal(boot.image_pages, 3);
    assert_int_equal(boot.record_pages, (32 + f->files.targets.len + 1023) / 1024);
}

/* The copy of targets that the journal names is still the application's. */
static void an_upload_leaves_trusted_targets_alone(void **state) {
    fixture *f = *state;
    for (uint8_t copy = 1; copy <= 2; copy++) {
        lp_board_state before;
        const lp_region *region = &f->rig.layout->targets[copy - 1];
        sim_flash_load(&f->rig.sim, region->offset, "trusted", 7);
        lp_state_first(&before, RIG_FACTORY_TIME, COUNTER);
        before.targets_copy = copy;
        before.targets_len = 7;
        remember(f, &before);
        lp_recover_begin(&f->host, &f->line);
        assert_int_equal(run(f), LP_RECOVER_DONE);
        assert_memory_equal(f->rig.sim.flash.map + region->offset, "trusted", 7);
        assert_int_equal(remembered(f).targets_copy, copy);
    }
}

/* Slot 1 holds another image afterwards than the one that was on its way. */
static void an_upload_forgets_a_download(void **state) {
    fixture *f = *state;
    lp_board_state before;
    lp_state_first(&before, RIG_FACTORY_TIME, COUNTER);
    before.download_len = IMAGE_BYTES;
    before.downloaded = 1024;
    remember(f, &before);
    assert_int_equal(run(f), LP_RECOVER_DONE);
    assert_int_equal(remembered(f).boot.phase, LP_BOOT_RESTORING);
    assert_int_equal(remembered(f).download_len, 0);
}

static void a_page_that_fails_ends_a_file(void **state) {
    fixture *f = *state;
    const uint8_t begin[8] = {LP_RECOVERY_IMAGE, 0, 0, 0, 100};
    const uint8_t data[4 + 64] = {0};
    const uint8_t next[4 + 36] = {64};
    uint32_t page = f->rig.layout->slot[1].offset;
    sim_flash_fail(&f->rig.sim, page, SIM_FAILS_PROGRAM);
    assert_int_equal(ask(f, LP_RECOVERY_BEGIN, 1, begin, sizeof begin), LP_OK);
    assert_int_equal(ask(f, LP_RECOVERY_DATA, 2, data, sizeof data), LP_STATE);
    sim_flash_fail(&f->rig.sim, page, 0);
    assert_int_equal(ask(f, LP_RECOVERY_DATA, 3, next, sizeof next), LP_MISUSE);
    assert_int_equal(run(f), LP_RECOVER_DONE);
    assert_restarts_with_it(f);
}

static void what_was_accepted_stays(void **state) {
    fixture *f = *state;
    const uint8_t begin[8] = {LP_RECOVERY_IMAGE, 0, 0, 0, 1};
    assert_int_equal(run(f), LP_RECOVER_DONE);
    assert_int_equal(ask(f, LP_RECOVERY_BEGIN, 200, begin, sizeof begin), LP_MISUSE);
    assert_restarts_with_it(f);
}

/* --- the program --- */

static void write_file(const char *folder, const char *name, lp_slice bytes) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0 && strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

/* Is the board until the host hangs up. */
static void serve(fixture *f, int listener) {
    uint8_t byte;
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    while (read(fd, &byte, 1) == 1) {
        lp_slice answer = lp_recovery_byte(&f->board, byte);
        assert_true(answer.len == 0 || send(fd, answer.ptr, answer.len, MSG_NOSIGNAL) == (ssize_t)answer.len);
    }
    close(fd);
}

/* Runs `lampyr-board recover` over a socket; returns its exit code. */
static int run_program(fixture *f, lp_slice image) {
    char folder[] = "/tmp/lampyr-recovery-XXXXXX";
    char path[512];
    char program[512];
    const char *bin = getenv("LAMPYR_BIN");
    assert_non_null(bin);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/line", folder);
    snprintf(program, sizeof program, "%s/lampyr-board", bin);
    write_file(folder, "2.root.json", f->files.roots[0]);
    write_file(folder, "targets.json", f->files.targets);
    write_file(folder, "image", image);
    int listener = listen_at(path);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl(program, program, "recover", folder, path, (char *)NULL);
        _exit(127);
    }
    serve(f, listener);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    close(listener);
    for (size_t i = 0; i < 4; i++) {
        static const char *const names[] = {"2.root.json", "targets.json", "image", "line"};
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void the_program_recovers_a_board(void **state) {
    fixture *f = *state;
    assert_int_equal(run_program(f, f->files.image), 0);
    assert_restarts_with_it(f);
}

static void the_program_says_what_the_board_refuses(void **state) {
    fixture *f = *state;
    uint8_t changed[IMAGE_BYTES];
    memcpy(changed, f->bytes, sizeof changed);
    changed[0] ^= 1;
    assert_int_equal(run_program(f, (lp_slice){changed, sizeof changed}), 1);
    assert_false(lp_recovery_done(&f->board));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_board_says_what_it_takes),
        TEST(a_board_that_remembers_nothing_takes_an_image),
        TEST(a_board_with_a_floor_takes_an_image_at_it),
        TEST(frames_that_are_lost_damaged_or_repeated_do_no_harm),
        TEST(an_upload_that_was_interrupted_begins_anew),
        TEST(an_image_for_another_board_is_refused),
        TEST(an_image_below_the_floor_is_refused),
        TEST(a_changed_image_is_refused),
        TEST(targets_that_nobody_signed_are_refused),
        TEST(a_chain_without_its_root_is_refused),
        TEST(a_file_that_is_too_long_is_refused_at_once),
        TEST(a_board_that_was_not_provisioned_takes_nothing),
        TEST(a_line_without_a_board_is_given_up),
        TEST(requests_out_of_turn_are_refused),
        TEST(a_page_that_fails_ends_a_file),
        TEST(a_root_that_is_written_does_not_count),
        TEST(roots_beyond_the_verified_chain_no_longer_count),
        TEST(only_what_was_accepted_is_installed),
        TEST(what_was_accepted_is_restored_at_the_next_start),
        TEST(an_upload_leaves_trusted_targets_alone),
        TEST(an_upload_forgets_a_download),
        TEST(what_was_accepted_stays),
        TEST(the_program_recovers_a_board),
        TEST(the_program_says_what_the_board_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
