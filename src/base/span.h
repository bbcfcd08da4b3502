/* A borrowed run of bytes: never owns, never assumes a closing NUL. */
#ifndef WARD_BASE_SPAN_H
#define WARD_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct ward_span {
    const char *data; /* NULL only together with size 0: "absent", as opposed to empty */
    size_t size;
};

#define WARD_SPAN(literal) ((struct ward_span){ (literal), sizeof(literal) - 1 })
#define WARD_SPAN_NONE     ((struct ward_span){ NULL, 0 })

/* The same for static tables, where a compound literal is no constant to ISO C. */
#define WARD_SPAN_INIT(literal)                                                                                        \
    {                                                                                                                  \
        (literal), sizeof(literal) - 1                                                                                 \
    }

static inline struct ward_span ward_span(const char *data, size_t size)
{
    return (struct ward_span){ data, size };
}

/** Borrow a C string, or make an absent span of NULL. */
static inline struct ward_span ward_span_of(const char *text)
{
    return (struct ward_span){ text, text ? strlen(text) : 0 };
}

static inline bool ward_span_equal(struct ward_span a, struct ward_span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/** Compare as many bytes: ASCII letters without regard to case, every other byte exactly. */
bool ward_bytes_equal_nocase(const char *a, const char *b, size_t size);

static inline bool ward_span_equal_nocase(struct ward_span a, struct ward_span b)
{
    return a.size == b.size && ward_bytes_equal_nocase(a.data, b.data, a.size);
}

static inline bool ward_span_starts_with(struct ward_span s, struct ward_span prefix)
{
    return s.size >= prefix.size && (prefix.size == 0 || memcmp(s.data, prefix.data, prefix.size) == 0);
}

#endif
