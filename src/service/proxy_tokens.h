/*
 * Tokens that API proxies exchange their pair for: JWTs, signed by a JWK that is deployed to the environment, which
 * ward_verify_token accepts. Source: contracts/apinizer.md 9.4; issue 5 point 3.
 */
#ifndef WARD_SERVICE_PROXY_TOKENS_H
#define WARD_SERVICE_PROXY_TOKENS_H

#include "service/service.h"

#define WARD_PROXY_TOKEN_TTL_S 3600

/** A project's JWK of this name signs tokens; without one, the newest that can. */
#define WARD_PROXY_TOKEN_JWK "token-signing"

struct ward_proxy_token_input {
    const struct ward_verdict *verdict; /* valid, on the proxy's pair, with its body */
    struct ward_span public_key;        /* whose token it is: sub and client_id */
    struct ward_span environment;       /* id or name; absent: the proxy's only one, else "production" */
    struct ward_span audience;          /* absent: the project's id */
};

struct ward_proxy_token {
    struct ward_span text;        /* in pool */
    struct ward_span environment; /* that it is for */
    int64_t ttl_s;                /* shorter when the JWK ends before */
};

/**
 * Make a token for a proxy.
 *
 * Shape:   {"iss","sub","client_id","aud","iat","exp","jti","proxy"}; iss is the environment's access URL, or its name.
 * Errors:  NOT_FOUND: the proxy is not deployed to the environment that is asked for, or to none, or to several of
 *          which none is "production". CONFLICT: no JWK that can sign is deployed there. UNAVAILABLE, NO_MEMORY.
 * Threads: any but an event thread: signing takes up to some milliseconds.
 */
enum ward_status ward_service_proxy_token(struct ward_service *service, const struct ward_proxy_token_input *input,
                                          struct ward_pool *pool, struct ward_proxy_token *ret) WARD_MUST_USE;

#endif
