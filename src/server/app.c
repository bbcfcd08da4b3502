#include "server/app.h"

#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "base/seam.h"
#include "server/quota_zone.h"
#include "service/environments.h"
#include "surface/theauthapi/theauthapi.h"

static bool open_keyring(struct ward_app *app, struct ward_failure *ret_why)
{
    const char *path = app->directory.root_key;
    enum ward_status status = ward_keyring_open(path, &app->keyring);
    if (status == WARD_OK)
        return true;
    if (status == WARD_FORBIDDEN)
        return ward_fail(ret_why, WARD_EXIT_PERMISSION,
                         "the root key %.400s is a link, unreadable, or open to others; run: chmod 600 %.400s", path,
                         path);
    return ward_fail(ret_why, ward_exit_of(status), "the root key %.400s cannot be used: %s", path,
                     ward_status_text(status));
}

/* The offset is a page's or a frame's: nothing is known about which of its bytes it was. */
static bool refuse_damaged(const char *path, const struct ward_store_damage *damage, struct ward_failure *ret_why)
{
    const char *end = damage->is_in_log ? "-wal" : "";
    if (!damage->is_found)
        return ward_fail(ret_why, WARD_EXIT_INTEGRITY,
                         "%.400s is damaged: its quick check failed; restore a backup, and keep the damaged file",
                         path);
    if (damage->is_doubtful)
        return ward_fail(ret_why, WARD_EXIT_INTEGRITY,
                         "%.300s%s is damaged at offset %lld: it ends there, and changes that were acknowledged after "
                         "that are missing; restore a backup, and keep the damaged file",
                         path, end, (long long)damage->offset);
    return ward_fail(ret_why, WARD_EXIT_INTEGRITY,
                     "%.300s%s is damaged at offset %lld: other bytes are there than were written; restore a backup, "
                     "and keep the damaged file",
                     path, end, (long long)damage->offset);
}

static bool refuse_store(const char *path, enum ward_status status, const struct ward_store_damage *damage,
                         struct ward_failure *ret_why)
{
    switch (status) {
    case WARD_MISMATCH:
        return ward_fail(
            ret_why, WARD_EXIT_MISMATCH,
            "%.400s was written by a later version of Ward; run that version, or restore a backup made by this "
            "one",
            path);
    case WARD_INTEGRITY:
        return refuse_damaged(path, damage, ret_why);
    case WARD_FORBIDDEN:
        return ward_fail(ret_why, WARD_EXIT_PERMISSION, "%.400s may not be opened; run: chmod 600 %.400s", path, path);
    default:
        return ward_fail(ret_why, ward_exit_of(status), "the store %.400s cannot be opened: %s", path,
                         ward_status_text(status));
    }
}

static bool open_store(struct ward_app *app, struct ward_failure *ret_why)
{
    struct ward_store_damage damage = { 0 };
    struct ward_store_options options = { .path = app->directory.store,
                                          .seen_revision = ward_data_directory_seen_revision(&app->directory),
                                          .ret_damage = &damage };
    enum ward_status status = ward_store_open_sqlite(&options, &app->store);
    return status == WARD_OK || refuse_store(app->directory.store, status, &damage, ret_why);
}

/* A page that nobody had to read before. */
static bool is_damaged(struct ward_app *app, enum ward_status status, struct ward_store_damage *ret)
{
    if (status != WARD_INTEGRITY)
        return false;
    ward_store_damage(app->store, ret);
    return ret->is_found;
}

static bool open_service(struct ward_app *app, struct ward_failure *ret_why)
{
    struct ward_store_damage damage;
    struct ward_service_options options = { .store = app->store, .keyring = app->keyring, .publisher = app->publisher };
    enum ward_status status = ward_service_new(&options, &app->service);
    if (status == WARD_OK)
        return true;
    if (status == WARD_MISMATCH)
        return ward_fail(
            ret_why, WARD_EXIT_MISMATCH,
            "%.400s is not the root key that %.400s was made with; put the right root.key back: without it "
            "nothing in the store can be opened",
            app->directory.root_key, app->directory.store);
    if (is_damaged(app, status, &damage))
        return refuse_damaged(app->directory.store, &damage, ret_why);
    return ward_fail(ret_why, ward_exit_of(status), "the service cannot be started: %s", ward_status_text(status));
}

