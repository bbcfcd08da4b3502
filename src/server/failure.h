/* Why a command ends: one exit code of exit.def and one sentence for the person who reads it, remedy included. */
#ifndef WARD_SERVER_FAILURE_H
#define WARD_SERVER_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum ward_exit {
#define WARD_EXIT(name, code, text) WARD_EXIT_##name = (code),
#include "server/exit.def"
#undef WARD_EXIT
};

struct ward_exit_row {
    int code;
    const char *text;
};
extern const struct ward_exit_row ward_exit_rows[];
extern const size_t ward_exit_row_count;

struct ward_failure {
    enum ward_exit code;
    char text[1024];
};

/** Set the failure. Returns false, so that a check can end with `return ward_fail(…)`. Never pass it a secret. */
bool ward_fail(struct ward_failure *failure, enum ward_exit code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The exit code for a status that no sharper sentence was written for. */
enum ward_exit ward_exit_of(enum ward_status status);

#endif
