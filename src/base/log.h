/*
 * The log sink: one JSON object a line on standard error. Values are escaped (control and bidi characters too); a
 * secret has no field type and so cannot be logged. Names of fields are fixed text.
 */
#ifndef WARD_BASE_LOG_H
#define WARD_BASE_LOG_H

#include <stdint.h>

#include "base/span.h"

enum ward_log_level { WARD_LOG_DEBUG, WARD_LOG_INFO, WARD_LOG_WARN, WARD_LOG_ERROR };

struct ward_log_field {
    const char *name;
    enum { WARD_LOG_TEXT, WARD_LOG_INT, WARD_LOG_BOOL } type;
    struct ward_span text;
    int64_t number;
};

#define WARD_LOG_STR(field, value)                                                                                     \
    ((struct ward_log_field){ .name = (field), .type = WARD_LOG_TEXT, .text = ward_span_of(value) })
#define WARD_LOG_SPAN(field, value) ((struct ward_log_field){ .name = (field), .type = WARD_LOG_TEXT, .text = (value) })
#define WARD_LOG_NUM(field, value)                                                                                     \
    ((struct ward_log_field){ .name = (field), .type = WARD_LOG_INT, .number = (int64_t)(value) })
#define WARD_LOG_FLAG(field, value)                                                                                    \
    ((struct ward_log_field){ .name = (field), .type = WARD_LOG_BOOL, .number = (value) ? 1 : 0 })

/**
 * Write one line: {"time":…,"level":…,"event":event, fields…}. Lines under the level are dropped.
 *
 * Shape:   at most 4 KiB, written with one call; what does not fit is cut and the line ends in "truncated":true. An
 *          absent text is null. Bytes that are no UTF-8 become U+FFFD.
 * Errors:  none; a line that cannot be written is lost. errno is kept.
 * Threads: any.
 */
void ward_log_write(enum ward_log_level level, const char *event, const struct ward_log_field *fields, size_t count);

/**
 * Hold this thread's lines back, to write several with one call; until ward_log_release, or until there is a warning or
 * an error. Whoever holds must not wait before it releases. A killed process loses what is held.
 */
void ward_log_hold(void);
void ward_log_release(void);

#define ward_log(level, event, ...)                                                                                    \
    ward_log_write((level), (event), (const struct ward_log_field[]){ __VA_ARGS__ },                                   \
                   sizeof((const struct ward_log_field[]){ __VA_ARGS__ }) / sizeof(struct ward_log_field))

void ward_log_set_level(enum ward_log_level level);

/** Read a level by its name ("debug", "info", "warn", "error"). */
bool ward_log_level_parse(struct ward_span name, enum ward_log_level *ret);

/** Write lines to another descriptor than 2 (tests). */
void ward_log_set_descriptor(int fd);

#endif
