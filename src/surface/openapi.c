/*
 * /openapi.json, OpenAPI 3.1: what the route tables of all surfaces hold for a TCP listener. Nobody writes it by hand,
 * so it cannot go stale; bodies are described where they live, in the contracts.
 */
#include "surface/openapi.h"

/* What only the surface's own can say: how a call shows who it is from, and the type of its refusals. */
static const struct trait {
    const char *surface;
    const char *security; /* NULL: the document's */
    const char *refusal_type;
} traits[] = {
    { "native", NULL, "application/problem+json" },
    { "ncp", "[{\"ncpTimestamp\":[],\"ncpAccessKey\":[],\"ncpSignature\":[]}]", "application/json" },
    { "apinizer", "[{\"accessToken\":[]}]", "application/json" },
    { "theauthapi", NULL, "application/json" },
};

static const struct trait *trait_of(const struct ward_http_surface *surface)
{
    size_t i = 0;
    while (i + 1 < sizeof(traits) / sizeof(traits[0]) && strcmp(traits[i].surface, surface->name) != 0) {
        i++;
    }
    return &traits[i];
}

struct document {
    const struct ward_http_surface *const *surfaces;
    size_t count;
};

static bool is_shown(const struct ward_http_route *route)
{
    return (route->listeners & (1U << WARD_LISTENER_TCP)) != 0;
}

static const char *method_of(const struct ward_http_route *route)
{
    switch (route->method) {
    case WARD_POST:
        return "post";
    case WARD_PUT:
        return "put";
    case WARD_PATCH:
        return "patch";
    case WARD_DELETE:
        return "delete";
    default:
        return "get";
    }
}

/** Each {name} of a path is a parameter. */
static void write_parameters(struct ward_json_writer *writer, const char *path)
{
    if (!strchr(path, '{')) {
        return;
    }
    ward_json_key(writer, "parameters");
    ward_json_begin_array(writer);
    for (const char *open = strchr(path, '{'); open; open = strchr(open + 1, '{')) {
        ward_json_begin_object(writer);
        ward_json_member_string(writer, "name", ward_span(open + 1, strcspn(open + 1, "}")));
        ward_json_member_string(writer, "in", WARD_SPAN("path"));
        ward_json_member_bool(writer, "required", true);
        ward_json_member_raw(writer, "schema", WARD_SPAN("{\"type\":\"string\"}"));
        ward_json_end_object(writer);
    }
    ward_json_end_array(writer);
}

static void begin_response(struct ward_json_writer *writer, const char *status, const char *description)
{
    ward_json_key(writer, status);
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "description", ward_span_of(description));
}

static void write_refusal(struct ward_json_writer *writer, const char *type)
{
    begin_response(writer, "default", "A refusal in this surface's shape.");
    ward_json_key(writer, "content");
    ward_json_begin_object(writer);
    ward_json_member_raw(writer, type, WARD_SPAN("{}"));
    ward_json_end_object(writer);
    ward_json_end_object(writer);
}

static void write_operation(struct ward_json_writer *writer, const struct ward_http_surface *surface,
                            const struct ward_http_route *route)
{
    const struct trait *trait = trait_of(surface);
    ward_json_key(writer, method_of(route));
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "operationId", ward_span_of(route->name));
    ward_json_member_string(writer, "summary", ward_span_of(route->summary));
    ward_json_key(writer, "tags");
    ward_json_begin_array(writer);
    ward_json_put_string(writer, ward_span_of(surface->name));
    ward_json_end_array(writer);
    write_parameters(writer, route->path);
    if (trait->security) {
        ward_json_member_raw(writer, "security", ward_span_of(trait->security));
    }
    ward_json_key(writer, "responses");
    ward_json_begin_object(writer);
    begin_response(writer, "2XX", "Success.");
    ward_json_end_object(writer);
    write_refusal(writer, trait->refusal_type);
    ward_json_end_object(writer);
    ward_json_end_object(writer);
}

/* ---- paths ---- */

struct place {
    size_t surface, route;
};

static const struct ward_http_route *route_at(const struct document *document, struct place place)
{
    return &document->surfaces[place.surface]->routes[place.route];
}

static bool next_place(const struct document *document, struct place *place)
{
    place->route++;
    while (place->surface < document->count && place->route >= document->surfaces[place->surface]->route_count) {
        *place = (struct place){ .surface = place->surface + 1 };
    }
    return place->surface < document->count;
}

static bool is_first_of_path(const struct document *document, struct place wanted)
{
    struct place place = { 0 };
    do {
        if (place.surface == wanted.surface && place.route == wanted.route) {
            return true;
        }
        if (is_shown(route_at(document, place)) &&
            strcmp(route_at(document, place)->path, route_at(document, wanted)->path) == 0) {
            return false;
        }
    } while (next_place(document, &place));
    return true;
}

static void write_path(struct ward_json_writer *writer, const struct document *document, struct place first)
{
    ward_json_key(writer, route_at(document, first)->path);
    ward_json_begin_object(writer);
    struct place place = first;
    do {
        if (is_shown(route_at(document, place)) &&
            strcmp(route_at(document, place)->path, route_at(document, first)->path) == 0) {
            write_operation(writer, document->surfaces[place.surface], route_at(document, place));
        }
    } while (next_place(document, &place));
    ward_json_end_object(writer);
}

static void write_paths(struct ward_json_writer *writer, const struct document *document)
{
    ward_json_key(writer, "paths");
    ward_json_begin_object(writer);
    struct place place = { 0 };
    do {
        if (is_shown(route_at(document, place)) && is_first_of_path(document, place)) {
            write_path(writer, document, place);
        }
    } while (next_place(document, &place));
    ward_json_end_object(writer);
}

static void write_info(struct ward_json_writer *writer, const char *version)
{
    ward_json_key(writer, "info");
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "title", WARD_SPAN("Ward"));
    ward_json_member_string(writer, "version", ward_span_of(version));
    ward_json_end_object(writer);
}

void ward_surface_openapi(struct ward_http_reply *reply, const struct ward_http_surface *const *surfaces, size_t count,
                          const char *version)
{
    const struct document document = { surfaces, count };
    struct ward_json_writer writer = ward_surface_reply(reply, 200, "application/json");
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "openapi", WARD_SPAN("3.1.0"));
    write_info(&writer, version);
    write_paths(&writer, &document);
    ward_json_member_raw(
        &writer, "components",
        WARD_SPAN("{\"securitySchemes\":{"
                  "\"accessKey\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"x-api-key\"},"
                  "\"accessToken\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
                  "\"ncpTimestamp\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"x-ncp-apigw-timestamp\"},"
                  "\"ncpAccessKey\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"x-ncp-iam-access-key\"},"
                  "\"ncpSignature\":{\"type\":\"apiKey\",\"in\":\"header\","
                  "\"name\":\"x-ncp-apigw-signature-v2\"}}}"));
    ward_json_member_raw(&writer, "security", WARD_SPAN("[{\"accessKey\":[]}]"));
    ward_json_end_object(&writer);
}
