/* SPDX-License-Identifier: Apache-2.0 */
/* measure FD COMMAND...: runs a command and writes its CPU time in microseconds and its peak RSS in KiB to the
 * descriptor; ends with the command's exit status. A program of its own because the kernel counts the memory of
 * whoever starts a process into that process's peak: this one has next to none. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long long microseconds(struct timeval t) {
    return t.tv_sec * 1000000LL + t.tv_usec;
}

int main(int argc, char **argv) {
    struct rusage usage;
    int status;
    if (argc < 3) {
        return 126;
    }
    int figures = atoi(argv[1]);
    pid_t child = fork();
    if (child == 0) {
        close(figures);
        execv(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child || !WIFEXITED(status)) {
        return 126;
    }
    dprintf(figures, "%lld %ld\n", microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss);
    return WEXITSTATUS(status);
}
