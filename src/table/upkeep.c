/*
 * The upkeep's thread: builds the next generation when room gets short, makes the table anew from the store when it is
 * damaged, lets go of old generations once no reader of this process is in them, and looks for damage.
 *
 * It shares a processor with verifications. So it works in slices of some 100 µs with rests in between, asks the
 * scheduler for slices as short, and gives way to whoever wakes up. It is not put into the idle class: it holds the
 * mutex that changes need, and must get on when the machine is busy. Rests get short, and end, when changes come faster
 * than it works.
 */
#include <errno.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/seam.h"
#include "base/thread.h"
#include "table/warm.h"
#include "table/writer_internal.h"

#define REST_US       400
#define SHORT_REST_US 50
#define LOOK_US       100
#define COPY_RECORDS  128
#define SCRUB_ENTRIES 64
#define SCRUB_SLOTS   32 /* of the index take as long as one record */
#define SCRUB_SLICES  64 /* of a turn that had nothing else to do: some 16,000 records a second */
#define TURN_MS       250
#define RETRY_MS      1000 /* after a generation that could not be built */
#define RETIRED_MAX   8

struct ward_upkeep {
    struct ward_table_writer *writer;
    struct ward_table_upkeep options;
    pthread_t thread;
    bool must_stop;                              /* under the writer's mutex */
    int64_t retry_ms;                            /* boot clock: nothing is built before */
    struct ward_generation retired[RETIRED_MAX]; /* left, but readers of this process may still be in them */
    unsigned retired_count;
    struct ward_warmer *warmer; /* from the first file on; NULL: none could be had */
};

/* ---- rests ---- */

static void sleep_us(unsigned us)
{
    const struct timespec pause = { .tv_nsec = (long)us * 1000 };
    nanosleep(&pause, NULL);
}

/* A yield alone leaves the processor to nobody who has had more than his share: until the next tick, 4 ms, who answers
 * verifications may wait. So only who is waited for himself yields. */
static void rest(void *arg)
{
    struct ward_upkeep *upkeep = arg;
    struct ward_table_writer *writer = upkeep->writer;
    pthread_mutex_lock(&writer->mutex);
    bool is_urgent = writer->build.is_urgent || upkeep->must_stop, is_late = ward_build_is_late(writer);
    pthread_mutex_unlock(&writer->mutex);
    if (is_urgent)
        sched_yield();
    else
        sleep_us(is_late && upkeep->options.rest_us > SHORT_REST_US ? SHORT_REST_US : upkeep->options.rest_us);
}

/* Each look wakes this thread up, which makes the kernel choose anew who runs: see warm.h. */
static void warm(void *arg)
{
    struct ward_upkeep *upkeep = arg;
    if (upkeep->warmer == NULL)
        return;
    ward_warmer_ask(upkeep->warmer);
    for (bool is_late = false; !is_late && !ward_warmer_is_done(upkeep->warmer);) {
        sleep_us(LOOK_US);
        pthread_mutex_lock(&upkeep->writer->mutex);
        is_late = ward_build_is_late(upkeep->writer) || upkeep->must_stop;
        pthread_mutex_unlock(&upkeep->writer->mutex);
    }
}

/* ---- old generations ---- */

static void end_generation(struct ward_upkeep *upkeep, struct ward_generation *generation)
{
    const struct ward_pace pace = { .rest = rest, .arg = upkeep };
    ward_map_end(generation->map, &pace);
    generation->map = NULL;
    ward_generation_close(generation);
}

/* A thread that has verified nothing since is still in it: its next verification, or its end, leaves it. */
static void retire(struct ward_upkeep *upkeep, struct ward_generation *old)
{
    if (upkeep->retired_count < RETIRED_MAX) {
        upkeep->retired[upkeep->retired_count++] = *old;
        return;
    }
    ward_generation_close(old); /* the last reader ends it */
}

