#include "keyset/served.h"

#include <pthread.h>

#include "base/seam.h"

/** Environments and their texts, in one allocation. */
struct list {
    size_t count;
    struct ward_served_environment environments[];
};

struct ward_served {
    pthread_rwlock_t lock;
    struct list *list;
};

enum ward_status ward_served_new(struct ward_served **ret)
{
    struct ward_served *served = ward_alloc(sizeof(*served));
    if (!served) {
        return WARD_NO_MEMORY;
    }
    if (pthread_rwlock_init(&served->lock, NULL) != 0) {
        ward_free(served);
        return WARD_NO_MEMORY;
    }
    *ret = served;
    return WARD_OK;
}

void ward_served_free(struct ward_served *served)
{
    if (!served) {
        return;
    }
    pthread_rwlock_destroy(&served->lock);
    ward_free(served->list);
    ward_free(served);
}

void ward_served_enter(struct ward_served *served)
{
    pthread_rwlock_rdlock(&served->lock);
}

void ward_served_leave(struct ward_served *served)
{
    pthread_rwlock_unlock(&served->lock);
}

static bool is_called(const struct ward_served_environment *environment, struct ward_span id_or_name)
{
    return ward_span_equal(environment->name, id_or_name) ||
           ward_span_equal(ward_object_id_span(&environment->id), id_or_name);
}

const struct ward_served_environment *ward_served_nth(const struct ward_served *served, const struct ward_uuid *account,
                                                      struct ward_span id_or_name, size_t index)
{
    for (size_t i = 0; served->list && i < served->list->count; i++) {
        const struct ward_served_environment *environment = &served->list->environments[i];
        if ((account && !ward_uuid_equal(&environment->account_id, account)) ||
            (id_or_name.data && !is_called(environment, id_or_name))) {
            continue;
        }
        if (index-- == 0) {
            return environment;
        }
    }
    return NULL;
}

const struct ward_served_environment *ward_served_find(const struct ward_served *served,
                                                       const struct ward_uuid *account, struct ward_span id_or_name)
{
    return ward_served_nth(served, account, id_or_name, 0);
}

const struct ward_served_environment *ward_served_only(const struct ward_served *served,
                                                       const struct ward_uuid *account)
{
    bool is_only = !ward_served_nth(served, account, WARD_SPAN_NONE, 1);
    return is_only ? ward_served_nth(served, account, WARD_SPAN_NONE, 0) : NULL;
}

static struct ward_span copy_text(char **at, struct ward_span text)
{
    char *to = *at;
    if (text.size > 0) {
        memcpy(to, text.data, text.size);
    }
    *at += text.size;
    return ward_span(to, text.size);
}

static struct list *copy_list(const struct ward_served_environment *environments, size_t count)
{
    size_t size = sizeof(struct list) + count * sizeof(environments[0]);
    for (size_t i = 0; i < count; i++) {
        size += environments[i].name.size + environments[i].access_url.size;
    }
    struct list *list = ward_alloc(size);
    if (!list) {
        return NULL;
    }
    char *texts = (char *)&list->environments[count];
    list->count = count;
    for (size_t i = 0; i < count; i++) {
        struct ward_served_environment *environment = &list->environments[i];
        *environment = environments[i];
        environment->name = copy_text(&texts, environments[i].name);
        environment->access_url = copy_text(&texts, environments[i].access_url);
    }
    return list;
}

enum ward_status ward_served_set(struct ward_served *served, const struct ward_served_environment *environments,
                                 size_t count)
{
    struct list *fresh = copy_list(environments, count);
    if (!fresh) {
        return WARD_NO_MEMORY;
    }
    pthread_rwlock_wrlock(&served->lock);
    struct list *old = served->list;
    served->list = fresh;
    pthread_rwlock_unlock(&served->lock);
    ward_free(old);
    return WARD_OK;
}
