/* The refusal of a verification in APIOps' words (ward-style: apinizer). Source: contracts/apinizer.md 4.3. */
#ifndef WARD_SURFACE_APINIZER_VERDICT_H
#define WARD_SURFACE_APINIZER_VERDICT_H

#include "surface/surface.h"

/** Write the body: {"error","error_description"}, {"status","resultMessage"} or both, as the profile says. */
void ward_apinizer_word_verdict(struct ward_http_request *request, struct ward_http_reply *reply,
                                enum ward_reason reason, int status, const char *detail);

#endif
