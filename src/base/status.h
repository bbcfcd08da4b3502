/*
 * The one error type of the tree. A bad, expired or disabled credential is no error: it is a verdict
 * (model/verdict.h). An error path of a verification always denies.
 */
#ifndef WARD_BASE_STATUS_H
#define WARD_BASE_STATUS_H

enum ward_status {
#define WARD_STATUS(name, code, http, text) WARD_##name,
#include "base/status.def"
#undef WARD_STATUS
    WARD_STATUS_COUNT
};

#define WARD_MUST_USE __attribute__((warn_unused_result))

/** Name a status in lower snake case, as logs and problem documents print it. */
const char *ward_status_code(enum ward_status status);

/** Give the fixed English sentence of a status. Holds no input of anybody. */
const char *ward_status_text(enum ward_status status);

/** Give the HTTP status a surface answers when its contract names no other. */
int ward_status_http(enum ward_status status);

#endif
