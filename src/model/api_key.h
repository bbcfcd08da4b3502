/*
 * The API key: a credential that a caller of somebody's API presents. Pure rules: no clock, no I/O.
 * Source: contracts/theauthapi.md 1.4, 1.5, 1.8, 2, 3; contracts/ncp.md 2.
 */
#ifndef WARD_MODEL_API_KEY_H
#define WARD_MODEL_API_KEY_H

#include "model/account.h"

#define WARD_KEY_RANDOM_CHARS 64 /* live_ + 64 [A-Za-z0-9] */

enum ward_key_slot { WARD_SLOT_PRIMARY, WARD_SLOT_SECONDARY, WARD_SLOT_COUNT };

struct ward_rate_limit {
    int64_t limit; /* requests a window; 0: no limit */
    int64_t ttl_s; /* window, seconds */
};

struct ward_api_key {
    struct ward_key_id id;
    struct ward_uuid project_id;
    struct ward_uuid account_id; /* read together with the project */
    enum ward_env env;           /* the project's */
    bool is_project_active;      /* project and account; read together */

    struct ward_span name;
    struct ward_span description;              /* NCP; "" when none */
    struct ward_span values[WARD_SLOT_COUNT];  /* opened by the service where needed, else absent */
    struct ward_span sealed[WARD_SLOT_COUNT];  /* blobs as stored; absent: the key has no such value */
    struct ward_span lookups[WARD_SLOT_COUNT]; /* WARD_LOOKUP_BYTES each, or absent */
    int64_t value_versions[WARD_SLOT_COUNT];

    struct ward_span metadata;          /* raw JSON text of an object, as it came; "{}" by default */
    struct ward_span custom_account_id; /* absent = null */
    struct ward_span custom_user_id;    /* absent = null */
    struct ward_span creation_context;  /* raw JSON object */
    struct ward_span allowed_domains;   /* raw JSON array of strings; absent = no check */

    bool is_enabled;    /* stored flag; whether it is usable now also depends on the expiry */
    bool is_removed;    /* NCP's DELETE: a tombstone, 404 everywhere */
    int64_t expires_ms; /* WARD_TIME_NONE: never */
    struct ward_rate_limit rate_limit;
    int64_t first_used_ms; /* WARD_TIME_NONE: not used yet */
    int64_t created_ms;
    int64_t updated_ms;
    struct ward_uuid changed_by; /* the credential that made or last changed it; nil: nobody is known */
    enum ward_actor_type changed_by_type;
    int64_t version; /* goes up with each change: compare-and-set */
};

/** True when the key authenticates at now_ms: enabled, not removed, and now < expiry. */
bool ward_api_key_is_active(const struct ward_api_key *key, int64_t now_ms);

/** Draw live_ or test_ + 64 random characters into text (with closing NUL) and return its length. */
#define WARD_KEY_GENERATED_CHARS_MAX 80
enum ward_status ward_api_key_generate(enum ward_env env, char text[WARD_KEY_GENERATED_CHARS_MAX + 1],
                                       size_t *ret_size) WARD_MUST_USE;

/** True for 1..255 bytes of printable ASCII without space, '/', '?', '#', '%' and backslash.
 * contracts/theauthapi.md 1.5. */
bool ward_api_key_value_ok(struct ward_span value);

/*
 * What create and update take. A surface fills it and lists what it could not map (wrong JSON types) in `problems`;
 * the service adds what the model finds. `has_x` false = the member was not sent.
 */
struct ward_api_key_input {
    bool has_name, has_description, has_value, has_metadata, has_custom_account_id, has_custom_user_id, has_expiry,
        has_rate_limit, has_allowed_domains, has_creation_context, has_project, has_enabled;
    struct ward_span name, description, value, metadata, custom_account_id, custom_user_id, creation_context;
    struct ward_span allowed_domains; /* raw JSON array of strings, types checked by the surface; absent = clear */
    struct ward_span project;         /* id as it came */
    bool is_enabled;
    int64_t expires_ms;                /* WARD_TIME_NONE = clear */
    struct ward_rate_limit rate_limit; /* limit 0 = clear */
    struct ward_problems problems;
};

/**
 * Check an input against the model's rules. Requires name.
 *
 * Adds to input->problems and sorts all of them, the surface's too, in member order. A member that the surface found
 * wrong already gets no second problem. A rate limit is cleared by limit 0 and ttl_s 0; limit 0 with a ttl is a
 * problem.
 */
void ward_api_key_input_check(struct ward_api_key_input *input);

/** A value of a key with two: 40 characters [A-Za-z0-9]. Source: contracts/ncp.md 2. */
#define WARD_KEY_PAIR_CHARS           40
#define WARD_KEY_PAIR_NAME_MAX        20
#define WARD_KEY_PAIR_DESCRIPTION_MAX 50

/** Draw one such value into text, with a closing NUL. */
enum ward_status ward_api_key_draw_pair_value(char text[WARD_KEY_PAIR_CHARS + 1]) WARD_MUST_USE;

/** Which of two values: PRIMARY or SECONDARY, letters in their case. */
bool ward_key_slot_parse(struct ward_span name, enum ward_key_slot *ret);

/** What creating and editing a key with two values take: contracts/ncp.md 5.1, 5.4. */
struct ward_key_pair_input {
    bool has_name, has_description, has_enabled, has_project;
    struct ward_span name;
    struct ward_span description; /* absent (null) = "" */
    struct ward_span project;     /* id as it came; create only */
    bool is_enabled;              /* edit only */
    struct ward_problems problems;
};

/** Check it: apiKeyName 1..20 required, apiKeyDescription ..50; an edit requires isEnabled, too. */
void ward_key_pair_input_check(struct ward_key_pair_input *input, bool is_edit);

/**
 * Decide whether a request's origin may use a key.
 *
 * Shape:   domains is a raw JSON array of strings (entries checked at write time) or absent; origin is an Origin, a
 *          Referer (full URL) or a bare host, absent = missing. Scheme, port, case and a trailing dot are ignored;
 *          "*.x.y" matches sub-domains of x.y, not x.y itself.
 * Source:  contracts/theauthapi.md 3.5.
 */
bool ward_origin_allowed(struct ward_span domains, struct ward_span origin);

/** Check one entry of allowedDomains: a host name or IP address, or "*." and a host name. */
bool ward_domain_ok(struct ward_span domain);

#endif
