#include <stdio.h>
#include <string.h>

#include "base/seam.h"
#include "base/utf8.h"
#include "cli/cli.h"

enum { COLUMNS_MAX = 12, TABLE_MAX = 64 * 1024 * 1024 };

bool ward_cli_wants_json(const struct ward_cli *cli)
{
    const char *output = ward_option_text(&cli->options, "output");
    return output && strcmp(output, "json") == 0;
}

enum ward_exit ward_cli_print(struct ward_cli *cli, struct ward_span text)
{
    if (fwrite(text.data ? text.data : "", 1, text.size, stdout) == text.size && fflush(stdout) == 0)
        return WARD_EXIT_OK;
    ward_fail(&cli->failure, WARD_EXIT_IO, "standard output cannot be written");
    return WARD_EXIT_IO;
}

/* How many bytes of a character that a terminal would obey stand here: C0, DEL, C1, and the bidi controls. */
static size_t acting_bytes(struct ward_span text, size_t at)
{
    const unsigned char *bytes = (const unsigned char *)text.data + at;
    size_t left = text.size - at;
    if (bytes[0] < 0x20 || bytes[0] == 0x7F)
        return 1;
    if (left >= 2 && bytes[0] == 0xC2 && bytes[1] < 0xA0)
        return 2;
    if (left < 3 || bytes[0] != 0xE2)
        return 0;
    bool is_mark = bytes[1] == 0x80 && (bytes[2] == 0x8E || bytes[2] == 0x8F || (bytes[2] >= 0xA8 && bytes[2] <= 0xAE));
    bool is_isolate = bytes[1] == 0x81 && bytes[2] >= 0xA6 && bytes[2] <= 0xA9;
    return is_mark || is_isolate ? 3 : 0;
}

void ward_cli_append_safe(struct ward_buffer *ret, struct ward_span text)
{
    for (size_t i = 0; i < text.size;) {
        size_t acting = acting_bytes(text, i);
        ward_buffer_append_char(ret, acting ? '?' : text.data[i]);
        i += acting ? acting : 1;
    }
}

/* A member of a member: "rateLimit.limit". */
static const struct ward_json_value *find(const struct ward_json_value *object, const char *path)
{
    const char *dot = strchr(path, '.');
    char first[64];
    if (!dot)
        return ward_json_member(object, path);
    snprintf(first, sizeof(first), "%.*s", (int)(dot - path), path);
    return find(ward_json_member(object, first), dot + 1);
}

static struct ward_span cell(struct ward_cli *cli, const struct ward_json_value *object, const char *member)
{
    WARD_BUFFER safe = ward_buffer_new_secret(TABLE_MAX);
    const struct ward_json_value *value = find(object, member);
    switch (ward_json_type(value)) {
    case WARD_JSON_ABSENT:
    case WARD_JSON_NULL:
        return WARD_SPAN("-");
    case WARD_JSON_TRUE:
        return WARD_SPAN("yes");
    case WARD_JSON_FALSE:
        return WARD_SPAN("no");
    case WARD_JSON_STRING:
        ward_cli_append_safe(&safe, ward_json_string(value));
        break;
    default:
        ward_cli_append_safe(&safe, ward_json_raw(value));
    }
    struct ward_span text = ward_pool_copy(&cli->pool, ward_buffer_span(&safe));
    return text.data ? text : WARD_SPAN("?");
}

static void append_padded(struct ward_buffer *out, struct ward_span text, size_t width)
{
    size_t shown = ward_utf8_valid(text) ? ward_utf8_count(text) : text.size;
    ward_buffer_append(out, text);
    for (; shown < width; shown++)
        ward_buffer_append_char(out, ' ');
}

static void append_line(struct ward_buffer *out, const struct ward_span *cells, const size_t *widths, size_t count)
{
    for (size_t c = 0; c < count; c++)
        append_padded(out, cells[c], c + 1 < count ? widths[c] + 2 : 0);
    ward_buffer_append_char(out, '\n');
}

static enum ward_exit print_table(struct ward_cli *cli, const struct ward_json_value *array,
                                  const struct ward_column *columns, size_t count)
{
    WARD_BUFFER out = ward_buffer_new_secret(TABLE_MAX);
    size_t rows = ward_json_count(array), widths[COLUMNS_MAX] = { 0 };
    struct ward_span *cells = ward_pool_alloc(&cli->pool, (rows + 1) * COLUMNS_MAX * sizeof(*cells));
    for (size_t r = 0; cells && r <= rows; r++) {
        for (size_t c = 0; c < count && c < COLUMNS_MAX; c++) {
            struct ward_span text = r == 0 ? ward_span_of(columns[c].title)
                                           : cell(cli, ward_json_at(array, r - 1), columns[c].member);
            size_t width = ward_utf8_valid(text) ? ward_utf8_count(text) : text.size;
            cells[r * COLUMNS_MAX + c] = text;
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    for (size_t r = 0; cells && r <= rows; r++)
        append_line(&out, cells + r * COLUMNS_MAX, widths, count);
    if (cells && out.status == WARD_OK)
        return ward_cli_print(cli, ward_buffer_span(&out));
    ward_fail(&cli->failure, WARD_EXIT_IO, "the list is too long for a table; use --output json");
    return WARD_EXIT_IO;
}

static enum ward_exit print_object(struct ward_cli *cli, const struct ward_json_value *object,
                                   const struct ward_column *columns, size_t count)
{
    WARD_BUFFER out = ward_buffer_new_secret(TABLE_MAX);
    for (size_t c = 0; c < count; c++) {
        if (ward_json_type(find(object, columns[c].member)) == WARD_JSON_ABSENT)
            continue;
        append_padded(&out, ward_span_of(columns[c].title), 16);
        ward_buffer_append(&out, cell(cli, object, columns[c].member));
        ward_buffer_append_char(&out, '\n');
    }
    return ward_cli_print(cli, ward_buffer_span(&out));
}

enum ward_exit ward_cli_print_answer(struct ward_cli *cli, const struct ward_answer *answer,
                                     const struct ward_column *columns, size_t count)
{
    if (ward_cli_wants_json(cli)) {
        enum ward_exit code = ward_cli_print(cli, answer->text);
        return code == WARD_EXIT_OK && answer->text.size > 0 ? ward_cli_print(cli, WARD_SPAN("\n")) : code;
    }
    if (ward_json_type(answer->json) == WARD_JSON_ARRAY)
        return print_table(cli, answer->json, columns, count);
    if (ward_json_type(answer->json) == WARD_JSON_OBJECT)
        return print_object(cli, answer->json, columns, count);
    return ward_cli_print(cli, WARD_SPAN("done\n"));
}
