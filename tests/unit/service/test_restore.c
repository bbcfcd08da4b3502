/* What a restore would undo, cause by cause, and that each revocation holds on the restored store. */
#include "gateway_fixture.h"

#include "service/environments.h"
#include "service/restore.h"

/* A backup of the fixture's store, opened beside it. */
struct restored {
    char backup[128], path[128];
    struct ward_store *store;
    struct ward_service *service;
    struct ward_comparison comparison;
};

static void take(struct fixture *f, struct restored *r)
{
    struct ward_backup made;
    *r = (struct restored){ .store = NULL };
    snprintf(r->backup, sizeof(r->backup), "%s/a.backup", f->directory);
    snprintf(r->path, sizeof(r->path), "%s/restored.db", f->directory);
    assert_ok(ward_service_backup(f->service, &f->local, ward_span_of(r->backup), NULL, NULL, &made));
}

static void open_backup(struct fixture *f, struct restored *r)
{
    struct ward_backup read;
    assert_ok(ward_backup_unpack(r->backup, r->path, f->keyring, &read));
    struct ward_store_options options = { .path = r->path };
    assert_ok(ward_store_open_sqlite(&options, &r->store));
    struct ward_service_options service = { r->store, f->keyring, NULL };
    assert_ok(ward_service_new(&service, &r->service));
}

static void compare(struct fixture *f, struct restored *r)
{
    open_backup(f, r);
    assert_ok(ward_restore_compare(f->store, r->store, f->keyring, ward_now_ms(), &r->comparison));
}

static void let_go(struct restored *r)
{
    char path[160];
    ward_comparison_free(&r->comparison);
    ward_service_free(r->service);
    ward_store_close(r->store);
    unlink(r->backup);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s%s", r->path, (const char *[]){ "", "-wal", "-shm" }[i]);
        unlink(path);
    }
}

static uint64_t apply(struct fixture *f, struct restored *r)
{
    uint64_t revision = 0;
    assert_ok(ward_restore_apply(r->service, f->store, &r->comparison, r->comparison.present_revision, &revision));
    assert_ok(ward_store_check(r->store));
    return revision;
}

static const struct ward_undone *only_undone(const struct restored *r)
{
    assert_int_equal(r->comparison.undone_count, 1);
    return &r->comparison.undone[0];
}

static enum ward_status get_restored(struct fixture *f, struct restored *r, struct ward_span value,
                                     struct ward_api_key *ret)
{
    struct ward_key_ref ref = by_value(value);
    return ward_service_key_get(r->service, &f->local, &ref, &f->pool, ret);
}

/* ---- API keys ---- */

enum deed { NOTHING, RENAME, DELETE, ROTATE, EXPIRE, EXPIRE_LATER, CHANGE_VALUE };

static void act_on(struct fixture *f, enum deed deed, struct ward_span value)
{
    struct ward_api_key key;
    struct ward_api_key_input input = rename_input("another name");
    switch (deed) {
    case NOTHING:
        return;
    case DELETE:
        assert_ok(delete_key(f, &f->local, value));
        return;
    case ROTATE:
        assert_ok(rotate_key(f, &f->local, value, &key));
        return;
    case RENAME:
        break;
    case EXPIRE:
    case EXPIRE_LATER:
        input.has_expiry = true;
        input.expires_ms = START_MS + (deed == EXPIRE ? 1000 : 1000000);
        break;
    case CHANGE_VALUE:
        input.has_value = true;
        input.value = WARD_SPAN("another-value-0123456789");
        break;
    }
    assert_ok(update_key(f, &f->local, value, &input, &key));
}

