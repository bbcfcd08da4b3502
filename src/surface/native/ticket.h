/*
 * The ticket that a gateway gets with a verdict, and hands back when it knows how the back end answered: the text form
 * of struct ward_settle_ticket. Opaque to who holds it, and no secret; its closing MAC keeps anybody from making one
 * up: a ticket takes a counted call back.
 *
 *   base64url( version 1 ‖ key 8 ‖ stage 8 ‖ day 4 ‖ month 4 ‖ MAC 11 ), numbers little-endian: 48 characters
 */
#ifndef WARD_SURFACE_NATIVE_TICKET_H
#define WARD_SURFACE_NATIVE_TICKET_H

#include "verify/verify.h"

#define WARD_TICKET_CHARS 48

/** True when a verdict's call may have to be taken back: it was counted, and some answers of the back end do not count.
 */
bool ward_native_ticket_is_due(const struct ward_verdict *verdict);

/** Write a ticket into text; the result lies in it. */
struct ward_span ward_native_ticket_write(const struct ward_keyed_hash *hash, const struct ward_settle_ticket *ticket,
                                          char text[WARD_TICKET_CHARS]);

/**
 * Read what was written.
 *
 * Errors:  WARD_INVALID for anything else, WARD_NO_MEMORY.
 * Time:    the same for every text of the right length and alphabet.
 */
enum ward_status ward_native_ticket_read(const struct ward_keyed_hash *hash, struct ward_span text,
                                         struct ward_settle_ticket *ret) WARD_MUST_USE;

#endif