static void end_retired(struct ward_upkeep *upkeep)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < upkeep->retired_count; i++) {
        if (ward_map_withdraw(upkeep->retired[i].map))
            end_generation(upkeep, &upkeep->retired[i]);
        else
            upkeep->retired[kept++] = upkeep->retired[i];
    }
    upkeep->retired_count = kept;
}

/* ---- building ---- */

static enum ward_status make_file(struct ward_upkeep *upkeep, const struct ward_table_geometry *geometry,
                                  uint64_t number)
{
    struct ward_table_writer *writer = upkeep->writer;
    const struct ward_pace pace = { .rest = rest, .warm = warm, .arg = upkeep };
    struct ward_generation next;
    if (upkeep->warmer == NULL && ward_table_file_bytes(geometry) >= WARD_HUGE_PAGE)
        upkeep->warmer = ward_warmer_start();
    enum ward_status status = ward_generation_create(writer->fresh_path, geometry, number,
                                                     ward_limit_slots_id(writer->limits), &pace, &next);
    if (status != WARD_OK)
        return status;
    pthread_mutex_lock(&writer->mutex);
    ward_build_fill(writer, &next);
    pthread_mutex_unlock(&writer->mutex);
    return WARD_OK;
}

static enum ward_status fill_slice(struct ward_upkeep *upkeep, bool is_refill, bool is_first, bool *ret_done)
{
    struct ward_table_writer *writer = upkeep->writer;
    if (is_refill)
        return upkeep->options.refill(upkeep->options.context, is_first, ret_done);
    pthread_mutex_lock(&writer->mutex);
    enum ward_status status = ward_build_copy(writer, COPY_RECORDS, ret_done);
    pthread_mutex_unlock(&writer->mutex);
    return status;
}

/* Become current, if nothing came in between the last slice and now that is still to be copied. */
static enum ward_status finish(struct ward_upkeep *upkeep, bool is_refill)
{
    struct ward_table_writer *writer = upkeep->writer;
    struct ward_generation old;
    pthread_mutex_lock(&writer->mutex);
    bool is_done = true;
    enum ward_status status = is_refill ? WARD_OK : ward_build_copy(writer, UINT64_MAX, &is_done);
    if (status == WARD_OK)
        status = ward_build_finish(writer, &old);
    pthread_mutex_unlock(&writer->mutex);
    if (status == WARD_OK)
        retire(upkeep, &old);
    return status;
}

static bool must_stop(struct ward_upkeep *upkeep)
{
    pthread_mutex_lock(&upkeep->writer->mutex);
    bool is_stopped = upkeep->must_stop || upkeep->writer->build.is_lost;
    pthread_mutex_unlock(&upkeep->writer->mutex);
    return is_stopped;
}

static enum ward_status fill_and_finish(struct ward_upkeep *upkeep, bool is_refill)
{
    bool is_done = false, is_first = true;
    while (!is_done) {
        enum ward_status status = fill_slice(upkeep, is_refill, is_first, &is_done);
        bool is_again = is_refill && status == WARD_UNAVAILABLE; /* the snapshot was older than the table */
        if ((status != WARD_OK && !is_again) || must_stop(upkeep))
            return status == WARD_OK ? WARD_UNAVAILABLE : status;
        is_first = is_first && is_again;
        rest(upkeep);
    }
    return finish(upkeep, is_refill);
}

static void give_up(struct ward_upkeep *upkeep, bool is_refill, enum ward_status status)
{
    struct ward_table_writer *writer = upkeep->writer;
    struct ward_generation next;
    pthread_mutex_lock(&writer->mutex);
    unlink(writer->fresh_path); /* before anyone who waits for this build makes the file by himself */
    ward_build_end(writer, &next);
    writer->wants_refill = writer->wants_refill || is_refill;
    bool is_stopped = upkeep->must_stop;
    pthread_mutex_unlock(&writer->mutex);
    ward_generation_close(&next);
    upkeep->retry_ms = ward_boot_ms() + RETRY_MS;
    if (!is_stopped)
        ward_log(WARD_LOG_WARN, "generation-not-built", WARD_LOG_STR("status", ward_status_code(status)));
}

