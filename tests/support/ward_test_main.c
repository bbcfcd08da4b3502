/*
 * The program with a clock that a test moves and with faults on order: the same main, the seam replaced.
 * WARD_TEST_CLOCK names a file of two little-endian int64: milliseconds added to the wall clock, and to the boot clock.
 * Changes take effect at once. WARD_TEST_FAULTS names a file of faults (fault_control.h). None of this is in the
 * program that is shipped.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/seam.h"
#include "cli/cli.h"
#include "fault_control.h"

struct offsets {
    int64_t now_ms, boot_ms;
};

static const struct offsets *offsets;
static int64_t (*real_now_ms)(void);
static int64_t (*real_boot_ms)(void);

static int64_t moved_now_ms(void)
{
    return real_now_ms() + __atomic_load_n(&offsets->now_ms, __ATOMIC_RELAXED);
}

static int64_t moved_boot_ms(void)
{
    return real_boot_ms() + __atomic_load_n(&offsets->boot_ms, __ATOMIC_RELAXED);
}

static const struct offsets *map_offsets(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    /* A shorter file would end the server with SIGBUS at its first look at the time. */
    off_t size = lseek(fd, 0, SEEK_END);
    void *memory = size >= (off_t)sizeof(struct offsets)
                       ? mmap(NULL, sizeof(struct offsets), PROT_READ, MAP_SHARED, fd, 0)
                       : MAP_FAILED;
    close(fd);
    return memory == MAP_FAILED ? NULL : memory;
}

static bool install_clock(const char *path)
{
    offsets = map_offsets(path);
    if (!offsets)
        return false;
    real_now_ms = ward_seam.now_ms;
    real_boot_ms = ward_seam.boot_ms;
    ward_seam.now_ms = moved_now_ms;
    ward_seam.boot_ms = moved_boot_ms;
    return true;
}

int main(int argc, char **argv)
{
    const char *clock = getenv("WARD_TEST_CLOCK");
    const char *faults = getenv("WARD_TEST_FAULTS");
    if (clock && !install_clock(clock)) {
        fprintf(stderr, "ward-test: WARD_TEST_CLOCK must name a file of 16 bytes\n");
        return 2;
    }
    if (faults && !fault_control_install(faults)) {
        fprintf(stderr, "ward-test: WARD_TEST_FAULTS must name a file with a row for each kind of fault\n");
        return 2;
    }
    return ward_cli_main(argc, argv, WARD_VERSION);
}
