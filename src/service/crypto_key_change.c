/*
 * Making, updating and importing a key: contracts/apinizer.md 6.1, 6.4, 6.6, and what section 7 says of the JWKs that
 * were made of it. One plan for the three: what the key is to be, entry by entry, and what becomes of each JWK.
 *
 *   gather (a read session): who may, the key, the input's form, the environments, the JWKs
 *   prepare (no session):    every content read, every JWK written anew, all of it sealed
 *   apply (a transaction):   nothing of what gather saw has changed; rows and change entries
 */
#include "service/secrets_internal.h"

enum key_mode { KEY_MAKE, KEY_UPDATE, KEY_IMPORT };

enum jwk_action { JWK_NULLIFY, JWK_UPDATE_PROJECT, JWK_UPDATE_ALL };

/* One entry as it is to be. */
struct entry_plan {
    const struct ward_key_entry_input *input;   /* NULL: stays as it is */
    const struct ward_crypto_key_entry *before; /* NULL: the key has nothing there yet */
    struct ward_object_id environment_id;
    struct ward_span environment_name;
    bool is_read; /* material was looked for */
    const struct ward_material *material;
};

struct key_case {
    struct ward_secrets_call *call;
    enum key_mode mode;
    struct ward_span name; /* of the key there is, or is to be */
    const struct ward_crypto_key_input *input;
    const struct ward_jwk_choice *choice; /* NULL: NULLIFY */
    struct ward_key_import *import;

    /* gathered */
    struct ward_project project;
    bool is_there;
    struct ward_crypto_key before;
    enum jwk_action action;
    enum ward_key_type type;
    enum ward_key_algorithm algorithm;
    struct ward_environment *environments; /* one for each entry of the input; id "": skipped */
    struct ward_jwk_rows jwks;

    /* prepared */
    struct ward_key_contents contents;
    struct ward_key_content *read; /* of the input's entries; kept from try to try */
    enum ward_key_type read_as;
    struct ward_crypto_key after;
    struct ward_crypto_key_entry *entries;
    struct entry_plan *plans;
    size_t entry_count;
    struct ward_members changed;
    bool *follows; /* of each JWK: written anew; else detached */
    struct ward_touched *touched;
    size_t touched_count;
    bool moves_jwks;
};

/* ---- the input's form ---- */

static enum ward_status parse_choice(struct key_case *c)
{
    const struct ward_jwk_choice none = { .action = WARD_SPAN_NONE };
    const struct ward_jwk_choice *choice = c->choice ? c->choice : &none;
    struct ward_secrets_call *call = c->call;
    bool updates = ward_span_equal(choice->action, WARD_SPAN("UPDATE"));
    if (choice->action.size > 0 && !updates && !ward_span_equal(choice->action, WARD_SPAN("NULLIFY"))) {
        return ward_secrets_refuse(call, WARD_REFUSED_UPDATE_ACTION_UNKNOWN, choice->action, WARD_SPAN_NONE);
    }
    if (choice->action.size == 0 && choice->referenced.size > 0) {
        updates = ward_span_equal(choice->referenced, WARD_SPAN("true"));
        if (!updates && !ward_span_equal(choice->referenced, WARD_SPAN("false"))) {
            return ward_secrets_refuse(call, WARD_REFUSED_UPDATE_REFERENCED_UNKNOWN, choice->referenced,
                                       WARD_SPAN_NONE);
        }
    }
    bool is_all = ward_span_equal(choice->scope, WARD_SPAN("ALL_PROJECTS"));
    if (choice->scope.size > 0 && !is_all && !ward_span_equal(choice->scope, WARD_SPAN("SAME_PROJECT"))) {
        return ward_secrets_refuse(call, WARD_REFUSED_UPDATE_SCOPE_UNKNOWN, choice->scope, WARD_SPAN_NONE);
    }
    c->action = !updates ? JWK_NULLIFY : is_all ? JWK_UPDATE_ALL : JWK_UPDATE_PROJECT;
    return WARD_OK;
}

