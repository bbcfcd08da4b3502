#include "model/acl.h"

#include "base/address.h"

enum match { UNREADABLE, OUTSIDE, INSIDE };

/* The whole list is read also behind a match: an entry that is none refuses wherever it stands. */
static enum match match_list(struct ward_span list, const struct ward_network *address)
{
    struct ward_span entry;
    enum match match = OUTSIDE;
    while (ward_acl_next(&list, &entry)) {
        struct ward_network network;
        if (!ward_network_parse(entry, &network))
            return UNREADABLE;
        if (ward_network_holds(&network, address))
            match = INSIDE;
    }
    return match;
}

bool ward_acl_admits(enum ward_acl_code code, struct ward_span list, struct ward_span address)
{
    struct ward_network source;
    if (code == WARD_ACL_NONE)
        return true;
    if (!ward_network_parse(address, &source) || source.bits != 128)
        return false;
    enum match match = match_list(list, &source);
    return match == (code == WARD_ACL_ALLOWED ? INSIDE : OUTSIDE) &&
           (code == WARD_ACL_ALLOWED || code == WARD_ACL_REJECTED);
}
