/* Accounts, projects, keys and credentials to put into a store, with ids and values drawn anew. */
#ifndef WARD_TESTS_STORE_SAMPLE_H
#define WARD_TESTS_STORE_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/iso8601.h"
#include "base/limits.h"
#include "base/seam.h"
#include "store/store.h"

#define assert_status(expected, call) assert_string_equal(ward_status_code(expected), ward_status_code(call))
#define assert_ok(call)               assert_status(WARD_OK, call)
#define assert_span(text, span)       assert_true(ward_span_equal(ward_span_of(text), (span)))

/** A key and the bytes that its spans point to. */
struct sample_key {
    struct ward_api_key key;
    struct ward_lookup lookups[WARD_SLOT_COUNT];
    char sealed[WARD_SLOT_COUNT][40];
};

static inline struct ward_provenance sample_provenance(int64_t ms)
{
    return (struct ward_provenance){ .created_by_type = WARD_ACTOR_LOCAL, .created_ms = ms, .updated_ms = ms };
}

static inline struct ward_account sample_account(const char *name)
{
    struct ward_account account = {
        .name = ward_span_of(name), .is_active = true, .provenance = sample_provenance(1000), .version = 1
    };
    assert_ok(ward_uuid_new(&account.id));
    return account;
}

static inline struct ward_project sample_project(const struct ward_account *account, const char *name)
{
    struct ward_project project = { .account_id = account->id,
                                    .name = ward_span_of(name),
                                    .env = WARD_ENV_TEST,
                                    .is_active = true,
                                    .provenance = sample_provenance(2000),
                                    .version = 1 };
    assert_ok(ward_uuid_new(&project.id));
    return project;
}

/** Draw a value for a slot: lookup and blob. */
static inline void sample_value(struct sample_key *sample, enum ward_key_slot slot)
{
    assert_ok(ward_random(sample->lookups[slot].bytes, WARD_LOOKUP_BYTES));
    assert_ok(ward_random(sample->sealed[slot], sizeof sample->sealed[slot]));
    sample->key.lookups[slot] = ward_span((const char *)sample->lookups[slot].bytes, WARD_LOOKUP_BYTES);
    sample->key.sealed[slot] = ward_span(sample->sealed[slot], sizeof sample->sealed[slot]);
    sample->key.value_versions[slot]++;
}

static inline void sample_key(struct sample_key *sample, const struct ward_project *project, const char *name)
{
    *sample = (struct sample_key){ .key = { .project_id = project->id,
                                            .name = ward_span_of(name),
                                            .is_enabled = true,
                                            .expires_ms = WARD_TIME_NONE,
                                            .first_used_ms = WARD_TIME_NONE,
                                            .created_ms = 3000,
                                            .updated_ms = 3000,
                                            .version = 1 } };
    assert_ok(ward_key_id_new(&sample->key.id));
    sample_value(sample, WARD_SLOT_PRIMARY);
}

static inline struct ward_change sample_change(struct ward_span object_id, const char *action)
{
    return (struct ward_change){ .time_ms = 4000,
                                 .kind = WARD_OBJECT_API_KEY,
                                 .object_id = object_id,
                                 .account_id = WARD_SPAN("a-1"),
                                 .action = ward_span_of(action),
                                 .actor_type = WARD_ACTOR_LOCAL,
                                 .detail = WARD_SPAN("{\"changed\":[\"name\"]}") };
}

#endif
