/* DEFLATE, RFC 1951, by zlib, into a buffer whose size is known. */
#define ZLIB_CONST /* next_in is not written to */
#include <zlib.h>

#include "base/seam.h"
#include "surface/apinizer/archive.h"

static void *allocate(void *context, unsigned count, unsigned size)
{
    (void)context;
    return ward_alloc((size_t)count * size);
}

static void release(void *context, void *memory)
{
    (void)context;
    ward_free(memory);
}

#define RAW_WINDOW_BITS (-15) /* neither a zlib nor a gzip head */

bool ward_inflate(struct ward_span bytes, unsigned char *ret, size_t size)
{
    unsigned char none;
    z_stream stream = { .zalloc = allocate,
                        .zfree = release,
                        .next_in = (const unsigned char *)bytes.data,
                        .avail_in = (unsigned)bytes.size,
                        .next_out = size > 0 ? ret : &none,
                        .avail_out = (unsigned)size };
    if (bytes.size > UINT32_MAX || size > UINT32_MAX || inflateInit2(&stream, RAW_WINDOW_BITS) != Z_OK) {
        return false;
    }
    bool is_whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.total_out == size;
    (void)inflateEnd(&stream);
    return is_whole;
}
