/*
 * A growing byte buffer that was created with its maximum. Appending never fails loudly: the first failure (out of
 * memory, over the maximum) sets `status`, later appends do nothing, and the caller asks once at the end.
 */
#ifndef WARD_BASE_BUFFER_H
#define WARD_BASE_BUFFER_H

#include <stdint.h>

#include "base/span.h"
#include "base/status.h"

struct ward_buffer {
    char *data;
    size_t size;
    size_t capacity;
    size_t max;
    size_t touched;          /* of the capacity, what may have been written to: that much is wiped */
    enum ward_status status; /* WARD_OK, WARD_NO_MEMORY or WARD_TOO_LARGE */
    bool is_secret;          /* wiped when freed and when moved by growth */
};

/** Make an empty buffer that will hold at most max bytes. Allocates nothing yet. */
struct ward_buffer ward_buffer_new(size_t max);

/** Make an empty buffer whose bytes are wiped on free and on growth. */
struct ward_buffer ward_buffer_new_secret(size_t max);

/** Free (and wipe, if secret) the bytes; the buffer is empty and usable again. Takes NULL. */
void ward_buffer_free(struct ward_buffer *buffer);

/** Empty the buffer and clear its status, keeping the memory. */
void ward_buffer_clear(struct ward_buffer *buffer);

/** Make room for size more bytes, so that appending them cannot fail for want of memory. False: see status. */
bool ward_buffer_make_room(struct ward_buffer *buffer, size_t size);

/** Make room for size more bytes and return where they start, or NULL. The caller adds to `size` what it wrote. */
char *ward_buffer_reserve(struct ward_buffer *buffer, size_t size);

void ward_buffer_append(struct ward_buffer *buffer, struct ward_span bytes);
void ward_buffer_append_text(struct ward_buffer *buffer, const char *text);
void ward_buffer_append_char(struct ward_buffer *buffer, char c);
void ward_buffer_append_int(struct ward_buffer *buffer, int64_t value);
void ward_buffer_append_uint(struct ward_buffer *buffer, uint64_t value);

/** Append like printf. Never pass it a secret. */
void ward_buffer_append_format(struct ward_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline struct ward_span ward_buffer_span(const struct ward_buffer *buffer)
{
    return (struct ward_span){ buffer->data ? buffer->data : "", buffer->size };
}

#define WARD_BUFFER __attribute__((cleanup(ward_buffer_free))) struct ward_buffer

#endif
