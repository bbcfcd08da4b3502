#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/encoding.h"
#include "base/seam.h"

enum { FIRST_CAPACITY = 64 };

struct ward_buffer ward_buffer_new(size_t max)
{
    return (struct ward_buffer){ .max = max };
}

struct ward_buffer ward_buffer_new_secret(size_t max)
{
    return (struct ward_buffer){ .max = max, .is_secret = true };
}

/* Not the whole capacity: room that was made in advance and never used is most of it. */
static void wipe(struct ward_buffer *buffer)
{
    if (buffer->data && buffer->is_secret) {
        explicit_bzero(buffer->data, buffer->size > buffer->touched ? buffer->size : buffer->touched);
    }
    buffer->touched = 0;
}

static void release(struct ward_buffer *buffer)
{
    wipe(buffer);
    ward_free(buffer->data);
}

void ward_buffer_free(struct ward_buffer *buffer)
{
    if (!buffer) {
        return;
    }
    release(buffer);
    *buffer = (struct ward_buffer){ .max = buffer->max, .is_secret = buffer->is_secret };
}

void ward_buffer_clear(struct ward_buffer *buffer)
{
    wipe(buffer);
    buffer->size = 0;
    buffer->status = WARD_OK;
}

/* One byte more than the capacity is allocated: vsnprintf writes its closing NUL there. */
static char *move_to_capacity(struct ward_buffer *buffer, size_t capacity)
{
    if (!buffer->is_secret) {
        return ward_realloc(buffer->data, capacity + 1);
    }
    char *data = ward_realloc(NULL, capacity + 1); /* growing the old block could leave its bytes behind unwiped */
    if (data) {
        if (buffer->size > 0) {
            memcpy(data, buffer->data, buffer->size);
        }
        release(buffer);
        buffer->touched = buffer->size;
    }
    return data;
}

static size_t next_capacity(const struct ward_buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity > buffer->max / 2 ? buffer->max : buffer->capacity * 2;
    if (capacity < FIRST_CAPACITY) {
        capacity = buffer->max < FIRST_CAPACITY ? buffer->max : FIRST_CAPACITY;
    }
    return capacity < needed ? needed : capacity;
}

bool ward_buffer_make_room(struct ward_buffer *buffer, size_t size)
{
    if (buffer->status != WARD_OK) {
        return false;
    }
    if (size > buffer->max - buffer->size || buffer->size + size == SIZE_MAX) {
        buffer->status = WARD_TOO_LARGE;
        return false;
    }
    size_t needed = buffer->size + size;
    if (!buffer->data || needed > buffer->capacity) {
        size_t capacity = next_capacity(buffer, needed);
        char *data = move_to_capacity(buffer, capacity);
        if (!data) {
            buffer->status = WARD_NO_MEMORY;
            return false;
        }
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return true;
}

char *ward_buffer_reserve(struct ward_buffer *buffer, size_t size)
{
    if (!ward_buffer_make_room(buffer, size)) {
        return NULL;
    }
    if (buffer->touched < buffer->size + size) {
        buffer->touched = buffer->size + size;
    }
    return buffer->data + buffer->size;
}

void ward_buffer_append(struct ward_buffer *buffer, struct ward_span bytes)
{
    if (bytes.size == 0) {
        return;
    }
    char *to = ward_buffer_reserve(buffer, bytes.size);
    if (to) {
        memcpy(to, bytes.data, bytes.size);
        buffer->size += bytes.size;
    }
}

void ward_buffer_append_text(struct ward_buffer *buffer, const char *text)
{
    ward_buffer_append(buffer, ward_span_of(text));
}

void ward_buffer_append_char(struct ward_buffer *buffer, char c)
{
    ward_buffer_append(buffer, ward_span(&c, 1));
}

void ward_buffer_append_uint(struct ward_buffer *buffer, uint64_t value)
{
    char text[WARD_DECIMAL_CHARS];
    ward_buffer_append(buffer, ward_decimal_uint(value, text));
}

void ward_buffer_append_int(struct ward_buffer *buffer, int64_t value)
{
    char text[WARD_DECIMAL_CHARS];
    ward_buffer_append(buffer, ward_decimal_int(value, text));
}

void ward_buffer_append_format(struct ward_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0) {
        buffer->status = buffer->status == WARD_OK ? WARD_NO_MEMORY : buffer->status;
        return;
    }
    char *to = ward_buffer_reserve(buffer, (size_t)size);
    if (to) {
        va_start(arguments, format);
        vsnprintf(to, (size_t)size + 1, format, arguments);
        va_end(arguments);
        buffer->size += (size_t)size;
    }
}
