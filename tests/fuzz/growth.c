/* SPDX-License-Identifier: Apache-2.0 */
/* usage: growth [name...]
 * Runs the worst cases known at growing sizes, prints the work per byte and the worst of all, and fails if one grows
 * faster than n log n or takes more than a bound. The work is counted, not timed: docs/FUZZING.md. */
#include "growth.h"

#include <stdarg.h>
#include <string.h>

static uint64_t work;
static bool counting;

enum { WORD_BYTES = 8 };

static void count_bytes(size_t len) {
    work += counting ? 1 + len / WORD_BYTES : 0;
}

/* The compiler calls this at every basic block of the verifier (-fsanitize-coverage=trace-pc). */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) {
    work += counting;
}

/* The linker sends the C library's functions this way (--wrap). */
void *__real_memchr(const void *s, int c, size_t n);
int __real_memcmp(const void *a, const void *b, size_t n);
void *__real_memcpy(void *to, const void *from, size_t n);
void *__real_memmove(void *to, const void *from, size_t n);
void *__real_memset(void *s, int c, size_t n);
size_t __real_strlen(const char *s);
void *__wrap_memchr(const void *s, int c, size_t n);
int __wrap_memcmp(const void *a, const void *b, size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n);
void *__wrap_memmove(void *to, const void *from, size_t n);
void *__wrap_memset(void *s, int c, size_t n);
size_t __wrap_strlen(const char *s);

void *__wrap_memchr(const void *s, int c, size_t n) {
    char *found = __real_memchr(s, c, n);
    count_bytes(found != NULL ? (size_t)(found - (const char *)s) : n);
    return found;
}

int __wrap_memcmp(const void *a, const void *b, size_t n) {
    count_bytes(n);
    return __real_memcmp(a, b, n);
}

void *__wrap_memcpy(void *to, const void *from, size_t n) {
    count_bytes(n);
    return __real_memcpy(to, from, n);
}

void *__wrap_memmove(void *to, const void *from, size_t n) {
    count_bytes(n);
    return __real_memmove(to, from, n);
}

void *__wrap_memset(void *s, int c, size_t n) {
    count_bytes(n);
    return __real_memset(s, c, n);
}

size_t __wrap_strlen(const char *s) {
    size_t len = __real_strlen(s);
    count_bytes(len);
    return len;
}

void count_begin(void) {
    work = 0;
    counting = true;
}

uint64_t count_end(void) {
    counting = false;
    return work;
}

text text_begin(fuzz_memory *memory) {
    return (text){.memory = memory};
}

static void reserve(text *t, size_t more) {
    if (t->room - t->len > more) {
        return;
    }
    size_t room = 2 * (t->len + more) + 64;
    char *ptr = fuzz_alloc(t->memory, room);
    if (t->len > 0) {
        memcpy(ptr, t->ptr, t->len);
    }
    t->ptr = ptr;
    t->room = room;
}

void text_add(text *t, const char *format, ...) {
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, arguments);
    FUZZ_CHECK(len >= 0);
    reserve(t, (size_t)len);
    vsnprintf(t->ptr + t->len, (size_t)len + 1, format, again);
    t->len += (size_t)len;
    va_end(again);
    va_end(arguments);
}

void text_fill(text *t, char c, size_t count) {
    reserve(t, count);
    memset(t->ptr + t->len, c, count);
    t->len += count;
}

lp_slice text_end(const text *t) {
    return fuzz_copy(t->memory, t->ptr, t->len);
}

/* Sizes double from the first; n log n grows by less than this from the first to the last. */
enum { FIRST_BYTES = 32 * 1024, DOUBLINGS = 3 };
static const double most_growth = (1 << DOUBLINGS) * 1.5;

/* No input costs more work per byte than this: the worst case, and some room for compilers that differ. */
static const double most_per_byte = 1500;

typedef struct worst_case {
    const char *name;
    double per_byte;
} worst_case;

static bool run_case(const growth_case *c, worst_case *worst) {
    uint64_t first = 0;
    uint64_t steps = 0;
    double most = 0;
    printf("%-24s", c->name);
    for (int i = 0; i <= DOUBLINGS; i++) {
        fuzz_memory memory = {NULL};
        size_t size = 0;
        steps = c->run(&memory, (size_t)FIRST_BYTES << i, &size);
        first = i == 0 ? steps : first;
        double per_byte = (double)steps / (double)size;
        most = per_byte > most ? per_byte : most;
        printf(" %8.1f", per_byte);
        fuzz_release(&memory);
    }
    bool linear = (double)steps <= (double)first * most_growth;
    bool bounded = most <= most_per_byte;
    printf("   %s%s%s\n", linear ? "" : "GROWS TOO FAST: ", bounded ? "" : "TAKES TOO MUCH: ", c->what);
    if (most > worst->per_byte) {
        *worst = (worst_case){c->name, most};
    }
    return linear && bounded;
}

static bool is_wanted(const char *name, int argc, char **argv) {
    bool wanted = argc < 2;
    for (int i = 1; i < argc; i++) {
        wanted = wanted || strcmp(argv[i], name) == 0;
    }
    return wanted;
}

static bool run_cases(const growth_case *cases, size_t count, int argc, char **argv, worst_case *worst) {
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        if (is_wanted(cases[i].name, argc, argv)) {
            ok = run_case(&cases[i], worst) && ok;
        }
    }
    return ok;
}

int main(int argc, char **argv) {
    worst_case worst = {"none", 0};
    printf("work per byte at %24s\n%-24s", "", "");
    for (int i = 0; i <= DOUBLINGS; i++) {
        printf(" %5d KB", FIRST_BYTES >> 10 << i);
    }
    printf("\n");
    bool json = run_cases(growth_json_cases, growth_json_count, argc, argv, &worst);
    bool roles = run_cases(growth_role_cases, growth_role_count, argc, argv, &worst);
    printf("the worst: %s, %.1f a byte; bound: %.0f\n", worst.name, worst.per_byte, most_per_byte);
    return json && roles ? 0 : 1;
}
