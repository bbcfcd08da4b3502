/*
 * Routes as a tree of path segments, built once. At each level the literal child is tried before the parameter, and a
 * literal branch that leads nowhere (no such path, method or listener) gives way to the parameter: GET /api-keys/auth
 * reads the key that is named "auth", although POST /api-keys/auth/{key} exists.
 */
#include "base/seam.h"
#include "http/internal.h"

#include <stdio.h>

enum { ROUTER_BYTES_MAX = 4 * 1024 * 1024 };

struct entry {
    const struct ward_http_route *route;
    const struct ward_http_surface *surface;
    struct entry *next;
};

struct node {
    struct ward_span literal;
    struct node *sibling;
    struct node *literals;
    struct node *parameter;
    struct entry *entries;
};

struct ward_http_router {
    struct ward_pool pool;
    const struct ward_http_surface *surfaces;
    size_t surface_count;
    struct node root;
};

/* Cut "/segment" off a path; absent at its end. */
static struct ward_span take_segment(struct ward_span *path)
{
    if (path->size == 0) {
        return WARD_SPAN_NONE;
    }
    const char *start = path->data + 1;
    size_t size = path->size - 1;
    const char *slash = memchr(start, '/', size);
    struct ward_span segment = ward_span(start, slash ? (size_t)(slash - start) : size);
    *path = ward_span(start + segment.size, size - segment.size);
    return segment;
}

/* One slash at the end says nothing. */
static struct ward_span without_trailing_slash(struct ward_span path)
{
    if (path.size > 0 && path.data[path.size - 1] == '/') {
        path.size--;
    }
    return path;
}

static bool is_parameter(struct ward_span segment)
{
    return segment.size > 2 && segment.data[0] == '{' && segment.data[segment.size - 1] == '}';
}

static struct node *find_literal(const struct node *parent, struct ward_span segment)
{
    struct node *child = parent->literals;
    while (child && !ward_span_equal(child->literal, segment)) {
        child = child->sibling;
    }
    return child;
}

static struct node *add_literal(struct ward_http_router *router, struct node *parent, struct ward_span segment)
{
    struct node *child = ward_pool_alloc(&router->pool, sizeof(*child));
    if (child) {
        child->literal = segment;
        child->sibling = parent->literals;
        parent->literals = child;
    }
    return child;
}

static struct node *child_of(struct ward_http_router *router, struct node *parent, struct ward_span segment)
{
    if (is_parameter(segment)) {
        if (!parent->parameter) {
            parent->parameter = ward_pool_alloc(&router->pool, sizeof(struct node));
        }
        return parent->parameter;
    }
    struct node *child = find_literal(parent, segment);
    return child ? child : add_literal(router, parent, segment);
}

static bool collides(const struct node *node, const struct ward_http_route *route)
{
    for (const struct entry *entry = node->entries; entry; entry = entry->next) {
        if (entry->route->method == route->method && (entry->route->listeners & route->listeners) != 0) {
            return true;
        }
    }
    return false;
}

static enum ward_status add_entry(struct ward_http_router *router, struct node *node,
                                  const struct ward_http_surface *surface, const struct ward_http_route *route)
{
    struct entry *entry = ward_pool_alloc(&router->pool, sizeof(*entry));
    if (!entry) {
        return WARD_NO_MEMORY;
    }
    *entry = (struct entry){ .route = route, .surface = surface, .next = node->entries };
    node->entries = entry;
    return WARD_OK;
}

static enum ward_status add_route(struct ward_http_router *router, const struct ward_http_surface *surface,
                                  const struct ward_http_route *route, const char **ret_why)
{
    struct ward_span path = ward_span_of(route->path);
    if (path.size == 0 || path.data[0] != '/' || (!route->handle && !route->handle_inline)) {
        *ret_why = "a route needs a path that starts with '/' and a handler";
        return WARD_INVALID;
    }
    path = without_trailing_slash(path);
    struct node *node = &router->root;
    size_t parameters = 0;
    while (path.size > 0) {
        struct ward_span segment = take_segment(&path);
        parameters += is_parameter(segment);
        if (segment.size == 0 || parameters > WARD_PATH_PARAMETERS_MAX) {
            *ret_why = "a route's path has an empty segment or too many parameters";
            return WARD_INVALID;
        }
        node = child_of(router, node, segment);
        if (!node) {
            return WARD_NO_MEMORY;
        }
    }
    if (collides(node, route)) {
        *ret_why = "two routes answer the same method and path";
        return WARD_INVALID;
    }
    return add_entry(router, node, surface, route);
}

static enum ward_status add_surfaces(struct ward_http_router *router, char why[256])
{
    for (size_t i = 0; i < router->surface_count; i++) {
        const struct ward_http_surface *surface = &router->surfaces[i];
        for (size_t j = 0; j < surface->route_count; j++) {
            const char *reason = "out of memory";
            enum ward_status status = add_route(router, surface, &surface->routes[j], &reason);
            if (status != WARD_OK) {
                snprintf(why, 256, "%s: %s %s", reason, ward_method_name(surface->routes[j].method),
                         surface->routes[j].path ? surface->routes[j].path : "");
                return status;
            }
        }
    }
    return WARD_OK;
}

