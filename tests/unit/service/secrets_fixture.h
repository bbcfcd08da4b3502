/* Keys, JWKs and API proxies over the service fixture: environments, a deployer on disk, calls, and refusals told apart
 * by their reason. A refused call leaves the change log as it was. */
#ifndef WARD_TESTS_SERVICE_SECRETS_FIXTURE_H
#define WARD_TESTS_SERVICE_SECRETS_FIXTURE_H

#include "fixture.h"

#include <ftw.h>

#include "crypto/keys.h"
#include "service/deployer.h"
#include "service/environments.h"
#include "service/secrets.h"

#define PROJECT "default"

struct secrets {
    struct fixture *f;
    struct ward_deployer *deployer;
    struct ward_span project; /* that calls are about */
    const struct ward_operator *who;
    struct ward_secrets_rules rules;
    struct ward_secrets_call call; /* the last one */
};

/* ---- life ---- */

static inline int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static inline void open_deployer(struct secrets *s)
{
    const struct ward_deployer_options options = { .directory = s->f->directory, .service = s->f->service };
    assert_ok(ward_deployer_open(&options, &s->deployer));
}

static inline struct ward_environment make_environment(struct secrets *s, const char *name)
{
    struct ward_environment environment;
    struct ward_receipt receipt;
    struct ward_environment_input input = {
        .has_name = true, .name = ward_span_of(name), .has_type = true, .type = WARD_SPAN("TEST")
    };
    assert_ok(
        ward_service_environment_create(s->f->service, &s->f->admin, &input, &s->f->pool, &environment, &receipt));
    return environment;
}

/** Setup: "production" of the bootstrap, "test" and "uat" beside it, keysets on disk. */
static inline int set_up_secrets(void **state)
{
    struct secrets *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    assert_int_equal(0, set_up(state));
    s->f = *state;
    s->project = WARD_SPAN(PROJECT);
    s->who = &s->f->admin;
    open_deployer(s);
    make_environment(s, "test");
    make_environment(s, "uat");
    *state = s;
    return 0;
}

static inline int tear_down_secrets(void **state)
{
    struct secrets *s = *state;
    char path[128];
    ward_deployer_close(s->deployer);
    snprintf(path, sizeof(path), "%s/keysets", s->f->directory);
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free_fixture(s->f);
    free(s);
    return 0;
}

#define secrets_case(function) cmocka_unit_test_setup_teardown(function, set_up_secrets, tear_down_secrets)

/* ---- calls ---- */

static inline struct ward_secrets_call *new_call(struct secrets *s)
{
    s->call = (struct ward_secrets_call){
        .service = s->f->service, .who = s->who, .pool = &s->f->pool, .project = s->project, .rules = s->rules
    };
    return &s->call;
}

static inline const char *refusal_text(const struct ward_secrets_refused *refused)
{
    static char text[16384];
    WARD_BUFFER out = ward_buffer_new(sizeof(text) - 1);
    ward_secrets_refused_write(refused, &out);
    snprintf(text, sizeof(text), "%.*s", (int)out.size, out.size ? out.data : "");
    return text;
}

/* The operator of a role (or grants alone) in the call's account. */
static inline struct ward_operator granted(struct secrets *s, uint32_t grants)
{
    struct ward_operator who = account_operator(s->f, WARD_ROLE_NONE);
    who.grants = grants;
    return who;
}

/** Done, and this was said. */
#define assert_done(s, expression)                                                                                     \
    do {                                                                                                               \
        enum ward_status done_ = (expression);                                                                         \
        if (done_ != WARD_OK)                                                                                          \
            fail_msg("%s: %s", ward_status_code(done_), refusal_text(&(s)->call.refused));                             \
    } while (0)

/** Refused with this status and this text, and nothing was written. */
#define assert_refused_as(s, status_, text_, expression)                                                               \
    do {                                                                                                               \
        uint64_t before_ = revision_now((s)->f);                                                                       \
        assert_status(status_, expression);                                                                            \
        assert_string_equal(text_, refusal_text(&(s)->call.refused));                                                  \
        assert_int_equal(before_, revision_now((s)->f));                                                               \
    } while (0)

/** What a deployment said: "production:ok test:undeployed". */
static inline const char *deployment_text(const struct secrets *s)
{
    static char text[4096];
    const struct ward_deployment *deployment = s->call.deployment;
    size_t size = 0;
    text[0] = '\0';
    if (!deployment)
        return "none";
    for (size_t i = 0; i < deployment->environment_count; i++) {
        const struct ward_environment_result *result = &deployment->environments[i];
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%.*s:%s", i ? " " : "", (int)result->name.size,
                                 result->name.data,
                                 !result->is_success  ? "failed"
                                 : result->is_removal ? "undeployed"
                                                      : "deployed");
    }
    return text;
}

/** Whose names a list of the same call goes through, comma separated. */
struct names {
    char text[4096];
};

static inline void add_name(struct names *names, struct ward_span name)
{
    size_t size = strlen(names->text);
    snprintf(names->text + size, sizeof(names->text) - size, "%s%.*s", size ? "," : "", (int)name.size, name.data);
}

#endif