static enum ward_status check_name(struct key_case *c)
{
    const struct ward_crypto_key_input *input = c->input;
    if (c->mode == KEY_UPDATE && (!input->has_name || ward_span_equal(input->name, c->before.name))) {
        return WARD_OK;
    }
    enum ward_status status = ward_secrets_check_name(c->call, input->name, "name", WARD_REFUSED_KEY_NAME_EMPTY);
    if (status == WARD_OK && ward_crypto_key_name_is_reserved(input->name)) {
        status = ward_secrets_refuse(c->call, WARD_REFUSED_NAME_RESERVED, input->name, WARD_SPAN_NONE);
    }
    return status;
}

static enum ward_status parse_type(struct key_case *c)
{
    const struct ward_crypto_key_input *input = c->input;
    c->type = c->before.type;
    if (!input->has_key_type) {
        return c->mode == KEY_UPDATE ? WARD_OK : ward_secrets_refuse_plainly(c->call, WARD_REFUSED_KEY_TYPE_EMPTY);
    }
    if (input->key_type.size == 0) {
        return ward_secrets_refuse_plainly(c->call, WARD_REFUSED_KEY_TYPE_EMPTY);
    }
    return ward_key_type_parse(input->key_type, &c->type)
               ? WARD_OK
               : ward_secrets_refuse(c->call, WARD_REFUSED_KEY_TYPE_UNKNOWN, input->key_type, WARD_SPAN_NONE);
}

/* Only a secret has one; of other keys it is checked and not kept. */
static enum ward_status parse_algorithm(struct key_case *c)
{
    const struct ward_crypto_key_input *input = c->input;
    enum ward_key_algorithm algorithm = c->before.algorithm;
    if (input->has_algorithm && !(c->mode == KEY_IMPORT ? ward_key_algorithm_parse_nocase
                                                        : ward_key_algorithm_parse)(input->algorithm, &algorithm)) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_ALGORITHM_UNKNOWN, input->algorithm, WARD_SPAN_NONE);
    }
    c->algorithm = c->type == WARD_KEY_SECRET ? algorithm : WARD_KEY_ALGORITHM_NONE;
    bool is_needed = c->call->rules.needs_algorithm || c->mode == KEY_IMPORT;
    if (is_needed && c->type == WARD_KEY_SECRET && c->algorithm == WARD_KEY_ALGORITHM_NONE) {
        return ward_secrets_refuse_plainly(c->call, WARD_REFUSED_ALGORITHM_MISSING);
    }
    return WARD_OK;
}

static enum ward_status check_entry(struct key_case *c, size_t index)
{
    const struct ward_key_entry_input *entries = c->input->entries;
    struct ward_span name = entries[index].environment;
    if (ward_text_is_blank(name)) {
        return ward_secrets_refuse_plainly(c->call, WARD_REFUSED_ENVIRONMENT_EMPTY);
    }
    for (size_t i = 0; i < index; i++) {
        if (ward_span_equal(entries[i].environment, name)) {
            return ward_secrets_refuse(c->call, WARD_REFUSED_ENTRY_DUPLICATE, name, WARD_SPAN_NONE);
        }
    }
    if (entries[index].alias.size > WARD_KEY_ALIAS_MAX) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_NAME_TOO_LONG, WARD_SPAN("alias"), WARD_SPAN_NONE);
    }
    if (entries[index].alias.size > 0 && !ward_object_name_is_valid(entries[index].alias)) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_NAME_CHARACTERS, WARD_SPAN("alias"), WARD_SPAN_NONE);
    }
    return WARD_OK;
}