static void each_cause_is_found_and_holds(void **state)
{
    struct fixture *f = *state;
    const struct {
        enum deed deed;
        const char *cause; /* NULL: nothing is undone */
        enum ward_status found;
    } rows[] = {
        { NOTHING, NULL, WARD_OK },
        { RENAME, NULL, WARD_OK },
        { DELETE, "disabled", WARD_NOT_FOUND },
        { ROTATE, "disabled", WARD_NOT_FOUND },
        { EXPIRE, "expired", WARD_NOT_FOUND },
        { EXPIRE_LATER, "expires-sooner", WARD_OK },
        { CHANGE_VALUE, "value-retired", WARD_NOT_FOUND },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct restored r;
        struct ward_api_key found;
        struct ward_api_key key = make_key(f, &f->made.project.id, NULL);
        test_clock_ms = START_MS;
        take(f, &r);
        act_on(f, rows[i].deed, key.values[WARD_SLOT_PRIMARY]);
        test_clock_ms = START_MS + 2000;
        compare(f, &r);
        if (rows[i].cause) {
            const struct ward_undone *undone = only_undone(&r);
            assert_string_equal(ward_undone_cause_name(undone->cause), rows[i].cause);
            assert_string_equal(undone->id, key.id.text);
            assert_span("a key", undone->name);
        } else {
            assert_int_equal(r.comparison.undone_count, 0);
        }
        assert_ok(get_restored(f, &r, key.values[WARD_SLOT_PRIMARY], &found)); /* alive, before it is done */
        apply(f, &r);
        assert_status(rows[i].found, get_restored(f, &r, key.values[WARD_SLOT_PRIMARY], &found));
        if (rows[i].deed == EXPIRE_LATER) {
            assert_int_equal(found.expires_ms, START_MS + 1000000);
        }
        if (rows[i].deed == CHANGE_VALUE) {
            assert_ok(get_restored(f, &r, WARD_SPAN("another-value-0123456789"), &found));
            assert_string_equal(found.id.text, key.id.text);
        }
        let_go(&r);
        if (rows[i].deed != DELETE && rows[i].deed != ROTATE && rows[i].deed != CHANGE_VALUE &&
            rows[i].deed != EXPIRE) {
            assert_ok(delete_key(f, &f->local, key.values[WARD_SLOT_PRIMARY]));
        }
        if (rows[i].deed == CHANGE_VALUE) {
            assert_ok(delete_key(f, &f->local, WARD_SPAN("another-value-0123456789")));
        }
    }
}

/* Its new value is another key's in the backup: neither value may live with it, so the key is dead. */
static void a_value_that_is_taken_leaves_the_key_dead(void **state)
{
    struct fixture *f = *state;
    struct restored r;
    struct ward_api_key key, found;
    make_key(f, &f->made.project.id, "first-value-0123456789");
    make_key(f, &f->made.project.id, "second-value-0123456789");
    take(f, &r);
    struct ward_api_key_input away = rename_input("a key"), here = rename_input("a key");
    away.has_value = here.has_value = true;
    away.value = WARD_SPAN("third-value-0123456789");
    here.value = WARD_SPAN("second-value-0123456789");
    assert_ok(update_key(f, &f->local, WARD_SPAN("second-value-0123456789"), &away, &key));
    assert_ok(update_key(f, &f->local, WARD_SPAN("first-value-0123456789"), &here, &key));
    compare(f, &r);
    assert_int_equal(r.comparison.undone_count, 2);
    apply(f, &r);
    assert_status(WARD_NOT_FOUND, get_restored(f, &r, WARD_SPAN("first-value-0123456789"), &found));
    assert_status(WARD_NOT_FOUND, get_restored(f, &r, WARD_SPAN("second-value-0123456789"), &found));
    assert_ok(get_restored(f, &r, WARD_SPAN("third-value-0123456789"), &found));
    let_go(&r);
}

static void the_revived_one_lives(void **state)
{
    struct fixture *f = *state;
    struct restored r;
    struct ward_api_key found;
    struct ward_api_key one = make_key(f, &f->made.project.id, NULL), other = make_key(f, &f->made.project.id, NULL);
    take(f, &r);
    assert_ok(delete_key(f, &f->local, one.values[0]));
    assert_ok(delete_key(f, &f->local, other.values[0]));
    compare(f, &r);
    assert_int_equal(r.comparison.undone_count, 2);
    for (size_t i = 0; i < 2; i++) {
        r.comparison.undone[i].is_revived = strcmp(r.comparison.undone[i].id, one.id.text) == 0;
    }
    uint64_t revision = apply(f, &r);
    assert_int_equal(revision, r.comparison.present_revision + 2); /* the entry, and one revocation */
    assert_ok(get_restored(f, &r, one.values[0], &found));
    assert_status(WARD_NOT_FOUND, get_restored(f, &r, other.values[0], &found));
    let_go(&r);
}

