/* Writing JSON into a buffer: commas, escapes and nesting are the writer's; members keep the order of the calls. */
#ifndef WARD_JSON_WRITER_H
#define WARD_JSON_WRITER_H

#include "base/buffer.h"

#define WARD_JSON_WRITER_DEPTH_MAX 32

struct ward_json_writer {
    struct ward_buffer *out; /* borrowed; its status tells of failure (WARD_INTERNAL: begin and end do not match) */
    unsigned depth;
    bool needs_comma[WARD_JSON_WRITER_DEPTH_MAX];
};

struct ward_json_writer ward_json_writer_to(struct ward_buffer *out);

void ward_json_begin_object(struct ward_json_writer *writer);
void ward_json_end_object(struct ward_json_writer *writer);
void ward_json_begin_array(struct ward_json_writer *writer);
void ward_json_end_array(struct ward_json_writer *writer);

/** Start a member of the open object; the next call writes its value. name is fixed ASCII text that needs no escape. */
void ward_json_key(struct ward_json_writer *writer, const char *name);

/** Write a string value, or null for an absent span. Escapes as JSON.stringify does: \" \\ \b \f \n \r \t, \u00xx below
 * 0x20. Bytes that are no UTF-8 become U+FFFD. */
void ward_json_put_string(struct ward_json_writer *writer, struct ward_span text);
void ward_json_put_int(struct ward_json_writer *writer, int64_t value);
void ward_json_put_bool(struct ward_json_writer *writer, bool value);
void ward_json_put_null(struct ward_json_writer *writer);

/** Write ready-made JSON text as one value, or null for an absent span. */
void ward_json_put_raw(struct ward_json_writer *writer, struct ward_span json);

/** Append the escaped inside of a string, without quotes, to any buffer. */
void ward_json_escape(struct ward_buffer *out, struct ward_span text);

/* A member in one call. */
void ward_json_member_string(struct ward_json_writer *writer, const char *name, struct ward_span text);
void ward_json_member_int(struct ward_json_writer *writer, const char *name, int64_t value);
void ward_json_member_bool(struct ward_json_writer *writer, const char *name, bool value);
void ward_json_member_null(struct ward_json_writer *writer, const char *name);
void ward_json_member_raw(struct ward_json_writer *writer, const char *name, struct ward_span json);
/** Write a time as YYYY-MM-DDTHH:MM:SS.mmmZ, or null for WARD_TIME_NONE. */
void ward_json_member_time(struct ward_json_writer *writer, const char *name, int64_t ms);

#endif
