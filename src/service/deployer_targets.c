/* The list of environments and their replicas: read anew when it was changed, the keysets that stay are taken over. */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "service/deployer_internal.h"

#define LIST_BYTES_MAX ((size_t)256 << 20)

/* ---- reading ---- */

static enum ward_status note_environment(const struct ward_environment *environment, void *arg)
{
    struct ward_targets *targets = arg;
    if (targets->count == targets->capacity) {
        size_t capacity = targets->capacity ? 2 * targets->capacity : 16;
        struct ward_target *grown = ward_realloc(targets->targets, capacity * sizeof(struct ward_target));
        if (!grown) {
            return WARD_NO_MEMORY;
        }
        targets->targets = grown;
        targets->capacity = capacity;
    }
    targets->targets[targets->count++] = (struct ward_target){ .environment = *environment };
    return WARD_OK;
}

static enum ward_status read_in(struct ward_store_session *session, void *arg)
{
    struct ward_targets *targets = arg;
    return ward_store_environment_list(session, NULL, &targets->pool, note_environment, targets);
}

static char *copy_text(struct ward_span text)
{
    char *copy = ward_alloc(text.size + 1);
    return copy ? memcpy(copy, text.data, text.size) : NULL;
}

/* ---- replicas ---- */

static bool is_twin(const struct ward_target *target, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(target->copies[i].directory, target->copies[index].directory) == 0) {
            return true;
        }
    }
    return false;
}

static const struct ward_copy *find_same(const struct ward_targets *targets, const struct ward_copy *copy)
{
    for (size_t t = 0; targets && t < targets->count; t++) {
        const struct ward_target *target = &targets->targets[t];
        if (!ward_object_id_equal(&target->environment.id, &copy->environment->id)) {
            continue;
        }
        for (size_t c = 0; target->copies && c < target->environment.replica_count; c++) {
            const struct ward_copy *other = &target->copies[c];
            if (other->keyset && ward_span_equal(other->name, copy->name) &&
                strcmp(other->directory, copy->directory) == 0) {
                return other;
            }
        }
    }
    return NULL;
}

static enum ward_status make_copy(struct ward_deployer *deployer, struct ward_target *target, size_t index)
{
    const struct ward_replica *replica = &target->environment.replicas[index];
    struct ward_copy *copy = &target->copies[index];
    *copy = (struct ward_copy){ .environment = &target->environment,
                                .name = replica->name,
                                .is_embedded = replica->directory.data == NULL };
    copy->directory = copy_text(copy->is_embedded ? ward_span_of(deployer->embedded) : replica->directory);
    if (!copy->directory) {
        return WARD_NO_MEMORY;
    }
    copy->is_twin = is_twin(target, index);
    const struct ward_copy *same = find_same(deployer->list, copy);
    if (same) {
        copy->keyset = same->keyset;
        copy->is_behind = same->is_behind || same->environment->version != target->environment.version;
        copy->failure = same->failure;
        copy->retry_ms = same->retry_ms;
        copy->delay_ms = same->delay_ms;
        return WARD_OK;
    }
    const struct ward_keyset_options options = { .directory = copy->directory,
                                                 .environment = target->environment.id,
                                                 .replica = replica->name,
                                                 .keyring = deployer->service->keyring };
    copy->is_behind = true; /* until it was compared with the store */
    (void)ward_keyset_fail(&copy->failure, "not read yet");
    return ward_keyset_new(&options, &copy->keyset);
}

static enum ward_status make_copies(struct ward_deployer *deployer, struct ward_target *target)
{
    size_t count = target->environment.replica_count;
    target->copies = ward_alloc(count * sizeof(struct ward_copy));
    if (!target->copies) {
        return WARD_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        enum ward_status status = make_copy(deployer, target, i);
        if (status != WARD_OK) {
            return status;
        }
    }
    return WARD_OK;
}

