/* /openapi.json: all surfaces. */
#include "surface/openapi.h"

#include "surface/apinizer/apinizer.h"
#include "surface/native/handlers.h"
#include "surface/native/native.h"
#include "surface/ncp/ncp.h"
#include "surface/theauthapi/theauthapi.h"

enum ward_handled ward_native_openapi(struct ward_http_request *request, struct ward_http_reply *reply)
{
    static const struct ward_http_surface *const surfaces[] = { &ward_theauthapi_surface, &ward_ncp_surface,
                                                                &ward_apinizer_surface, &ward_native_surface };
    ward_surface_openapi(reply, surfaces, sizeof(surfaces) / sizeof(surfaces[0]),
                         ward_surface_application(request)->version);
    return WARD_REPLIED;
}