static bool start_publisher(struct ward_app *app, struct ward_failure *ret_why)
{
    struct ward_publisher_options options = { .directory = app->directory.path,
                                              .store = app->store,
                                              .render = ward_theauthapi_reply_render,
                                              .keyring = app->keyring };
    struct ward_store_damage damage;
    ward_quota_zone_at(ward_now_ms(), &options.zone);
    enum ward_status status = ward_publisher_start(&options, &app->publisher);
    if (status == WARD_OK)
        status = ward_publisher_upkeep_start(app->publisher);
    if (status == WARD_OK)
        return true;
    if (is_damaged(app, status, &damage))
        return refuse_damaged(app->directory.store, &damage, ret_why);
    return ward_fail(ret_why, ward_exit_of(status),
                     "the table %.400s/table cannot be built: %s; is there room on the disk? (df -h %.400s)",
                     app->directory.path, ward_status_text(status), app->directory.path);
}

/* Without this, ward init would make an empty store where a restore is to be finished. */
static bool check_restored(const struct ward_data_directory *directory, struct ward_failure *ret_why)
{
    if (!ward_data_directory_is_half_restored(directory))
        return true;
    return ward_fail(ret_why, WARD_EXIT_INTEGRITY,
                     "%.400s has no store: a restore of it was cut off; run the same ward restore again "
                     "(with --without-comparison)",
                     directory->path);
}

static bool check_initialised(const struct ward_data_directory *directory, struct ward_failure *ret_why)
{
    if (!check_restored(directory, ret_why))
        return false;
    bool has_key = ward_data_directory_has_root_key(directory), has_store = ward_data_directory_has_store(directory);
    if (has_key && has_store)
        return true;
    if (has_store)
        return ward_fail(
            ret_why, WARD_EXIT_MISMATCH,
            "%.400s holds a store but no root.key; put the root key back: without it nothing in the store can "
            "be opened",
            directory->path);
    return ward_fail(ret_why, WARD_EXIT_NOT_INITIALISED, "%.400s is not initialised; run: ward init --data %.400s",
                     directory->path, directory->path);
}

/* Every keyset stands where the store does before anybody listens, or its replica is known to be behind. */
static bool open_deployer(struct ward_app *app, struct ward_failure *ret_why)
{
    struct ward_deployer_options options = { .directory = app->directory.path, .service = app->service };
    struct ward_store_damage damage;
    enum ward_status status = ward_deployer_open(&options, &app->deployer);
    if (status == WARD_OK)
        status = ward_deployer_start(app->deployer);
    if (status == WARD_OK)
        return true;
    if (is_damaged(app, status, &damage))
        return refuse_damaged(app->directory.store, &damage, ret_why);
    return ward_fail(ret_why, ward_exit_of(status), "the keysets of %.400s cannot be opened: %s", app->directory.path,
                     ward_status_text(status));
}

static bool open_for_serving(struct ward_app *app, struct ward_failure *ret_why)
{
    return start_publisher(app, ret_why) && open_service(app, ret_why) && open_deployer(app, ret_why);
}

/* What a store of an earlier version lacks is made before anything is published from it. A wrong root key is found out
 * here, before the publisher replaces the table: whoever reads it goes on undisturbed. */
static bool complete_environments(struct ward_app *app, struct ward_failure *ret_why)
{
    if (!open_service(app, ret_why))
        return false;
    enum ward_status status = ward_service_environments_complete(app->service);
    ward_service_free(app->service);
    app->service = NULL;
    struct ward_store_damage damage;
    if (is_damaged(app, status, &damage))
        return refuse_damaged(app->directory.store, &damage, ret_why);
    return status == WARD_OK ||
           ward_fail(ret_why, ward_exit_of(status), "the first environment cannot be made in %.400s: %s",
                     app->directory.store, ward_status_text(status));
}

bool ward_app_open(struct ward_app *ret, const char *data, bool is_serving, const char *version,
                   struct ward_failure *ret_why)
{
    *ret = (struct ward_app){ .directory.lock_fd = -1 };
    if (!ward_data_directory_name(&ret->directory, data, ret_why) ||
        !ward_data_directory_check(&ret->directory, ret_why) || !check_initialised(&ret->directory, ret_why) ||
        !ward_data_directory_hold(&ret->directory, ret_why) || !open_keyring(ret, ret_why) || !open_store(ret, ret_why))
        return false;
    if (!complete_environments(ret, ret_why))
        return false;
    if (is_serving ? !open_for_serving(ret, ret_why) : !open_service(ret, ret_why))
        return false;
    ret->application = (struct ward_application){ .service = ret->service,
                                                  .store = ret->store,
                                                  .publisher = ret->publisher,
                                                  .deployer = ret->deployer,
                                                  .version = version,
                                                  .started_ms = ward_now_ms() };
    return true;
}

