#include "model/subscription.h"

#include "model/text.h"

static const char *const status_names[] = {
    [WARD_SUBSCRIPTION_NONE] = NULL,           [WARD_SUBSCRIPTION_REQUEST] = "REQUEST",
    [WARD_SUBSCRIPTION_ACCEPTED] = "ACCEPTED", [WARD_SUBSCRIPTION_REJECTED] = "REJECTED",
    [WARD_SUBSCRIPTION_DENY] = "DENY",         [WARD_SUBSCRIPTION_BLOCKED_REQUEST] = "BLOCKED_REQUEST"
};
_Static_assert(WARD_COUNT_OF(status_names) == WARD_SUBSCRIPTION_STATUS_COUNT, "every status has a name, or none");

const char *ward_subscription_status_name(enum ward_subscription_status status)
{
    return ward_name_at(status_names, WARD_COUNT_OF(status_names), status);
}

bool ward_subscription_status_parse(struct ward_span name, enum ward_subscription_status *ret)
{
    unsigned index;
    if (!ward_name_find(status_names, WARD_COUNT_OF(status_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_subscription_status)index;
    return true;
}

enum ward_subscription_status ward_subscription_asked(enum ward_subscription_code code,
                                                      enum ward_subscription_status before)
{
    if (before != WARD_SUBSCRIPTION_NONE && before != WARD_SUBSCRIPTION_REQUEST) {
        return before;
    }
    return code == WARD_PRODUCT_PUBLIC ? WARD_SUBSCRIPTION_ACCEPTED : WARD_SUBSCRIPTION_REQUEST;
}