static enum ward_status check_entries(struct key_case *c)
{
    const struct ward_crypto_key_input *input = c->input;
    if (c->mode != KEY_UPDATE && (!input->has_entries || input->entry_count == 0)) {
        return ward_secrets_refuse_plainly(c->call, WARD_REFUSED_ENTRIES_EMPTY);
    }
    if (input->entry_count > WARD_KEY_ENTRIES_MAX) {
        return ward_secrets_refuse_plainly(c->call, WARD_REFUSED_ENTRIES_TOO_MANY);
    }
    for (size_t i = 0; i < input->entry_count; i++) {
        enum ward_status status = check_entry(c, i);
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

static enum ward_status check_form(struct key_case *c)
{
    enum ward_status status = ward_secrets_check_body(c->call, &c->input->body);
    if (status == WARD_OK) {
        status = parse_choice(c);
    }
    if (status == WARD_OK) {
        status = check_name(c);
    }
    if (status == WARD_OK && c->input->has_description) {
        status = ward_secrets_check_description(c->call, c->input->description, "description");
    }
    if (status == WARD_OK) {
        status = parse_type(c);
    }
    if (status == WARD_OK) {
        status = parse_algorithm(c);
    }
    return status == WARD_OK ? check_entries(c) : status;
}

/* ---- gather ---- */

static enum ward_status find_key(struct ward_store_session *session, struct key_case *c)
{
    enum ward_status status = ward_store_crypto_key_find(session, &c->project.id, c->name, c->call->pool, &c->before);
    c->is_there = status == WARD_OK;
    if (status != WARD_NOT_FOUND) {
        return status;
    }
    c->before = (struct ward_crypto_key){ .type = WARD_KEY_SECRET };
    return c->mode == KEY_UPDATE
               ? ward_secrets_refuse(c->call, WARD_REFUSED_KEY_NOT_FOUND_ON_UPDATE, c->name, WARD_SPAN_NONE)
               : WARD_OK;
}

static enum ward_status check_taken(struct ward_store_session *session, struct key_case *c)
{
    struct ward_crypto_key other;
    if (c->is_there && c->mode == KEY_MAKE) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_KEY_EXISTS, c->name, WARD_SPAN_NONE);
    }
    if (c->is_there && c->mode == KEY_IMPORT && !c->import->overrides) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_KEY_EXISTS_ON_IMPORT, c->name, WARD_SPAN_NONE);
    }
    if (c->mode != KEY_UPDATE || !c->input->has_name || ward_span_equal(c->input->name, c->before.name)) {
        return WARD_OK;
    }
    enum ward_status status = ward_store_crypto_key_find(session, &c->project.id, c->input->name, c->call->pool,
                                                         &other);
    if (status == WARD_OK) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_KEY_NAME_TAKEN, c->input->name, WARD_SPAN_NONE);
    }
    return status == WARD_NOT_FOUND ? WARD_OK : status;
}

static enum ward_status skip_environment(struct key_case *c, size_t index)
{
    struct ward_key_import *import = c->import;
    struct ward_span *skipped = ward_pool_alloc(c->call->pool, (import->skipped_count + 1) * sizeof(*skipped));
    if (!skipped) {
        return WARD_NO_MEMORY;
    }
    if (import->skipped_count > 0) {
        memcpy(skipped, import->skipped, import->skipped_count * sizeof(*skipped));
    }
    skipped[import->skipped_count++] = c->input->entries[index].environment;
    import->skipped = skipped;
    c->environments[index] = (struct ward_environment){ .version = 0 };
    return WARD_OK;
}

