#include "base/seam.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock_ms(clockid_t clock)
{
    struct timespec time = { 0 };
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int64_t read_wall_ms(void)
{
    return read_clock_ms(CLOCK_REALTIME);
}

static int64_t read_boot_ms(void)
{
    return read_clock_ms(CLOCK_BOOTTIME);
}

static int draw_random(void *data, size_t size)
{
    unsigned char *to = data;
    while (size > 0) {
        ssize_t got = getrandom(to, size, 0);
        if (got < 0 && errno == EINTR) {
            continue; /* only a draw of more than 256 bytes can be interrupted */
        }
        if (got <= 0) {
            return -1;
        }
        to += got;
        size -= (size_t)got;
    }
    return 0;
}

static int open_file(const char *path, int flags, mode_t mode)
{
    return open(path, flags, mode);
}

struct ward_seam ward_seam = {
    .now_ms = read_wall_ms,
    .boot_ms = read_boot_ms,
    .random = draw_random,
    .allocate = malloc,
    .reallocate = realloc,
    .release = free,
    .open = open_file,
    .read = read,
    .write = write,
    .sync = fsync,
    .sync_data = fdatasync,
    .rename = rename,
    .allocate_file = posix_fallocate,
    .map = mmap,
};

enum ward_status ward_random(void *data, size_t size)
{
    return ward_seam.random(data, size) == 0 ? WARD_OK : WARD_UNAVAILABLE;
}

/* The smallest 2^n - 1 that covers every index of an alphabet. */
static unsigned char mask_for(size_t alphabet_size)
{
    unsigned char mask = 1;
    while (mask < alphabet_size - 1) {
        mask = (unsigned char)(mask << 1 | 1);
    }
    return mask;
}

enum ward_status ward_random_text(char *text, size_t size, const char *alphabet)
{
    size_t alphabet_size = strlen(alphabet);
    if (alphabet_size < 2 || alphabet_size > 64) {
        return WARD_INTERNAL;
    }
    unsigned char mask = mask_for(alphabet_size);
    unsigned char drawn[64];
    size_t done = 0;
    while (done < size) {
        enum ward_status status = ward_random(drawn, sizeof(drawn));
        if (status != WARD_OK) {
            explicit_bzero(text, size);
            return status;
        }
        for (size_t i = 0; i < sizeof(drawn) && done < size; i++) {
            size_t index = drawn[i] & mask;
            if (index < alphabet_size) { /* a remainder instead would favour the first characters */
                text[done++] = alphabet[index];
            }
        }
    }
    explicit_bzero(drawn, sizeof(drawn));
    return WARD_OK;
}

/* malloc(0) may answer NULL, which every caller takes for "out of memory": so nothing asks for zero bytes. */
void *ward_alloc(size_t size)
{
    size_t asked = size ? size : 1;
    void *memory = ward_seam.allocate(asked);
    if (memory) {
        memset(memory, 0, asked);
    }
    return memory;
}

void *ward_realloc(void *memory, size_t size)
{
    return ward_seam.reallocate(memory, size ? size : 1);
}

void ward_free(void *memory)
{
    ward_seam.release(memory);
}