static void more_than_one_batch_is_revoked(void **state)
{
    enum { MANY = 150 };
    struct fixture *f = *state;
    struct restored r;
    struct ward_api_key keys[MANY], found;
    for (size_t i = 0; i < MANY; i++) {
        keys[i] = make_key(f, &f->made.project.id, NULL);
    }
    take(f, &r);
    for (size_t i = 0; i < MANY; i++) {
        assert_ok(delete_key(f, &f->local, keys[i].values[0]));
    }
    compare(f, &r);
    assert_int_equal(r.comparison.undone_count, MANY);
    assert_int_equal(apply(f, &r), r.comparison.present_revision + 1 + MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_status(WARD_NOT_FOUND, get_restored(f, &r, keys[i].values[0], &found));
    }
    let_go(&r);
}

/* ---- what stands above keys ---- */

static void projects_and_accounts_stay_deactivated(void **state)
{
    struct fixture *f = *state;
    struct restored r;
    struct ward_receipt receipt;
    struct ward_api_key found;
    struct ward_api_key in_second = make_key(f, &f->test_project.id, NULL);
    struct ward_api_key in_other = make_key(f, &f->other_project.id, NULL);
    take(f, &r);
    assert_ok(ward_service_project_delete(f->service, &f->local, id_span(f, &f->test_project.id), &receipt));
    assert_ok(ward_service_account_delete(f->service, &f->local, id_span(f, &f->other_account.id), &receipt));
    compare(f, &r);
    assert_int_equal(r.comparison.undone_count, 2);
    assert_string_equal(ward_object_kind_name(r.comparison.undone[0].kind), "account");
    assert_span("other", r.comparison.undone[0].name);
    assert_string_equal(ward_object_kind_name(r.comparison.undone[1].kind), "project");
    assert_span("second", r.comparison.undone[1].name);
    apply(f, &r);
    assert_status(WARD_NOT_FOUND, get_restored(f, &r, in_second.values[0], &found));
    assert_status(WARD_NOT_FOUND, get_restored(f, &r, in_other.values[0], &found));
    let_go(&r);
}

static enum ward_status get_credential_in(struct ward_store_session *session, void *arg)
{
    struct ward_credential *credential = arg;
    struct ward_uuid id = credential->id;
    static struct ward_pool pool;
    pool = ward_pool_new(65536);
    enum ward_status status = ward_store_credential_get(session, &id, &pool, credential);
    ward_pool_free(&pool); /* only what is no span is looked at */
    return status;
}

static void credentials_stay_revoked_and_narrowed(void **state)
{
    struct fixture *f = *state;
    struct restored r;
    struct ward_receipt receipt;
    struct ward_credential changed;
    struct ward_credential_ref access = { .id = id_span(f, &f->made.access_key.id) };
    struct ward_credential_ref token = { .id = id_span(f, &f->made.token.id) };
    struct ward_credential_input narrower = {
        .has_name = true, .name = WARD_SPAN("default"), .has_role = true, .role = WARD_ROLE_VIEWER
    };
    take(f, &r);
    assert_ok(ward_service_credential_delete(f->service, &f->local, &token, &receipt));
    assert_ok(ward_service_credential_update(f->service, &f->local, &access, &narrower, &f->pool, &changed, &receipt));
    compare(f, &r);
    assert_int_equal(r.comparison.undone_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct ward_undone *undone = &r.comparison.undone[i];
        bool is_token = ward_span_equal(ward_span_of(undone->id), token.id);
        assert_string_equal(ward_undone_cause_name(undone->cause), is_token ? "disabled" : "role-narrowed");
    }
    apply(f, &r);
    changed = f->made.token;
    assert_ok(ward_store_read(r.store, get_credential_in, &changed));
    assert_false(changed.is_active);
    changed = f->made.access_key;
    assert_ok(ward_store_read(r.store, get_credential_in, &changed));
    assert_true(changed.is_active);
    assert_int_equal(changed.role, WARD_ROLE_VIEWER);
    let_go(&r);
}