static enum ward_status find_environments(struct ward_store_session *session, struct key_case *c)
{
    size_t count = c->input->entry_count;
    if (c->import) {
        c->import->skipped_count = 0;
    }
    c->environments = ward_pool_alloc(c->call->pool, (count ? count : 1) * sizeof(*c->environments));
    if (!c->environments) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        struct ward_span name = c->input->entries[i].environment;
        enum ward_status status = ward_find_environment(session, &c->project, name, c->call->pool, &c->environments[i]);
        if (status == WARD_NOT_FOUND) {
            status = c->import && c->import->skips_unknown
                         ? skip_environment(c, i)
                         : ward_secrets_refuse(c->call, WARD_REFUSED_ENVIRONMENT_NOT_FOUND, name, WARD_SPAN_NONE);
        }
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

/* What a list with entries does is clear before it is read: it deploys. */
static enum ward_status enter(struct ward_store_session *session, struct key_case *c)
{
    bool is_import = c->mode == KEY_IMPORT;
    uint32_t right = is_import ? WARD_RIGHT_SECRETS_EXPORT_IMPORT : WARD_RIGHT_SECRETS_MANAGE;
    enum ward_status status = ward_secrets_enter(session, c->call, right, &c->project);
    if (status == WARD_OK && !is_import && (c->mode == KEY_MAKE || c->input->entry_count > 0)) {
        status = ward_secrets_require(c->call, WARD_RIGHT_SECRETS_DEPLOY, WARD_REFUSED_DEPLOY_PERMISSION);
    }
    return status;
}

static enum ward_status gather_in(struct ward_store_session *session, void *arg)
{
    struct key_case *c = arg;
    enum ward_status status = enter(session, c);
    if (status == WARD_OK) {
        status = find_key(session, c);
    }
    if (status == WARD_OK) {
        status = check_form(c);
    }
    if (status == WARD_OK) {
        status = check_taken(session, c);
    }
    if (status == WARD_OK) {
        status = find_environments(session, c);
    }
    c->jwks.count = 0;
    return status == WARD_OK && c->is_there ? ward_secrets_jwks_of(session, c->call, &c->before.id, &c->jwks) : status;
}

/* ---- prepare: the key ---- */

static bool is_type_new(const struct key_case *c)
{
    return !c->is_there || c->type != c->before.type;
}

static enum ward_status read_input(struct key_case *c, size_t index)
{
    const struct ward_key_entry_input *input = &c->input->entries[index];
    if (c->read[index].stored.data) {
        return WARD_OK;
    }
    return ward_key_content_read(&c->contents, c->type, c->algorithm, input->content, input->environment,
                                 &c->read[index]);
}

/* Contents that were read once need not be read again in another try, unless for another type. */
static enum ward_status make_room(struct key_case *c)
{
    struct ward_pool *pool = c->call->pool;
    size_t room = c->input->entry_count + c->before.entry_count + 1;
    if (!c->read || c->read_as != c->type) {
        c->read = ward_pool_alloc(pool, (c->input->entry_count + 1) * sizeof(*c->read));
        c->read_as = c->type;
    }
    c->entries = ward_pool_alloc(pool, room * sizeof(*c->entries));
    c->plans = ward_pool_alloc(pool, room * sizeof(*c->plans));
    c->touched = ward_pool_alloc(pool, room * sizeof(*c->touched));
    c->follows = ward_pool_alloc(pool, c->jwks.count + 1);
    c->entry_count = c->touched_count = 0;
    c->changed = (struct ward_members){ .count = 0 };
    c->moves_jwks = false;
    return ward_pool_status(pool);
}

static void touch(struct key_case *c, const struct ward_object_id *environment, bool is_removal)
{
    c->touched[c->touched_count++] = (struct ward_touched){ *environment, is_removal };
}

static void add_kept(struct key_case *c, const struct ward_crypto_key_entry *before)
{
    c->plans[c->entry_count++] = (struct entry_plan){ .before = before,
                                                      .environment_id = before->environment_id,
                                                      .environment_name = before->environment_name };
}

static void add_listed(struct key_case *c, size_t index)
{
    const struct ward_environment *environment = &c->environments[index];
    if (ward_object_id_is_none(&environment->id)) {
        return;
    }
    c->plans[c->entry_count++] = (struct entry_plan){
        .input = &c->input->entries[index],
        .before = c->is_there ? ward_crypto_key_entry_of(&c->before, &environment->id) : NULL,
        .environment_id = environment->id,
        .environment_name = environment->name
    };
    touch(c, &environment->id, false);
}

static bool is_listed(const struct key_case *c, const struct ward_object_id *environment)
{
    for (size_t i = 0; i < c->input->entry_count; i++) {
        if (ward_object_id_equal(&c->environments[i].id, environment)) {
            return true;
        }
    }
    return false;
}

/* Which entries there will be: a list that was sent is the whole of it, but for an import, which only adds. */
static void plan_entries(struct key_case *c)
{
    bool has_list = c->input->has_entries;
    for (size_t i = 0; i < c->input->entry_count && has_list; i++) {
        add_listed(c, i);
    }
    for (size_t i = 0; i < c->before.entry_count; i++) {
        const struct ward_crypto_key_entry *before = &c->before.entries[i];
        if (!has_list || (c->mode == KEY_IMPORT && !is_listed(c, &before->environment_id))) {
            add_kept(c, before);
        } else if (!is_listed(c, &before->environment_id)) {
            touch(c, &before->environment_id, true);
        }
    }
}

static enum ward_status take_content(struct key_case *c, const struct ward_key_content *content,
                                     struct entry_plan *plan, struct ward_crypto_key_entry *entry)
{
    plan->is_read = true;
    plan->material = content->material;
    entry->is_material = content->material != NULL;
    entry->content = content->stored;
    enum ward_status status = ward_seal_key_content(c->call->service, c->call->pool, &c->after, c->after.version,
                                                    entry);
    entry->content = WARD_SPAN_NONE;
    return status;
}

/* What is stored must do for the new type as well. */
static enum ward_status read_again(struct key_case *c, struct entry_plan *plan, struct ward_crypto_key_entry *entry)
{
    struct ward_crypto_key_entry opened = *plan->before;
    struct ward_key_content content;
    enum ward_status status = ward_open_key_content(c->call->service, c->call->pool, &c->before, &opened);
    if (status == WARD_OK) {
        status = ward_key_content_read(&c->contents, c->type, c->algorithm, opened.content, plan->environment_name,
                                       &content);
    }
    return status == WARD_OK ? take_content(c, &content, plan, entry) : status;
}

static enum ward_status prepare_content(struct key_case *c, struct entry_plan *plan,
                                        struct ward_crypto_key_entry *entry)
{
    if (plan->input && plan->input->content.data) {
        size_t index = (size_t)(plan->input - c->input->entries);
        enum ward_status status = read_input(c, index);
        return status == WARD_OK ? take_content(c, &c->read[index], plan, entry) : status;
    }
    if (!plan->before) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_ENTRY_CONTENT_EMPTY, plan->environment_name, WARD_SPAN_NONE);
    }
    return is_type_new(c) ? read_again(c, plan, entry) : WARD_OK;
}

