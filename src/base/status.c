#include "base/status.h"

#include <stddef.h>

static const struct {
    const char *code;
    const char *text;
    int http;
} rows[] = {
#define WARD_STATUS(name, code, http, text) { code, text, http },
#include "base/status.def"
#undef WARD_STATUS
};

/* A number that is no status can only be a fault of ours, and is reported as one. */
static size_t row_of(enum ward_status status)
{
    return (size_t)status < WARD_STATUS_COUNT ? (size_t)status : WARD_INTERNAL;
}

const char *ward_status_code(enum ward_status status)
{
    return rows[row_of(status)].code;
}

const char *ward_status_text(enum ward_status status)
{
    return rows[row_of(status)].text;
}

int ward_status_http(enum ward_status status)
{
    return rows[row_of(status)].http;
}