/* The mutex is held, and is again at the end. */
static void build(struct ward_upkeep *upkeep)
{
    struct ward_table_writer *writer = upkeep->writer;
    bool is_refill = writer->wants_refill;
    struct ward_table_geometry geometry = ward_build_begin(writer, is_refill);
    uint64_t number = writer->current.view.generation + 1;
    pthread_mutex_unlock(&writer->mutex);

    int64_t begun_ms = ward_boot_ms();
    enum ward_status status = make_file(upkeep, &geometry, number);
    if (status == WARD_OK)
        status = fill_and_finish(upkeep, is_refill);
    if (status != WARD_OK)
        give_up(upkeep, is_refill, status);
    else
        ward_log(WARD_LOG_INFO, is_refill ? "table-rebuilt" : "table-moved", WARD_LOG_NUM("generation", number),
                 WARD_LOG_NUM("ms", ward_boot_ms() - begun_ms));
    pthread_mutex_lock(&writer->mutex);
}

void ward_upkeep_wait(struct ward_table_writer *writer)
{
    while (writer->has_upkeep && (writer->build.phase != WARD_BUILD_NONE || writer->wants_refill)) {
        writer->build.is_urgent = true;
        pthread_cond_signal(&writer->work);
        pthread_cond_wait(&writer->built, &writer->mutex);
        if (writer->build.phase == WARD_BUILD_NONE)
            return; /* it is there, or it failed: then the caller tries by itself */
    }
}

/* ---- damage ---- */

static bool scrub_record(struct ward_table_writer *writer, uint64_t position)
{
    struct ward_record record;
    if (!ward_generation_record_good(&writer->current, position, &record))
        return false;
    if (record.kind != WARD_RECORD_NONE && record.limit_slot != WARD_LIMIT_SLOT_NONE)
        ward_limit_slots_mend(writer->limits, record.limit_slot, &record.id, record.ttl_s);
    return true;
}

/* What the live words and DIR/limits' header should say is known: it is put right where it lies. */
static bool scrub_heads(struct ward_table_writer *writer)
{
    struct ward_table_live *live = writer->current.view.live;
    __atomic_store_n(&live->superseded, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&live->revision, writer->revision, __ATOMIC_RELEASE);
    ward_writer_mend_zone(writer);
    ward_limit_slots_mend_header(writer->limits);
    return ward_generation_header_good(&writer->current);
}

static bool scrub_slots(struct ward_table_writer *writer)
{
    struct ward_scrub *scrub = &writer->scrub;
    uint64_t slots = writer->current.view.geometry.index_slots;
    for (unsigned i = 0; i < SCRUB_SLOTS && scrub->slot < slots; i++, scrub->slot++) {
        if (!ward_generation_slot_good(&writer->current, scrub->slot)) {
            ward_writer_note_damage(writer, "index", scrub->slot);
            return false;
        }
    }
    return true;
}

/* One entry of the pass: the header, then scopes, records and index. */
static bool scrub_next(struct ward_table_writer *writer)
{
    struct ward_scrub *scrub = &writer->scrub;
    const struct ward_generation *current = &writer->current;
    if (scrub->scope < current->scope_count) {
        if (!ward_generation_scope_good(current, scrub->scope)) {
            ward_writer_note_damage(writer, "scope", scrub->scope);
            return false;
        }
        scrub->scope++;
    } else if (scrub->record < current->records_used) {
        if (!scrub_record(writer, scrub->record)) {
            ward_writer_note_damage(writer, "record", scrub->record);
            return false;
        }
        scrub->record++;
    } else {
        return scrub_slots(writer);
    }
    return true;
}

bool ward_scrub(struct ward_table_writer *writer, unsigned entries)
{
    struct ward_scrub *scrub = &writer->scrub;
    if (writer->wants_refill)
        return true;
    if (!scrub_heads(writer))
        ward_writer_note_damage(writer, "header", 0);
    for (unsigned i = 0; i < entries; i++) {
        if (scrub->slot >= writer->current.view.geometry.index_slots) {
            *scrub = (struct ward_scrub){ .passes = scrub->passes + 1 };
            return true;
        }
        if (!scrub_next(writer)) {
            *scrub = (struct ward_scrub){ .passes = scrub->passes };
            return true;
        }
    }
    return false;
}