static enum ward_status prepare_entry(struct key_case *c, size_t index)
{
    struct entry_plan *plan = &c->plans[index];
    struct ward_crypto_key_entry *entry = &c->entries[index];
    *entry = plan->before ? *plan->before : (struct ward_crypto_key_entry){ .alias = WARD_SPAN_NONE };
    entry->environment_id = plan->environment_id;
    entry->environment_name = plan->environment_name;
    if (plan->input && plan->input->has_alias) {
        entry->alias = plan->input->alias.size > 0 ? plan->input->alias : WARD_SPAN_NONE;
    }
    return prepare_content(c, plan, entry);
}

static void note_change(struct key_case *c, bool is_changed, const char *member)
{
    if (is_changed) {
        ward_members_add(&c->changed, member);
    }
}

static enum ward_status begin_key(struct key_case *c)
{
    const struct ward_crypto_key_input *input = c->input;
    struct ward_crypto_key *after = &c->after;
    *after = c->before;
    if (!c->is_there) {
        *after = (struct ward_crypto_key){ .account_id = c->project.account_id,
                                           .project_id = c->project.id,
                                           .is_scope_active = true,
                                           .name = input->name,
                                           .provenance = ward_provenance_new(c->call->who, ward_now_ms()) };
        enum ward_status status = ward_object_id_new(&after->id);
        if (status != WARD_OK) {
            return status;
        }
    }
    after->version = c->before.version + 1; /* of a new one: 1 */
    if (c->mode == KEY_UPDATE && input->has_name) {
        after->name = input->name;
    }
    if (input->has_description) {
        after->description = input->description.size > 0 ? input->description : WARD_SPAN_NONE;
    }
    after->type = c->type;
    after->algorithm = c->algorithm;
    after->entries = c->entries;
    return WARD_OK;
}

