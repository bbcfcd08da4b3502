#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/iso8601.h"
#include "base/seam.h"
#include "base/utf8.h"

/* PIPE_BUF of Linux: a line of at most this size reaches a pipe in one piece, so lines of several threads and processes
 * never mix. */
enum { LINE_MAX_BYTES = 4096 };

/* What closes a line that was cut inside a string; always kept free. */
static const char cut_end[] = "\",\"truncated\":true}\n";

enum { BODY_MAX_BYTES = LINE_MAX_BYTES - (sizeof(cut_end) - 1) };

static const char *const level_names[] = { "debug", "info", "warn", "error" };

static int least_level = WARD_LOG_INFO;
static int descriptor = STDERR_FILENO;

/* The lines of a thread that holds them (ward_log_hold). */
static _Thread_local struct {
    bool is_holding;
    size_t size;
    char text[LINE_MAX_BYTES];
} held;

struct line {
    char text[LINE_MAX_BYTES];
    size_t size;
    bool is_cut;
};

static bool has_room(const struct line *line, size_t size)
{
    return size <= BODY_MAX_BYTES - line->size;
}

static void put(struct line *line, struct ward_span bytes)
{
    if (line->is_cut || !has_room(line, bytes.size)) {
        line->is_cut = true;
        return;
    }
    memcpy(line->text + line->size, bytes.data, bytes.size);
    line->size += bytes.size;
}

/* Would the character act on the terminal, or on the order in which a person sees the text? */
static bool must_escape(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == '"' || point == '\\' ||
           (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

static void put_escape(struct line *line, uint32_t point)
{
    static const char digits[] = "0123456789abcdef";
    char text[] = "\\u0000";
    for (int i = 5; i >= 2; i--) {
        text[i] = digits[point & 15];
        point >>= 4;
    }
    put(line, ward_span(text, sizeof(text) - 1));
}

static void put_text(struct line *line, struct ward_span text)
{
    while (text.size > 0 && !line->is_cut) {
        uint32_t point = 0;
        size_t size = ward_utf8_read(text, &point);
        if (size == 0) {
            put_escape(line, 0xfffd);
            size = 1;
        } else if (must_escape(point)) {
            put_escape(line, point);
        } else {
            put(line, ward_span(text.data, size));
        }
        text = ward_span(text.data + size, text.size - size);
    }
}

/* Write ,"name": and an opening quote if there is room for all of it; else the line ends before the field. */
static bool begin_field(struct line *line, const char *name, bool is_text)
{
    size_t size = strlen(name);
    if (line->is_cut || !has_room(line, size + sizeof(",\"\":\""))) {
        line->is_cut = true;
        return false;
    }
    put(line, WARD_SPAN(",\""));
    put(line, ward_span(name, size));
    put(line, is_text ? WARD_SPAN("\":\"") : WARD_SPAN("\":"));
    return true;
}

/* A bare value is short; it is measured together with its name, so that no name is left without a value. */
static void put_bare(struct line *line, const char *name, const char *value)
{
    if (!has_room(line, strlen(name) + sizeof(",\"\":\"") + strlen(value))) {
        line->is_cut = true;
    }
    if (begin_field(line, name, false)) {
        put(line, ward_span_of(value));
    }
}

/* Returns true if the line was cut inside the string, whose quote is then still open. */
static bool put_string(struct line *line, const char *name, struct ward_span text)
{
    if (!begin_field(line, name, true)) {
        return false;
    }
    put_text(line, text);
    put(line, WARD_SPAN("\""));
    return line->is_cut;
}

static bool put_field(struct line *line, const struct ward_log_field *field)
{
    char number[24];
    switch (field->type) {
    case WARD_LOG_TEXT:
        if (field->text.data) {
            return put_string(line, field->name, field->text);
        }
        put_bare(line, field->name, "null");
        break;
    case WARD_LOG_INT:
        snprintf(number, sizeof(number), "%lld", (long long)field->number);
        put_bare(line, field->name, number);
        break;
    case WARD_LOG_BOOL:
        put_bare(line, field->name, field->number ? "true" : "false");
        break;
    }
    return false;
}

/* Takes the room that put() keeps free. */
static void end_line(struct line *line, bool is_in_string)
{
    const char *end = !line->is_cut ? "}\n" : is_in_string ? cut_end : cut_end + 1;
    size_t size = strlen(end);
    memcpy(line->text + line->size, end, size);
    line->size += size;
}

/* Nobody can be told that the log is broken; the caller's errno survives. */
static void write_text(const char *text, size_t size)
{
    int saved_errno = errno;
    int fd = __atomic_load_n(&descriptor, __ATOMIC_RELAXED);
    while (ward_seam.write(fd, text, size) < 0 && errno == EINTR) {
    }
    errno = saved_errno;
}

static void write_held(void)
{
    if (held.size > 0) {
        write_text(held.text, held.size);
    }
    held.size = 0;
}

void ward_log_hold(void)
{
    held.is_holding = true;
}

void ward_log_release(void)
{
    held.is_holding = false;
    write_held();
}

/* No more together than reach a pipe in one piece; a warning waits for nobody. */
static void write_line(enum ward_log_level level, const struct line *line)
{
    if (line->size > sizeof(held.text) - held.size) {
        write_held();
    }
    if (!held.is_holding || level >= WARD_LOG_WARN) {
        write_held();
        write_text(line->text, line->size);
        return;
    }
    memcpy(held.text + held.size, line->text, line->size);
    held.size += line->size;
}

void ward_log_write(enum ward_log_level level, const char *event, const struct ward_log_field *fields, size_t count)
{
    if ((int)level < __atomic_load_n(&least_level, __ATOMIC_RELAXED) || level > WARD_LOG_ERROR) {
        return;
    }
    char time[WARD_ISO8601_MS_CHARS + 1];
    ward_iso8601_format(ward_now_ms(), time);

    struct line line;
    line.size = 0;
    line.is_cut = false;
    put(&line, WARD_SPAN("{\"time\":\""));
    put(&line, ward_span_of(time));
    put(&line, WARD_SPAN("\""));
    bool is_in_string = put_string(&line, "level", ward_span_of(level_names[level]));
    is_in_string = put_string(&line, "event", ward_span_of(event)) || is_in_string;
    for (size_t i = 0; i < count && !line.is_cut; i++) {
        is_in_string = put_field(&line, &fields[i]) || is_in_string;
    }
    end_line(&line, is_in_string);
    write_line(level, &line);
}

void ward_log_set_level(enum ward_log_level level)
{
    __atomic_store_n(&least_level, (int)level, __ATOMIC_RELAXED);
}

bool ward_log_level_parse(struct ward_span name, enum ward_log_level *ret)
{
    for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (ward_span_equal(name, ward_span_of(level_names[i]))) {
            *ret = (enum ward_log_level)i;
            return true;
        }
    }
    return false;
}

void ward_log_set_descriptor(int fd)
{
    __atomic_store_n(&descriptor, fd, __ATOMIC_RELAXED);
}