/* Readers that met what they could not believe have counted it: then the pass does not take its time. */
static void look_for_damage(struct ward_upkeep *upkeep)
{
    struct ward_table_writer *writer = upkeep->writer;
    pthread_mutex_lock(&writer->mutex);
    bool is_told = ward_limit_slots_take_suspicion(writer->limits);
    if (is_told)
        writer->scrub = (struct ward_scrub){ .passes = writer->scrub.passes };
    pthread_mutex_unlock(&writer->mutex);
    for (unsigned slice = 0; is_told || slice < SCRUB_SLICES; slice++) {
        pthread_mutex_lock(&writer->mutex);
        bool is_over = ward_scrub(writer, SCRUB_ENTRIES) || upkeep->must_stop || writer->wants_next;
        pthread_mutex_unlock(&writer->mutex);
        if (is_over)
            return;
        rest(upkeep);
    }
}

/* ---- the thread ---- */

static void wait_for_work(struct ward_upkeep *upkeep)
{
    struct ward_table_writer *writer = upkeep->writer;
    struct timespec until;
    timespec_get(&until, TIME_UTC);
    until.tv_nsec += TURN_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    bool may_build = ward_boot_ms() >= upkeep->retry_ms;
    if (upkeep->must_stop || (may_build && (writer->wants_next || writer->wants_refill)))
        return;
    pthread_cond_timedwait(&writer->work, &writer->mutex, &until);
}

static void *run(void *arg)
{
    struct ward_upkeep *upkeep = arg;
    struct ward_table_writer *writer = upkeep->writer;
    ward_thread_is(WARD_THREAD_BACKGROUND);
    pthread_mutex_lock(&writer->mutex);
    while (!upkeep->must_stop) {
        wait_for_work(upkeep);
        if (upkeep->must_stop)
            break;
        if ((writer->wants_next || writer->wants_refill) && ward_boot_ms() >= upkeep->retry_ms)
            build(upkeep);
        pthread_mutex_unlock(&writer->mutex);
        end_retired(upkeep);
        look_for_damage(upkeep);
        pthread_mutex_lock(&writer->mutex);
    }
    writer->has_upkeep = false;
    pthread_cond_broadcast(&writer->built);
    pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

enum ward_status ward_table_upkeep_start(struct ward_table_writer *writer, const struct ward_table_upkeep *options)
{
    struct ward_upkeep *upkeep = ward_alloc(sizeof(*upkeep));
    if (upkeep == NULL)
        return WARD_NO_MEMORY;
    upkeep->writer = writer;
    upkeep->options = *options;
    if (upkeep->options.rest_us == 0)
        upkeep->options.rest_us = REST_US;
    pthread_mutex_lock(&writer->mutex);
    writer->upkeep = upkeep;
    writer->has_upkeep = true;
    writer->can_refill = options->refill != NULL;
    pthread_mutex_unlock(&writer->mutex);
    if (pthread_create(&upkeep->thread, NULL, run, upkeep) == 0)
        return WARD_OK;
    writer->has_upkeep = false;
    writer->upkeep = NULL;
    ward_free(upkeep);
    return WARD_NO_MEMORY;
}

void ward_table_upkeep_stop(struct ward_table_writer *writer)
{
    struct ward_upkeep *upkeep = writer->upkeep;
    if (upkeep == NULL)
        return;
    pthread_mutex_lock(&writer->mutex);
    upkeep->must_stop = true;
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(upkeep->thread, NULL);
    ward_warmer_stop(upkeep->warmer);
    for (unsigned i = 0; i < upkeep->retired_count; i++)
        ward_generation_close(&upkeep->retired[i]);
    writer->upkeep = NULL;
    writer->can_refill = writer->wants_refill = false;
    ward_free(upkeep);
}
