#include "model/api_proxy.h"

#include "model/text.h"

static const char *const type_names[] = { [WARD_PROXY_REST] = "REST",
                                          [WARD_PROXY_SOAP] = "SOAP",
                                          [WARD_PROXY_GRPC] = "GRPC",
                                          [WARD_PROXY_WEBSOCKET] = "WEBSOCKET" };
static const char *const creation_names[] = { [WARD_PROXY_OPEN_API] = "OPEN_API",
                                              [WARD_PROXY_SWAGGER] = "SWAGGER",
                                              [WARD_PROXY_WSDL] = "WSDL",
                                              [WARD_PROXY_REVERSE] = "REVERSE_PROXY",
                                              [WARD_PROXY_EMPTY] = "EMPTY_API" };

const char *ward_api_proxy_type_name(enum ward_api_proxy_type type)
{
    return ward_name_at(type_names, WARD_COUNT_OF(type_names), type);
}

bool ward_api_proxy_type_parse(struct ward_span name, enum ward_api_proxy_type *ret)
{
    unsigned index;
    if (!ward_name_find(type_names, WARD_COUNT_OF(type_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_api_proxy_type)index;
    return true;
}

const char *ward_api_proxy_creation_name(enum ward_api_proxy_creation creation)
{
    return ward_name_at(creation_names, WARD_COUNT_OF(creation_names), creation);
}

bool ward_api_proxy_creation_parse(struct ward_span name, enum ward_api_proxy_creation *ret)
{
    unsigned index;
    if (!ward_name_find(creation_names, WARD_COUNT_OF(creation_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_api_proxy_creation)index;
    return true;
}

const struct ward_api_proxy_deployment *ward_api_proxy_deployment_of(const struct ward_api_proxy *proxy,
                                                                     const struct ward_object_id *environment)
{
    for (size_t i = 0; i < proxy->deployment_count; i++) {
        if (ward_object_id_equal(&proxy->deployments[i].environment_id, environment)) {
            return &proxy->deployments[i];
        }
    }
    return NULL;
}