static void note_changes(struct key_case *c)
{
    const struct ward_crypto_key *before = &c->before, *after = &c->after;
    note_change(c, !ward_span_equal(before->name, after->name), "name");
    note_change(c, !ward_span_equal(before->description, after->description), "description");
    note_change(c, is_type_new(c), "keyType");
    note_change(c, before->algorithm != after->algorithm, "algorithm");
    note_change(c, c->input->has_entries, "cryptoKeyInfoEnvironmentList");
}

/* Without a list, what verifiers know of the key may have changed all the same: its name, its type. */
static void touch_all(struct key_case *c)
{
    bool is_changed = !ward_span_equal(c->before.name, c->after.name) || c->before.type != c->after.type ||
                      c->before.algorithm != c->after.algorithm;
    for (size_t i = 0; i < c->before.entry_count && is_changed && !c->input->has_entries; i++) {
        touch(c, &c->before.entries[i].environment_id, false);
    }
}

static enum ward_status prepare_key(struct key_case *c)
{
    enum ward_status status = begin_key(c);
    if (status != WARD_OK) {
        return status;
    }
    plan_entries(c);
    if (c->entry_count > WARD_KEY_ENTRIES_MAX) {
        return ward_secrets_refuse_plainly(c->call, WARD_REFUSED_ENTRIES_TOO_MANY);
    }
    if (c->mode != KEY_UPDATE && c->entry_count == 0) { /* an archive of which nothing is known here */
        return ward_secrets_refuse_plainly(c->call, WARD_REFUSED_ENTRIES_EMPTY);
    }
    for (size_t i = 0; i < c->entry_count && status == WARD_OK; i++) {
        status = prepare_entry(c, i);
    }
    c->after.entry_count = c->entry_count;
    note_changes(c);
    touch_all(c);
    return status;
}

/* ---- prepare: its JWKs ---- */

static bool is_in_scope(const struct key_case *c, const struct ward_jwk *jwk)
{
    return c->action == JWK_UPDATE_ALL ||
           (c->action == JWK_UPDATE_PROJECT && ward_uuid_equal(&jwk->project_id, &c->project.id));
}

static struct entry_plan *plan_of(struct key_case *c, const struct ward_object_id *environment)
{
    for (size_t i = 0; i < c->entry_count; i++) {
        if (ward_object_id_equal(&c->plans[i].environment_id, environment)) {
            return &c->plans[i];
        }
    }
    return NULL;
}

static struct ward_span environment_name(const struct key_case *c, const struct ward_object_id *environment)
{
    const struct ward_crypto_key_entry *entry = ward_crypto_key_entry_of(&c->before, environment);
    return entry ? entry->environment_name : ward_object_id_span(environment);
}

/* The key that a JWK is to be made of again; parsed once for all of them. */
static enum ward_status find_material(struct key_case *c, const struct ward_jwk *jwk, const struct ward_material **ret)
{
    struct ward_secrets_call *call = c->call;
    struct entry_plan *plan = plan_of(c, &jwk->source_environment_id);
    if (!plan) {
        return ward_secrets_refuse(call, WARD_REFUSED_JWK_LOSES_ENVIRONMENT, jwk->name,
                                   environment_name(c, &jwk->source_environment_id));
    }
    if (!plan->is_read) {
        enum ward_status status = ward_key_content_open(&c->contents, &c->before, plan->before, &plan->material);
        if (status != WARD_OK) {
            return status;
        }
        plan->is_read = true;
    }
    *ret = plan->material;
    return *ret ? WARD_OK : ward_secrets_refuse_plainly(call, WARD_REFUSED_NO_PEM_KEYS);
}

