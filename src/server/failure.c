#include "server/failure.h"

#include <stdarg.h>
#include <stdio.h>

const struct ward_exit_row ward_exit_rows[] = {
#define WARD_EXIT(name, code, text) { (code), (text) },
#include "server/exit.def"
#undef WARD_EXIT
};
const size_t ward_exit_row_count = sizeof(ward_exit_rows) / sizeof(ward_exit_rows[0]);

bool ward_fail(struct ward_failure *failure, enum ward_exit code, const char *format, ...)
{
    va_list arguments;
    failure->code = code;
    va_start(arguments, format);
    vsnprintf(failure->text, sizeof(failure->text), format, arguments);
    va_end(arguments);
    return false;
}

enum ward_exit ward_exit_of(enum ward_status status)
{
    switch (status) {
    case WARD_OK:
        return WARD_EXIT_OK;
    case WARD_INVALID:
    case WARD_TOO_LARGE:
        return WARD_EXIT_USAGE;
    case WARD_EXISTS:
        return WARD_EXIT_EXISTS;
    case WARD_LOCKED:
        return WARD_EXIT_LOCKED;
    case WARD_MISMATCH:
        return WARD_EXIT_MISMATCH;
    case WARD_FORBIDDEN:
        return WARD_EXIT_PERMISSION;
    case WARD_INTEGRITY:
        return WARD_EXIT_INTEGRITY;
    default:
        return WARD_EXIT_IO;
    }
}