/* ---- the logs ---- */

static void the_changes_are_counted(void **state)
{
    struct fixture *f = *state;
    struct restored r;
    take(f, &r);
    uint64_t before = revision_now(f);
    struct ward_api_key one = make_key(f, &f->made.project.id, NULL);
    make_key(f, &f->made.project.id, NULL);
    assert_ok(delete_key(f, &f->local, one.values[0]));
    compare(f, &r);
    assert_int_equal(r.comparison.common, before);
    assert_int_equal(r.comparison.backup_revision, before);
    assert_int_equal(r.comparison.present_revision, before + 3);
    assert_int_equal(r.comparison.changes, 3);
    assert_int_equal(r.comparison.tally_count, 2);
    assert_span("created", r.comparison.tallies[0].action);
    assert_int_equal(r.comparison.tallies[0].count, 2);
    assert_span("deleted", r.comparison.tallies[1].action);
    assert_int_equal(r.comparison.undone_count, 0); /* made after the backup: it is not in it */
    let_go(&r);
}

/* Two histories of one beginning: the backup is restored into a store of its own and changed there. */
static void parted_logs_meet_where_they_parted(void **state)
{
    struct fixture *f = *state;
    struct restored r;
    uint64_t revision = 0;
    take(f, &r);
    uint64_t before = revision_now(f);
    open_backup(f, &r);
    for (int i = 0; i < 5; i++) {
        make_key(f, &f->made.project.id, NULL);
    }
    assert_ok(ward_restore_apply(r.service, NULL, NULL, before + 100, &revision));
    assert_int_equal(revision, before + 101);
    assert_ok(ward_store_check(r.store));
    assert_ok(ward_restore_compare(f->store, r.store, f->keyring, ward_now_ms(), &r.comparison));
    assert_int_equal(r.comparison.common, before);
    assert_int_equal(r.comparison.changes, 5);
    assert_int_equal(r.comparison.backup_revision, before + 101);
    ward_comparison_free(&r.comparison);
    assert_ok(ward_restore_compare(r.store, f->store, f->keyring, ward_now_ms(), &r.comparison)); /* and turned round */
    assert_int_equal(r.comparison.common, before);
    assert_int_equal(r.comparison.changes, 1);
    assert_int_equal(r.comparison.undone_count, 5); /* missing */
    assert_string_equal(ward_undone_cause_name(r.comparison.undone[0].cause), "missing");
    let_go(&r);
}

static enum ward_status put_other_id(struct ward_store_session *session, void *arg)
{
    (void)arg;
    return ward_store_meta_put(session, "store-id", WARD_SPAN("00000000-0000-4000-8000-000000000000"));
}

static void another_store_is_not_compared(void **state)
{
    struct fixture *f = *state;
    struct restored r;
    take(f, &r);
    assert_ok(ward_store_write(f->store, put_other_id, NULL, NULL));
    open_backup(f, &r);
    assert_status(WARD_MISMATCH, ward_restore_compare(f->store, r.store, f->keyring, ward_now_ms(), &r.comparison));
    let_go(&r);
}

/* ---- API Gateway ---- */

struct reading {
    const struct gateway *gateway;
    bool is_live;
    enum ward_subscription_code code;
};

static enum ward_status note_live(const struct ward_relation_row *row, void *arg)
{
    struct reading *reading = arg;
    reading->is_live = row->is_live && strcmp(row->stage_id.text, reading->gateway->stage.id.text) == 0;
    return WARD_OK;
}

static enum ward_status read_relation_in(struct ward_store_session *session, void *arg)
{
    struct reading *reading = arg;
    struct ward_product product;
    WARD_POOL pool = ward_pool_new(65536);
    enum ward_status status = ward_store_product_get(session, &reading->gateway->product.id, &pool, &product);
    if (status == WARD_OK) {
        reading->code = product.code;
        status = ward_store_relation_of_subscription(session, &reading->gateway->product.id, &reading->gateway->key.id,
                                                     note_live, reading);
    }
    return status;
}