enum ward_status ward_targets_read(struct ward_deployer *deployer, struct ward_targets **ret)
{
    struct ward_targets *targets = ward_alloc(sizeof(*targets));
    if (!targets) {
        return WARD_NO_MEMORY;
    }
    targets->pool = ward_pool_new(LIST_BYTES_MAX);
    enum ward_status status = ward_store_read(deployer->service->store, read_in, targets);
    for (size_t i = 0; i < targets->count && status == WARD_OK; i++) {
        status = make_copies(deployer, &targets->targets[i]);
    }
    if (status != WARD_OK) {
        ward_targets_free(targets, deployer->list, false);
        return status;
    }
    *ret = targets;
    return WARD_OK;
}

static void free_copy(struct ward_copy *copy, const struct ward_targets *others, bool removes_files)
{
    if (copy->keyset && !(others && find_same(others, copy))) {
        if (removes_files && !copy->is_twin) {
            ward_keyset_remove_file(copy->keyset);
        }
        ward_keyset_close(copy->keyset);
    }
    ward_free(copy->pending.changes);
    ward_free(copy->directory);
}

void ward_targets_free(struct ward_targets *targets, const struct ward_targets *others, bool removes_files)
{
    if (!targets) {
        return;
    }
    for (size_t t = 0; t < targets->count; t++) {
        struct ward_target *target = &targets->targets[t];
        for (size_t c = 0; target->copies && c < target->environment.replica_count; c++) {
            if (target->copies[c].environment) { /* made */
                free_copy(&target->copies[c], others, removes_files);
            }
        }
        ward_free(target->copies);
    }
    ward_free(targets->targets);
    ward_pool_free(&targets->pool);
    ward_free(targets);
}

/* ---- readers ---- */

static const struct ward_copy *embedded_of(const struct ward_target *target)
{
    for (size_t c = 0; c < target->environment.replica_count; c++) {
        if (target->copies[c].is_embedded) {
            return &target->copies[c];
        }
    }
    return NULL;
}

enum ward_status ward_targets_serve(const struct ward_targets *targets, struct ward_served *served)
{
    struct ward_served_environment *list = ward_alloc(targets->count * sizeof(struct ward_served_environment));
    size_t count = 0;
    if (!list) {
        return WARD_NO_MEMORY;
    }
    for (size_t t = 0; t < targets->count; t++) {
        const struct ward_environment *environment = &targets->targets[t].environment;
        const struct ward_copy *copy = embedded_of(&targets->targets[t]);
        if (copy) {
            list[count++] = (struct ward_served_environment){ .id = environment->id,
                                                              .account_id = environment->account_id,
                                                              .name = environment->name,
                                                              .access_url = environment->access_url,
                                                              .keyset = copy->keyset };
        }
    }
    enum ward_status status = ward_served_set(served, list, count);
    ward_free(list);
    return status;
}

struct ward_target *ward_targets_find(struct ward_targets *targets, const struct ward_object_id *id)
{
    for (size_t t = 0; t < targets->count; t++) {
        if (ward_object_id_equal(&targets->targets[t].environment.id, id)) {
            return &targets->targets[t];
        }
    }
    return NULL;
}

/* ---- what nobody needs ---- */

static bool is_left_over(const struct ward_deployer *deployer, const char *name)
{
    struct ward_object_id id;
    const char *end = name + WARD_OBJECT_ID_CHARS;
    if (strlen(name) < WARD_OBJECT_ID_CHARS || !ward_object_id_parse(ward_span(name, WARD_OBJECT_ID_CHARS), &id)) {
        return false;
    }
    if (strncmp(end, ".keyset.tmp-", 12) == 0) {
        return true;
    }
    return strcmp(end, ".keyset") == 0 && !ward_targets_find(deployer->list, &id);
}

void ward_targets_sweep(const struct ward_deployer *deployer)
{
    char path[4096];
    DIR *directory = opendir(deployer->embedded);
    for (const struct dirent *entry = directory ? readdir(directory) : NULL; entry; entry = readdir(directory)) {
        int size = snprintf(path, sizeof(path), "%s/%s", deployer->embedded, entry->d_name);
        if (size < (int)sizeof(path) && is_left_over(deployer, entry->d_name) && unlink(path) == 0) {
            ward_log(WARD_LOG_INFO, "keyset-removed", WARD_LOG_STR("path", path));
        }
    }
    if (directory) {
        closedir(directory);
    }
}