enum ward_status ward_http_router_new(const struct ward_http_surface *surfaces, size_t count,
                                      struct ward_http_router **ret, char why[256])
{
    struct ward_http_router *router = ward_alloc(sizeof(*router));
    if (!router) {
        snprintf(why, 256, "out of memory");
        return WARD_NO_MEMORY;
    }
    router->pool = ward_pool_new(ROUTER_BYTES_MAX);
    router->surfaces = surfaces;
    router->surface_count = count;
    enum ward_status status = add_surfaces(router, why);
    if (status != WARD_OK) {
        ward_http_router_free(router);
        return status;
    }
    *ret = router;
    return WARD_OK;
}

void ward_http_router_free(struct ward_http_router *router)
{
    if (!router) {
        return;
    }
    ward_pool_free(&router->pool);
    ward_free(router);
}

struct search {
    enum ward_method method;
    uint32_t listener;
    struct ward_http_match *match;
    size_t parameter_count;
    bool has_gap; /* repeated slashes: only for surfaces that collapse them */
};

static const struct entry *entry_for(const struct node *node, enum ward_method method, uint32_t listener)
{
    const struct entry *entry = node->entries;
    while (entry && (entry->route->method != method || (entry->route->listeners & listener) == 0)) {
        entry = entry->next;
    }
    return entry;
}

static bool take_route(const struct search *search, const struct node *node)
{
    const struct entry *entry = entry_for(node, search->method, search->listener);
    if (!entry && search->method == WARD_HEAD) {
        entry = entry_for(node, WARD_GET, search->listener);
    }
    if (!entry || (search->has_gap && !entry->surface->collapses_slashes)) {
        return false;
    }
    search->match->route = entry->route;
    search->match->surface = entry->surface;
    return true;
}

static size_t decoded_size(struct ward_span segment)
{
    size_t size = 0;
    for (size_t i = 0; i < segment.size; i += segment.data[i] == '%' ? 3 : 1) {
        size++;
    }
    return size;
}

static bool search_below(struct search *search, const struct node *node, struct ward_span rest);

static bool search_parameter(struct search *search, const struct node *parent, struct ward_span segment,
                             struct ward_span rest)
{
    if (!parent->parameter || decoded_size(segment) > WARD_HTTP_SEGMENT_MAX) {
        return false;
    }
    search->match->parameters[search->parameter_count++] = segment;
    if (search_below(search, parent->parameter, rest)) {
        return true;
    }
    search->match->parameters[--search->parameter_count] = WARD_SPAN_NONE;
    return false;
}

/* Pass over empty segments: slashes that are repeated. */
static struct ward_span skip_gap(struct search *search, struct ward_span rest)
{
    while (rest.size > 0 && (rest.size == 1 || rest.data[1] == '/')) {
        rest = ward_span(rest.data + 1, rest.size - 1);
        search->has_gap = true;
    }
    return rest;
}

/* As deep as the deepest route, whatever the path: beyond it there is no child. */
static bool search_below(struct search *search, const struct node *node, struct ward_span rest)
{
    rest = skip_gap(search, rest);
    if (rest.size == 0) {
        return take_route(search, node);
    }
    struct ward_span segment = take_segment(&rest);
    const struct node *literal = find_literal(node, segment);
    return (literal && search_below(search, literal, rest)) || search_parameter(search, node, segment, rest);
}

static bool is_below(struct ward_span path, struct ward_span prefix)
{
    return ward_span_starts_with(path, prefix) &&
           (path.size == prefix.size || prefix.size == 0 || path.data[prefix.size] == '/');
}

static const struct ward_http_surface *surface_of(const struct ward_http_router *router, struct ward_span path)
{
    const struct ward_http_surface *best = NULL;
    size_t best_size = 0;
    for (size_t i = 0; i < router->surface_count; i++) {
        struct ward_span prefix = ward_span_of(router->surfaces[i].prefix ? router->surfaces[i].prefix : "");
        if (is_below(path, prefix) && (!best || prefix.size > best_size)) {
            best = &router->surfaces[i];
            best_size = prefix.size;
        }
    }
    return best;
}

void ward_http_router_find(const struct ward_http_router *router, enum ward_method method, struct ward_span path,
                           enum ward_listener_kind listener, struct ward_http_match *ret)
{
    *ret = (struct ward_http_match){ 0 };
    struct search search = { .method = method, .listener = UINT32_C(1) << listener, .match = ret };
    if (path.size > 0 && search_below(&search, &router->root, without_trailing_slash(path))) {
        return;
    }
    ret->surface = surface_of(router, path);
    const struct ward_http_route *otherwise = ret->surface ? ret->surface->otherwise : NULL;
    if (otherwise && (otherwise->listeners & search.listener) != 0) {
        ret->route = otherwise;
    }
}