/* The relation that the restored store would be served with. */
static struct reading read_relation(struct ward_store *store, const struct gateway *g)
{
    struct reading reading = { .gateway = g };
    assert_ok(ward_store_read(store, read_relation_in, &reading));
    return reading;
}

enum gateway_deed { REMOVE_PRODUCT, REMOVE_API, REMOVE_STAGE, CLOSE_PRODUCT, UNSUBSCRIBE, REJECT, REMOVE_KEY };

static void act_on_gateway(struct fixture *f, const struct gateway *g, enum gateway_deed deed)
{
    struct ward_stage_path path = path_of(&g->product, &g->api, &g->stage);
    switch (deed) {
    case REMOVE_PRODUCT:
        assert_ok(ward_service_product_delete(CALL(f, &g->owner), path.product));
        return;
    case REMOVE_API:
        assert_ok(ward_service_api_delete(CALL(f, &g->owner), &path));
        return;
    case REMOVE_STAGE:
        assert_ok(ward_service_stage_delete(CALL(f, &g->owner), &path));
        return;
    case CLOSE_PRODUCT:
        assert_ok(set_code(f, &g->owner, &g->product, "PROTECTED"));
        return;
    case UNSUBSCRIBE:
        assert_ok(unsubscribe(f, &g->stranger, &g->key, &g->product));
        return;
    case REJECT:
        assert_ok(decide(f, &g->owner, &g->product, &g->key, "REJECTED"));
        return;
    case REMOVE_KEY:
        assert_ok(ward_service_key_remove(CALL(f, &g->stranger), id_text(&g->key.id)));
        return;
    }
}

static void what_a_gateway_lost_stays_lost(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum gateway_deed deed;
        const char *kinds[2]; /* in order */
        const char *causes[2];
    } rows[] = {
        { REMOVE_PRODUCT, { "product" }, { "removed" } },
        { REMOVE_API, { "stage" }, { "removed" } },
        { REMOVE_STAGE, { "stage" }, { "removed" } },
        { CLOSE_PRODUCT, { "product", "subscription" }, { "protected", "unsubscribed" } },
        { UNSUBSCRIBE, { "subscription" }, { "unsubscribed" } },
        { REJECT, { "subscription" }, { "unsubscribed" } },
        { REMOVE_KEY, { "api-key" }, { "removed" } },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct restored r;
        struct gateway g = make_gateway(f, "PUBLIC");
        assert_ok(ward_service_subscription_first_use(f->service, &g.key.id, &g.product.id));
        take(f, &r);
        act_on_gateway(f, &g, rows[i].deed);
        compare(f, &r);
        size_t expected = rows[i].kinds[1] ? 2 : 1;
        assert_int_equal(expected, r.comparison.undone_count);
        for (size_t k = 0; k < expected; k++) {
            assert_string_equal(rows[i].kinds[k], ward_object_kind_name(r.comparison.undone[k].kind));
            assert_string_equal(rows[i].causes[k], ward_undone_cause_name(r.comparison.undone[k].cause));
        }
        assert_true(read_relation(r.store, &g).is_live); /* before it is done */
        apply(f, &r);
        assert_false(read_relation(r.store, &g).is_live);
        assert_int_equal(rows[i].deed == CLOSE_PRODUCT ? WARD_PRODUCT_PROTECTED : WARD_PRODUCT_PUBLIC,
                         read_relation(r.store, &g).code);
        let_go(&r);
        if (rows[i].deed != REMOVE_PRODUCT) {
            assert_ok(ward_service_product_delete(CALL(f, &g.owner), id_text(&g.product.id)));
        }
        if (rows[i].deed != REMOVE_KEY) {
            assert_ok(ward_service_key_remove(CALL(f, &g.stranger), id_text(&g.key.id)));
        }
    }
}