void ward_app_close(struct ward_app *app)
{
    if (!app)
        return;
    ward_deployer_close(app->deployer);
    ward_service_free(app->service);
    ward_publisher_upkeep_stop(app->publisher); /* before the store: it reads it */
    ward_store_close(app->store);
    ward_publisher_stop(app->publisher); /* behind the store: its writer thread calls the publisher */
    ward_keyring_close(app->keyring);
    ward_data_directory_release(&app->directory);
    app->deployer = NULL;
    app->service = NULL;
    app->store = NULL;
    app->publisher = NULL;
    app->keyring = NULL;
}

/* ---- first start ---- */

/*
 * Order of a first start: directory → lock → root key → store file → bootstrap (one transaction). The last step alone
 * makes the directory an initialised one; every earlier one is taken up again when it is found done.
 */
static bool make_root_key(struct ward_app *app, struct ward_failure *ret_why)
{
    const struct ward_data_directory *directory = &app->directory;
    if (ward_data_directory_has_root_key(directory))
        return true;
    if (ward_data_directory_has_store(directory))
        return check_initialised(directory, ret_why);
    enum ward_status status = ward_root_key_create(directory->root_key);
    if (status == WARD_OK)
        return true;
    return ward_fail(ret_why, ward_exit_of(status), "the root key %.400s cannot be written: %s", directory->root_key,
                     ward_status_text(status));
}

static bool make_store(struct ward_app *app, struct ward_failure *ret_why)
{
    struct ward_store_damage damage = { 0 };
    struct ward_store_options options = { .path = app->directory.store, .create = true, .ret_damage = &damage };
    enum ward_status status = ward_store_open_sqlite(&options, &app->store);
    if (status == WARD_EXISTS) { /* whole, or left by an interrupted try: the bootstrap tells */
        options.create = false;
        status = ward_store_open_sqlite(&options, &app->store);
    }
    return status == WARD_OK || refuse_store(app->directory.store, status, &damage, ret_why);
}

static bool bootstrap(struct ward_app *app, struct ward_pool *pool, struct ward_bootstrap *ret,
                      struct ward_failure *ret_why)
{
    const char *path = app->directory.path;
    enum ward_status status = ward_service_bootstrap(app->service, pool, ret);
    if (status == WARD_OK)
        return true;
    if (status == WARD_EXISTS)
        return ward_fail(
            ret_why, WARD_EXIT_EXISTS,
            "%.200s is initialised already; nothing was changed. Its first credentials were shown once, by the "
            "ward init that made it, and cannot be shown again; for another one run: ward credential create "
            "--data %.200s --kind access-key --role admin --name NAME",
            path, path);
    return ward_fail(ret_why, ward_exit_of(status), "%.200s cannot be initialised: %s; nothing was issued, try again",
                     path, ward_status_text(status));
}

bool ward_app_initialise(const char *data, struct ward_pool *pool, struct ward_bootstrap *ret,
                         struct ward_failure *ret_why)
{
    struct ward_app app = { .directory.lock_fd = -1 };
    if (!ward_data_directory_name(&app.directory, data, ret_why))
        return false;
    enum ward_status status = ward_directory_ensure(app.directory.path);
    if (status == WARD_NOT_FOUND)
        return ward_fail(ret_why, WARD_EXIT_IO, "the directory above %.400s does not exist; make it first", data);
    if (status != WARD_OK && status != WARD_FORBIDDEN) /* the check below says what is wrong */
        return ward_fail(ret_why, ward_exit_of(status), "%.400s cannot be made: %s", data, ward_status_text(status));
    if (!ward_data_directory_check(&app.directory, ret_why)) {
        /* A directory that may not even be made: the check says "does not exist", which would be no help. */
        if (ret_why->code == WARD_EXIT_NOT_INITIALISED)
            ward_fail(ret_why, WARD_EXIT_PERMISSION, "%.400s cannot be made: no permission", data);
        return false;
    }
    bool is_done = check_restored(&app.directory, ret_why) && ward_data_directory_hold(&app.directory, ret_why) &&
                   make_root_key(&app, ret_why) && open_keyring(&app, ret_why) && make_store(&app, ret_why) &&
                   open_service(&app, ret_why) && bootstrap(&app, pool, ret, ret_why);
    ward_app_close(&app);
    return is_done;
}