static enum ward_status follow(struct key_case *c, struct ward_jwk *jwk)
{
    const struct ward_material *material = NULL;
    if (c->type == WARD_KEY_SECRET) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_JWK_OF_SECRET_KEY, jwk->name, WARD_SPAN_NONE);
    }
    enum ward_status status = find_material(c, jwk, &material);
    if (status != WARD_OK) {
        return status;
    }
    enum ward_jose_alg alg = ward_jose_alg_parse(jwk->algorithm);
    if (alg != WARD_ALG_NONE &&
        ward_jose_alg_fits(alg, material, ward_secrets_jose_use(jwk->use)) != WARD_MATERIAL_NONE) {
        return ward_secrets_refuse(c->call, WARD_REFUSED_JWK_DOES_NOT_FIT, jwk->name, jwk->algorithm);
    }
    jwk->source = c->type == WARD_KEY_PRIVATE ? WARD_JWK_SOURCE_PRIVATE_KEY : WARD_JWK_SOURCE_PUBLIC_KEY;
    return ward_secrets_jwk_fill(c->call, material, jwk->version + 1, jwk);
}

static enum ward_status prepare_jwks(struct key_case *c)
{
    for (size_t i = 0; i < c->jwks.count; i++) {
        struct ward_jwk *jwk = &c->jwks.items[i];
        c->follows[i] = is_in_scope(c, jwk);
        if (!c->follows[i]) {
            ward_secrets_jwk_detach(jwk);
            continue;
        }
        enum ward_status status = follow(c, jwk);
        if (status != WARD_OK) {
            return status;
        }
        c->moves_jwks = true;
    }
    return WARD_OK;
}

static enum ward_status prepare(void *arg)
{
    struct key_case *c = arg;
    enum ward_status status = make_room(c);
    if (status == WARD_OK) {
        status = prepare_key(c);
    }
    if (status == WARD_OK) {
        status = prepare_jwks(c);
    }
    if (status == WARD_OK && c->mode == KEY_UPDATE && (c->touched_count > 0 || c->moves_jwks)) {
        status = ward_secrets_require(c->call, WARD_RIGHT_SECRETS_DEPLOY, WARD_REFUSED_DEPLOY_PERMISSION);
    }
    return status == WARD_OK ? ward_pool_status(c->call->pool) : status;
}

/* ---- apply ---- */

