/* SPDX-License-Identifier: Apache-2.0 */
/* What firmware uses of string.h, small: the C library's versions are made for speed, and take a kilobyte more.
 * The compiler calls some of these by itself, so none may become a call of itself: see CMakeLists.txt. */
#include <stdint.h>
#include <string.h>

static int both_aligned(const void *a, const void *b) {
    return (((uintptr_t)a | (uintptr_t)b) & 3) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t len) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if (both_aligned(to, from)) {
        for (; len >= 4; len -= 4, out += 4, in += 4) {
            *(uint32_t *)(void *)out = *(const uint32_t *)(const void *)in;
        }
    }
    while (len-- > 0) {
        *out++ = *in++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t len) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if (out <= in) {
        return memcpy(to, from, len); /* which goes upwards */
    }
    while (len-- > 0) {
        out[len] = in[len];
    }
    return to;
}

void *memset(void *to, int value, size_t len) {
    uint8_t *out = to;
    while (len-- > 0) {
        *out++ = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t len) {
    const uint8_t *x = a;
    const uint8_t *y = b;
    for (; len > 0; len--, x++, y++) {
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}

void *memchr(const void *in, int value, size_t len) {
    for (const uint8_t *p = in; len > 0; len--, p++) {
        if (*p == (uint8_t)value) {
            return (void *)(uintptr_t)p;
        }
    }
    return NULL;
}

size_t strlen(const char *text) {
    size_t len = 0;
    while (text[len] != '\0') {
        len++;
    }
    return len;
}

int strcmp(const char *a, const char *b) {
    while (*a == *b && *a != '\0') {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}