static void a_revived_subscription_lives(void **state)
{
    struct fixture *f = *state;
    struct restored r;
    struct gateway g = make_gateway(f, "PUBLIC");
    assert_ok(subscribe(f, &g.stranger, &g.key, &g.product));
    take(f, &r);
    assert_ok(decide(f, &g.owner, &g.product, &g.key, "REJECTED"));
    compare(f, &r);
    char id[WARD_SUBSCRIPTION_ID_CHARS + 1];
    snprintf(id, sizeof(id), "%s/%s", g.product.id.text, g.key.id.text);
    assert_string_equal(id, only_undone(&r)->id);
    assert_span("their key", only_undone(&r)->name);
    r.comparison.undone[0].is_revived = true;
    apply(f, &r);
    assert_true(read_relation(r.store, &g).is_live);
    let_go(&r);
}

/* ---- keys, JWKs, API proxies ---- */

enum secret_deed {
    TOUCH_ALL, /* another content, another name, another description: nothing ended */
    DELETE_CRYPTO_KEY,
    UNDEPLOY_CRYPTO_KEY,
    DELETE_JWK,
    DELETE_PROXY,
    REPLACE_PAIR,
    UNDEPLOY_PROXY
};

/* A key and a proxy in two environments, and a JWK. */
struct secrets {
    struct fixture *f;
    enum secret_deed deed;
    struct ward_environment environments[2];
    struct ward_crypto_key_entry entries[2];
    struct ward_api_proxy_deployment deployments[2];
    struct ward_lookup lookups[2];
    struct ward_crypto_key key;
    struct ward_jwk jwk;
    struct ward_api_proxy proxy;
};

static enum ward_status make_secrets_in(struct ward_store_session *session, void *arg)
{
    struct secrets *s = arg;
    struct fixture *f = s->f;
    enum ward_status status = WARD_OK;
    for (int i = 0; status == WARD_OK && i < 2; i++) {
        s->environments[i] = (struct ward_environment){ .account_id = f->made.account.id,
                                                        .name = i ? WARD_SPAN("b") : WARD_SPAN("a"),
                                                        .description = WARD_SPAN(""),
                                                        .access_url = WARD_SPAN(""),
                                                        .version = 1 };
        status = ward_object_id_new(&s->environments[i].id);
        if (status == WARD_OK) {
            status = ward_store_environment_insert(session, &s->environments[i]);
        }
        s->entries[i] = (struct ward_crypto_key_entry){ .environment_id = s->environments[i].id,
                                                        .content = WARD_SPAN("a content") };
        if (status == WARD_OK) {
            status = ward_seal_key_content(f->service, &f->pool, &s->key, 1, &s->entries[i]);
        }
        s->deployments[i] = (struct ward_api_proxy_deployment){ .environment_id = s->environments[i].id,
                                                                .is_deployed = true,
                                                                .deployed_ms = START_MS };
    }
    if (status == WARD_OK) {
        status = ward_store_crypto_key_insert(session, &s->key);
    }
    if (status == WARD_OK) {
        status = ward_store_jwk_insert(session, &s->jwk);
    }
    if (status == WARD_OK) {
        status = ward_seal_proxy_secret(f->service, &f->pool, 1, &s->proxy);
    }
    return status == WARD_OK ? ward_store_api_proxy_insert(session, &s->proxy) : status;
}

static void make_secrets(struct fixture *f, struct secrets *s)
{
    *s = (struct secrets){ .f = f };
    for (int i = 0; i < 2; i++) {
        assert_ok(ward_random(s->lookups[i].bytes, WARD_LOOKUP_BYTES));
    }
    s->key = (struct ward_crypto_key){ .account_id = f->made.account.id,
                                       .project_id = f->made.project.id,
                                       .name = WARD_SPAN("a key"),
                                       .entries = s->entries,
                                       .entry_count = 2,
                                       .version = 1 };
    s->jwk = (struct ward_jwk){ .account_id = f->made.account.id,
                                .project_id = f->made.project.id,
                                .name = WARD_SPAN("a jwk"),
                                .not_before_ms = WARD_TIME_NONE,
                                .expires_ms = WARD_TIME_NONE,
                                .version = 1 };
    s->proxy = (struct ward_api_proxy){ .account_id = f->made.account.id,
                                        .project_id = f->made.project.id,
                                        .name = WARD_SPAN("a proxy"),
                                        .metadata = WARD_SPAN("{}"),
                                        .public_key = WARD_SPAN("public"),
                                        .secret_key = WARD_SPAN("secret"),
                                        .lookup = ward_span((const char *)s->lookups[0].bytes, WARD_LOOKUP_BYTES),
                                        .deployments = s->deployments,
                                        .deployment_count = 2,
                                        .version = 1 };
    assert_ok(ward_object_id_new(&s->key.id));
    assert_ok(ward_object_id_new(&s->jwk.id));
    assert_ok(ward_object_id_new(&s->proxy.id));
    assert_ok(ward_store_write(f->store, make_secrets_in, s, NULL));
}