/* CONFLICT when the environments are others by now. */
static enum ward_status check_environments(struct ward_store_session *session, const struct key_case *c)
{
    for (size_t i = 0; i < c->input->entry_count; i++) {
        struct ward_environment now;
        if (ward_object_id_is_none(&c->environments[i].id)) {
            continue;
        }
        enum ward_status status = ward_find_environment(session, &c->project, c->input->entries[i].environment,
                                                        c->call->pool, &now);
        if (status == WARD_NOT_FOUND || (status == WARD_OK && !ward_object_id_equal(&now.id, &c->environments[i].id))) {
            status = WARD_CONFLICT;
        }
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

static enum ward_status check_same(struct ward_store_session *session, struct key_case *c)
{
    struct ward_crypto_key now;
    struct ward_project project;
    enum ward_status status = ward_secrets_enter(session, c->call, ~(uint32_t)0, &project);
    if (status == WARD_OK && !ward_uuid_equal(&project.id, &c->project.id)) {
        return WARD_CONFLICT;
    }
    if (status == WARD_OK && c->is_there) {
        status = ward_store_crypto_key_get(session, &c->before.id, c->call->pool, &now);
        if (status == WARD_NOT_FOUND || (status == WARD_OK && now.version != c->before.version)) {
            return WARD_CONFLICT;
        }
    }
    if (status == WARD_OK) {
        status = check_taken(session, c);
    }
    if (status == WARD_OK) {
        status = check_environments(session, c);
    }
    return status == WARD_OK && c->is_there ? ward_secrets_jwks_same(session, &c->before.id, &c->jwks) : status;
}

static enum ward_status write_key(struct ward_store_session *session, struct key_case *c)
{
    struct ward_crypto_key key = c->after;
    enum ward_status status;
    if (c->is_there) {
        key.version = c->before.version;
        ward_provenance_touch(&key.provenance, c->call->who, ward_now_ms());
        status = ward_store_crypto_key_update(session, &key);
    } else {
        status = ward_store_crypto_key_insert(session, &key);
    }
    if (status != WARD_OK) {
        return status == WARD_NOT_FOUND ? WARD_CONFLICT : status;
    }
    return ward_secrets_log(session, c->call->who, WARD_OBJECT_KEY, &key.id, &key.account_id, &key.project_id,
                            c->is_there ? "updated" : WARD_ACTION_CREATED, &c->changed, WARD_SPAN_NONE);
}

static enum ward_status apply_in(struct ward_store_session *session, void *arg)
{
    struct key_case *c = arg;
    enum ward_status status = check_same(session, c);
    if (status == WARD_OK) {
        status = write_key(session, c);
    }
    for (size_t i = 0; i < c->jwks.count && status == WARD_OK; i++) {
        struct ward_jwk jwk = c->jwks.items[i]; /* the plan stays, should it be applied again */
        status = ward_secrets_jwk_store(session, c->call, &jwk, "updated", c->follows[i] ? "material" : "sourceId");
    }
    return status;
}

/* ---- deploy ---- */

static void deploy(struct key_case *c)
{
    size_t count = 0;
    struct ward_deployment_change *changes = ward_pool_alloc(c->call->pool,
                                                             (c->touched_count + c->jwks.count + 1) * sizeof(*changes));
    for (size_t i = 0; i < c->touched_count && changes; i++) {
        changes[count++] = (struct ward_deployment_change){ .kind = WARD_DEPLOYED_KEY,
                                                            .object_id = c->after.id,
                                                            .environment_id = c->touched[i].id };
    }
    for (size_t i = 0; i < c->jwks.count && changes; i++) {
        if (c->follows[i]) {
            changes[count++] = (struct ward_deployment_change){ .kind = WARD_DEPLOYED_JWK,
                                                                .object_id = c->jwks.items[i].id,
                                                                .is_everywhere = true };
        }
    }
    ward_secrets_deploy(c->call, changes, count);
    ward_secrets_tell(c->call, c->touched, c->touched_count);
}

static enum ward_status run(struct key_case *c)
{
    static const struct ward_secrets_steps steps = { gather_in, prepare, apply_in };
    c->contents.call = c->call;
    enum ward_status status = ward_secrets_change(c->call, &steps, c);
    ward_key_contents_free(&c->contents);
    if (status == WARD_OK) {
        deploy(c);
    }
    return status;
}

enum ward_status ward_service_crypto_key_create(struct ward_secrets_call *call,
                                                const struct ward_crypto_key_input *input)
{
    struct key_case c = { .call = call, .mode = KEY_MAKE, .name = input->name, .input = input };
    return run(&c);
}

enum ward_status ward_service_crypto_key_update(struct ward_secrets_call *call, struct ward_span key,
                                                const struct ward_jwk_choice *choice,
                                                const struct ward_crypto_key_input *input)
{
    struct key_case c = { .call = call, .mode = KEY_UPDATE, .name = key, .input = input, .choice = choice };
    return run(&c);
}

enum ward_status ward_service_crypto_key_import(struct ward_secrets_call *call, struct ward_key_import *import)
{
    struct key_case c = {
        .call = call, .mode = KEY_IMPORT, .name = import->key.name, .input = &import->key, .import = import
    };
    return run(&c);
}
