/* A stage's access list: which source addresses may come. Source: contracts/ncp.md 6.3 (ipAclCode, ipAclList), 8. */
#ifndef WARD_MODEL_ACL_H
#define WARD_MODEL_ACL_H

#include "model/product.h"

/**
 * True when a list lets an address in.
 *
 * Shape:   address as text, IPv4 or IPv6; list as ward_acl_next takes it.
 * Errors:  an address that is absent or none, an entry that is none, a code that is none of the three: not let in.
 * Time:    some 50 ns an entry; no allocation.
 */
bool ward_acl_admits(enum ward_acl_code code, struct ward_span list, struct ward_span address);

#endif