static enum ward_status touch_all(struct ward_store_session *session, struct secrets *s)
{
    s->entries[0].content = WARD_SPAN("another content");
    s->jwk.name = WARD_SPAN("renamed");
    s->proxy.description = WARD_SPAN("changed");
    s->deployments[0].redeploy_required = true;
    enum ward_status status = ward_seal_key_content(s->f->service, &s->f->pool, &s->key, 2, &s->entries[0]);
    if (status == WARD_OK) {
        status = ward_store_crypto_key_update(session, &s->key);
    }
    if (status == WARD_OK) {
        status = ward_store_jwk_update(session, &s->jwk);
    }
    return status == WARD_OK ? ward_store_api_proxy_update(session, &s->proxy) : status;
}

static enum ward_status replace_pair(struct ward_store_session *session, struct secrets *s)
{
    s->proxy.secret_key = WARD_SPAN("another secret");
    s->proxy.lookup = ward_span((const char *)s->lookups[1].bytes, WARD_LOOKUP_BYTES);
    enum ward_status status = ward_seal_proxy_secret(s->f->service, &s->f->pool, 2, &s->proxy);
    return status == WARD_OK ? ward_store_api_proxy_update(session, &s->proxy) : status;
}

static enum ward_status act_on_secrets_in(struct ward_store_session *session, void *arg)
{
    struct secrets *s = arg;
    switch (s->deed) {
    case TOUCH_ALL:
        return touch_all(session, s);
    case DELETE_CRYPTO_KEY:
        return ward_store_crypto_key_remove(session, &s->key);
    case UNDEPLOY_CRYPTO_KEY:
        s->key.entry_count = 1;
        return ward_store_crypto_key_update(session, &s->key);
    case DELETE_JWK:
        return ward_store_jwk_remove(session, &s->jwk);
    case DELETE_PROXY:
        return ward_store_api_proxy_remove(session, &s->proxy);
    case REPLACE_PAIR:
        return replace_pair(session, s);
    case UNDEPLOY_PROXY:
        s->deployments[1].is_deployed = false;
        return ward_store_api_proxy_update(session, &s->proxy);
    }
    return WARD_INTERNAL;
}

/* What the restored store holds of them. */
struct held {
    struct secrets *s;
    struct ward_service *service;
    enum ward_status key, jwk, proxy;
    size_t entries;
    bool is_old_pair, is_deployed_twice, does_open;
};

static enum ward_status hold_in(struct ward_store_session *session, void *arg)
{
    struct held *held = arg;
    struct ward_pool *pool = &held->s->f->pool;
    struct ward_crypto_key key = { .entry_count = 0 };
    struct ward_jwk jwk;
    struct ward_api_proxy proxy = { .lookup = WARD_SPAN_NONE };
    held->key = ward_store_crypto_key_get(session, &held->s->key.id, pool, &key);
    held->jwk = ward_store_jwk_get(session, &held->s->jwk.id, pool, &jwk);
    held->proxy = ward_store_api_proxy_get(session, &held->s->proxy.id, pool, &proxy);
    held->entries = key.entry_count;
    held->is_old_pair = ward_span_equal(proxy.lookup,
                                        ward_span((const char *)held->s->lookups[0].bytes, WARD_LOOKUP_BYTES));
    held->is_deployed_twice = proxy.deployment_count == 2 && proxy.deployments[0].is_deployed &&
                              proxy.deployments[1].is_deployed;
    held->does_open = held->proxy == WARD_OK && ward_open_proxy_secret(held->service, pool, &proxy) == WARD_OK;
    return WARD_OK;
}

