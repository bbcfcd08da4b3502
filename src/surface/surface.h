/*
 * What every surface shares: the application it serves and how the caller of a management call is told. A surface maps
 * bytes to the model and back; it holds no rule that a second surface would need, and knows no SQL.
 */
#ifndef WARD_SURFACE_SURFACE_H
#define WARD_SURFACE_SURFACE_H

#include "base/encoding.h"
#include "http/http.h"
#include "service/deployer.h"
#include "service/publisher.h"
#include "service/service.h"
#include "json/json.h"
#include "json/writer.h"

/** Which generation of Apinizer's documents its surface follows: contracts/apinizer.md 4.5. */
enum ward_apinizer_profile {
    WARD_APINIZER_SEED,    /* bodies as in the founding documents */
    WARD_APINIZER_CURRENT, /* {"status", "resultMessage"}; 400 where the seed has 403 and 404 */
    WARD_APINIZER_BOTH     /* the members of both, the seed's statuses */
};

/** What the server gives to its surfaces: request->application. */
struct ward_application {
    struct ward_service *service;
    struct ward_store *store;
    struct ward_publisher *publisher; /* NULL on a stopped server (CLI) */
    struct ward_deployer *deployer;   /* the same */
    const char *version;
    int64_t started_ms;
    int64_t max_staleness_ms;
    int64_t jwks_max_age_s; /* how long a published JWK Set may be kept */
    bool is_draining;
    struct {
        bool accepts_v1;         /* x-ncp-apigw-signature-v1 counts as a signature too */
        const char *domain_code; /* "PUB", "FIN", "GOV" */
    } ncp;
    struct {
        enum ward_apinizer_profile profile;
        bool is_strict; /* content that is no known key is refused, and a publicKey of another proxy */
    } apinizer;
    /** Append Prometheus text; given by the server, which owns the counters. */
    void (*metrics)(struct ward_application *application, struct ward_buffer *ret);
    void *server; /* the server's own */
};

/* request->thread_data is the thread's struct ward_verifier. */

enum ward_caller {
    WARD_CALLER_OK,
    WARD_CALLER_MISSING,     /* no credential, or an invalid one: 401 */
    WARD_CALLER_CONTRADICTS, /* several that differ: 401 */
    WARD_CALLER_LIMITED,     /* the access key is over its own limit: 429 */
    WARD_CALLER_STALE        /* no verdict can be had: 503 */
};

/**
 * Tell who calls, from the first non-empty of the named headers; all non-empty ones must carry the same bytes.
 *
 * Shape:   headers is a NULL-terminated list. An Authorization value may be raw or behind "Bearer ".
 * Note:    on WARD_LISTENER_CONTROL everybody is the local operator. Counts against the access key's own limit.
 *          *ret_verdict (may be NULL) is filled for the limit's headers.
 * Source:  contracts/theauthapi.md 1.1; security.md 1.5.
 */
enum ward_caller ward_surface_caller(struct ward_http_request *request, const char *const *headers,
                                     struct ward_operator *ret, struct ward_verdict *ret_verdict);

/** The presented credential of a verification, by the same rule as above: false when several headers differ. */
bool ward_surface_credential(struct ward_http_request *request, const char *const *headers, struct ward_span *ret);

/** x-origin-domain, else Origin, else Referer; absent when none was sent. */
struct ward_span ward_surface_origin(struct ward_http_request *request);

/** Add Ward-Revision and Ward-Applied. */
void ward_surface_receipt(struct ward_http_request *request, struct ward_http_reply *reply,
                          const struct ward_receipt *receipt);

/** What the server gave to the request. */
static inline struct ward_application *ward_surface_application(const struct ward_http_request *request)
{
    return request->application;
}

/** The thread's verifier, or NULL: then no verdict can be had. */
static inline struct ward_verifier *ward_surface_verifier(const struct ward_http_request *request)
{
    return request->thread_data;
}

/**
 * Begin a reply anew: its status, its type and an empty body, which is wiped when freed (answers hold key values).
 *
 * Owns:    the writer borrows reply->body; body.status tells at the end whether all of it was written.
 */
struct ward_json_writer ward_surface_reply(struct ward_http_reply *reply, int status, const char *content_type);

/** Make room for any one object's answer before a write: once it is committed the answer must not fail. */
bool ward_surface_reserve(struct ward_http_reply *reply);

/**
 * Read a body as a JSON object; none at all, or only blanks, counts as an object without members (*ret NULL).
 *
 * Errors:  WARD_NO_MEMORY. What the caller did wrong is added to problems (SYNTAX, BODY_OBJECT) and *ret is NULL.
 */
enum ward_status ward_surface_body(struct ward_http_request *request, struct ward_problems *problems,
                                   const struct ward_json_value **ret) WARD_MUST_USE;

/**
 * Read one member that must be a string. True when it was sent and fits.
 *
 * Note:    a null gives an absent span where is_nullable, else a STRING problem as any other type does.
 */
bool ward_surface_text(struct ward_problems *problems, const struct ward_json_value *object, const char *member,
                       bool is_nullable, struct ward_span *ret);

/** Read an expiry: null clears it, a string must be an ISO 8601 date. True when it was sent and fits. */
bool ward_surface_expiry(struct ward_problems *problems, const struct ward_json_value *object, const char *member,
                         int64_t *ret_ms);

/** Read allowed domains: null clears them (absent span), else an array of strings, kept as raw text. */
bool ward_surface_domains(struct ward_problems *problems, const struct ward_json_value *object, const char *member,
                          struct ward_span *ret);

/** Read a whole number of at least min from one member; names is how problems call it. True when it fits. */
bool ward_surface_integer(struct ward_problems *problems, const struct ward_json_value *object, const char *member,
                          const char *name, int64_t min, int64_t *ret);

/** Append a sentence about a problem: '#' in it stands for the rule's number, '$' for its text. */
void ward_surface_sentence(const char *sentence, const struct ward_problem *problem, struct ward_buffer *ret);

/** Spell a fixed code ("bad_escape") as words ("bad escape"). NULL gives the words of a bad request. */
#define WARD_SURFACE_WORDS_MAX 64
void ward_surface_words(const char *code, char ret[WARD_SURFACE_WORDS_MAX + 1]);

/** Add a header whose value is a number. */
static inline void ward_surface_header_int(struct ward_http_request *request, struct ward_http_reply *reply,
                                           const char *name, int64_t value)
{
    char text[WARD_DECIMAL_CHARS];
    ward_http_reply_header(request, reply, name, ward_decimal_int(value, text));
}

/** Whole seconds until a window ends, rounded up, at least 1. */
int64_t ward_surface_retry_after(const struct ward_limit_state *limit, int64_t now_ms);

/** Copy what a verdict borrows from the table into the request's pool to outlive the verifier's next call. False: no
 * memory.
 */
bool ward_surface_verdict_keep(struct ward_http_request *request, struct ward_verdict *verdict);

#endif
