/* Making a backup of the running store. */
#include "service/backup.h"

#include <limits.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "service/internal.h"

#define META_POOL_MAX 4096

struct backup_case {
    struct ward_service *service;
    const char *temporary;
    bool (*goes_on)(void *arg);
    void *arg;
    struct ward_backup made;
};

static enum ward_status read_store_id(struct ward_store_session *session, struct ward_backup *ret)
{
    WARD_POOL pool = ward_pool_new(META_POOL_MAX);
    struct ward_span id = WARD_SPAN_NONE;
    enum ward_status status = ward_store_meta_get(session, WARD_META_STORE_ID, &pool, &id);
    if (status != WARD_OK) {
        return status == WARD_NOT_FOUND ? WARD_INTEGRITY : status;
    }
    if (id.size != WARD_UUID_CHARS) {
        return WARD_INTEGRITY;
    }
    memcpy(ret->store_id, id.data, WARD_UUID_CHARS);
    return WARD_OK;
}

/* What the manifest says and what the file holds are read in one snapshot. */
static enum ward_status copy_in(struct ward_store_session *session, void *arg)
{
    struct backup_case *c = arg;
    struct ward_change_link last;
    enum ward_status status = read_store_id(session, &c->made);
    if (status == WARD_OK) {
        status = ward_store_change_link(session, UINT64_MAX, &last);
    }
    if (status != WARD_OK) {
        return status == WARD_NOT_FOUND ? WARD_INTEGRITY : status;
    }
    c->made.revision = last.revision;
    memcpy(c->made.chain_hash, last.hash, sizeof(last.hash));
    return ward_store_backup(session, c->temporary, c->goes_on, c->arg);
}

/* The store's driver writes the database, by name; our descriptor has made the file private before. It is closed last:
 * closing one drops the locks that the process has on the file. */
static enum ward_status fill_file(struct backup_case *c)
{
    int fd = -1;
    enum ward_status status = ward_file_create(c->temporary, &fd);
    if (status != WARD_OK) {
        return status == WARD_EXISTS ? WARD_IO : status;
    }
    c->made.created_ms = ward_now_ms();
    ward_backup_fingerprint(c->service->keyring, c->made.fingerprint);
    status = ward_store_read(c->service->store, copy_in, c);
    if (status == WARD_OK) {
        status = ward_backup_finish(fd, c->service->keyring, &c->made);
    }
    if (status == WARD_OK && ward_seam.sync(fd) != 0) {
        status = WARD_IO;
    }
    close(fd);
    return status;
}

static enum ward_status write_file(struct backup_case *c, const char *path)
{
    enum ward_status status = fill_file(c);
    if (status == WARD_OK) {
        status = ward_file_move(c->temporary, path, false);
    }
    if (status != WARD_OK) {
        unlink(c->temporary);
        return status;
    }
    status = ward_file_sync_parent(path);
    if (status != WARD_OK) {
        unlink(path); /* it might be gone after a power cut: better it is gone now */
    }
    return status;
}

static bool is_path(struct ward_span path)
{
    return path.size > 1 && path.size < PATH_MAX && path.data[0] == '/' && path.data[path.size - 1] != '/' &&
           !memchr(path.data, '\0', path.size);
}

static enum ward_status make_backup(struct backup_case *c, const char *path)
{
    struct stat info;
    if (lstat(path, &info) == 0) {
        return WARD_EXISTS; /* asked early, to copy nothing in vain; the link at the end decides */
    }
    char *temporary = NULL;
    enum ward_status status = ward_file_name_temporary(path, &temporary);
    if (status != WARD_OK) {
        return status;
    }
    c->temporary = temporary;
    status = write_file(c, path);
    ward_free(temporary);
    return status;
}

enum ward_status ward_service_backup(struct ward_service *service, const struct ward_operator *who,
                                     struct ward_span path, bool (*goes_on)(void *arg), void *arg,
                                     struct ward_backup *ret)
{
    char name[PATH_MAX] = "";
    struct backup_case c = { .service = service, .goes_on = goes_on, .arg = arg };
    if (who->type != WARD_ACTOR_LOCAL) {
        return WARD_FORBIDDEN;
    }
    if (!is_path(path)) {
        return WARD_INVALID;
    }
    memcpy(name, path.data, path.size);
    if (atomic_exchange(&service->is_backing_up, true)) {
        return WARD_CONFLICT; /* each holds a reader for as long as it takes */
    }
    enum ward_status status = make_backup(&c, name);
    atomic_store(&service->is_backing_up, false);
    if (status != WARD_OK) {
        ward_log(WARD_LOG_ERROR, "backup_failed", WARD_LOG_STR("file", name),
                 WARD_LOG_STR("status", ward_status_code(status)));
        return status;
    }
    *ret = c.made;
    return WARD_OK;
}