static struct held hold(struct secrets *s, struct restored *r)
{
    struct held held = { .s = s, .service = r->service };
    assert_ok(ward_store_read(r->store, hold_in, &held));
    return held;
}

static void what_was_deployed_and_ended_stays_so(void **state)
{
    static const struct {
        enum secret_deed deed;
        const char *cause; /* NULL: nothing is undone */
        enum ward_object_kind kind;
        enum ward_status key, jwk, proxy;
        size_t entries;
        bool is_old_pair, is_deployed_twice;
    } rows[] = {
        { TOUCH_ALL, NULL, WARD_OBJECT_STORE, WARD_OK, WARD_OK, WARD_OK, 2, true, true },
        { DELETE_CRYPTO_KEY, "removed", WARD_OBJECT_KEY, WARD_NOT_FOUND, WARD_OK, WARD_OK, 0, true, true },
        { UNDEPLOY_CRYPTO_KEY, "undeployed", WARD_OBJECT_KEY, WARD_OK, WARD_OK, WARD_OK, 1, true, true },
        { DELETE_JWK, "removed", WARD_OBJECT_JWK, WARD_OK, WARD_NOT_FOUND, WARD_OK, 2, true, true },
        { DELETE_PROXY, "removed", WARD_OBJECT_API_PROXY, WARD_OK, WARD_OK, WARD_NOT_FOUND, 2, false, false },
        { REPLACE_PAIR, "value-retired", WARD_OBJECT_API_PROXY, WARD_OK, WARD_OK, WARD_OK, 2, false, true },
        { UNDEPLOY_PROXY, "undeployed", WARD_OBJECT_API_PROXY, WARD_OK, WARD_OK, WARD_OK, 2, true, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int is_revived = 0; is_revived < 2; is_revived++) {
            struct restored r;
            struct secrets s;
            if (*state == NULL) {
                assert_int_equal(0, set_up(state));
            }
            struct fixture *f = *state;
            make_secrets(f, &s);
            take(f, &r);
            s.deed = rows[i].deed;
            assert_ok(ward_store_write(f->store, act_on_secrets_in, &s, NULL));
            compare(f, &r);
            assert_int_equal(rows[i].cause ? 1 : 0, r.comparison.undone_count);
            if (rows[i].cause) {
                assert_string_equal(rows[i].cause, ward_undone_cause_name(only_undone(&r)->cause));
                assert_int_equal(rows[i].kind, only_undone(&r)->kind);
                r.comparison.undone[0].is_revived = is_revived;
            }
            apply(f, &r);
            struct held held = hold(&s, &r);
            bool is_whole = is_revived || !rows[i].cause;
            assert_int_equal(is_whole ? WARD_OK : rows[i].key, held.key);
            assert_int_equal(is_whole ? WARD_OK : rows[i].jwk, held.jwk);
            assert_int_equal(is_whole ? WARD_OK : rows[i].proxy, held.proxy);
            assert_int_equal(is_whole ? 2 : rows[i].entries, held.entries);
            assert_int_equal(is_whole || rows[i].is_old_pair, held.is_old_pair);
            assert_int_equal(is_whole || rows[i].is_deployed_twice, held.is_deployed_twice);
            assert_int_equal(held.proxy == WARD_OK, held.does_open); /* the later pair's seal came along */
            let_go(&r);
            assert_int_equal(0, tear_down(state));
            *state = NULL;
        }
    }
    assert_int_equal(0, set_up(state)); /* for the tear-down */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_case(each_cause_is_found_and_holds),
        test_case(a_value_that_is_taken_leaves_the_key_dead),
        test_case(the_revived_one_lives),
        test_case(more_than_one_batch_is_revoked),
        test_case(projects_and_accounts_stay_deactivated),
        test_case(credentials_stay_revoked_and_narrowed),
        test_case(the_changes_are_counted),
        test_case(parted_logs_meet_where_they_parted),
        test_case(another_store_is_not_compared),
        test_case(what_a_gateway_lost_stays_lost),
        test_case(a_revived_subscription_lives),
        test_case(what_was_deployed_and_ended_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
