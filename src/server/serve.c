#include "server/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/seam.h"
#include "base/thread.h"
#include "server/access_log.h"
#include "server/app.h"
#include "server/metrics.h"
#include "server/notify.h"
#include "server/process.h"
#include "server/pulse.h"
#include "server/quota_zone.h"
#include "service/tokens.h"
#include "surface/apinizer/apinizer.h"
#include "surface/native/native.h"
#include "surface/ncp/ncp.h"
#include "surface/theauthapi/theauthapi.h"
#include "verify/expiry.h"

enum {
    HEARTBEAT_MS = 500,
    KEEP_MS = 1000,
    KEEP_ROUNDS_A_SYNC = 60,
    SWEEP_MS = 1000,
    SWEEP_BATCH = 256,
    SWEEP_BATCHES = 16
};

#define CONTROL_ADDRESS_CHARS (PATH_MAX + 8)

struct server {
    const struct ward_settings *settings;
    struct ward_app app;
    struct ward_keyed_hash *lookup; /* each thread's verifier copies it */
    struct ward_metrics *metrics;
    struct ward_access_log access_log;
    struct ward_http_surface surfaces[WARD_SURFACES_MAX];
    struct ward_http_listen listens[WARD_LISTENS_MAX + 1]; /* the last is the control socket */
    size_t listen_count;
    char control_address[CONTROL_ADDRESS_CHARS];
    struct ward_http_server *http;
    struct ward_pulse heart, sweeper, keeper;
    bool has_watchdog;
    enum ward_status last_sweep, last_sync;
    unsigned keep_rounds; /* of keep_counters */
    int64_t zone_read_ms; /* by ward_boot_ms */
};

size_t ward_serve_surfaces(const struct ward_options *options, struct ward_http_surface ret[WARD_SURFACES_MAX])
{
    size_t count = 0;
    ret[count++] = ward_native_surface;
    if (ward_option_is_on(options, "surface-theauthapi"))
        ret[count++] = ward_theauthapi_surface;
    else
        ret[0].prefix = ""; /* somebody words the 404 of a path that nobody serves */
    if (ward_option_is_on(options, "surface-ncp"))
        ret[count++] = ward_ncp_surface;
    enum ward_apinizer_profile profile;
    if (ward_apinizer_profile_parse(ward_span_of(ward_option_text(options, "surface-apinizer")), &profile))
        ret[count++] = ward_apinizer_surface;
    return count;
}

/* ---- what the HTTP layer calls ---- */

static void *start_thread(void *application)
{
    struct server *server = ((struct ward_application *)application)->server;
    struct ward_verifier *verifier = ward_alloc(sizeof(*verifier));
    if (!verifier)
        return NULL;
    enum ward_status status = ward_verifier_open(server->app.directory.path, server->lookup,
                                                 server->app.application.max_staleness_ms, verifier);
    if (status == WARD_OK)
        return verifier;
    ward_log(WARD_LOG_ERROR, "verifier_not_opened", WARD_LOG_STR("status", ward_status_code(status)));
    ward_free(verifier);
    return NULL;
}

static void stop_thread(void *application, void *thread_data)
{
    (void)application;
    if (!thread_data)
        return;
    ward_verifier_close(thread_data);
    ward_free(thread_data);
}

static void note_finished(void *application, const struct ward_http_request *request,
                          const struct ward_http_surface *surface, const struct ward_http_route *route,
                          const struct ward_http_reply *reply, int64_t duration_us)
{
    struct server *server = ((struct ward_application *)application)->server;
    ward_metrics_note(server->metrics, route, reply->status, reply->reason, duration_us);
    ward_access_log_note(&server->access_log, request, surface, route, reply, duration_us);
}

static void write_server_rows(struct server *server, struct ward_buffer *ret)
{
    struct ward_http_counters http = { 0 };
    struct ward_store_health store = { 0 };
    const struct ward_http_server *running = __atomic_load_n(&server->http, __ATOMIC_ACQUIRE);
    if (running)
        ward_http_server_counters(running, &http);
    ward_store_health(server->app.store, &store);
    int64_t uptime_ms = ward_now_ms() - server->app.application.started_ms;
    const struct ward_metric_row rows[] = {
        { "ward_connections_total", "counter", "Connections accepted.", http.connections },
        { "ward_http_received_total", "counter", "Requests that the HTTP layer took in, finished or not.",
          http.requests },
        { "ward_queue_depth", "gauge", "Requests waiting for a worker.", http.queue_depth },
        { "ward_connections_refused_total", "counter", "Connections closed at accept for a limit.",
          http.refused_connections },
        { "ward_connections_timed_out_total", "counter", "Connections closed for a time-out.", http.timed_out },
        { "ward_store_failed", "gauge", "1 when the store acknowledges no more writes; restart after the disk is well.",
          store.is_failed },
        { "ward_revision", "gauge", "Last durable change.", store.revision },
        { "ward_store_commits_total", "counter", "Transactions committed since start.", store.commits },
        { "ward_store_syncs_total", "counter", "Syncs they took (group commit).", store.batches },
        { "ward_uptime_seconds", "gauge", "Time since start.", uptime_ms > 0 ? (uint64_t)uptime_ms / 1000 : 0 },
    };
    ward_metrics_write_rows(rows, sizeof(rows) / sizeof(rows[0]), ret);
}

static void write_table_rows(struct server *server, struct ward_buffer *ret)
{
    struct ward_publisher_stats stats = { 0 };
    ward_publisher_stats(server->app.publisher, &stats);
    const struct ward_table_stats *table = &stats.table;
    const struct ward_metric_row rows[] = {
        { "ward_table_revision", "gauge", "Change that verifications obey.", table->revision },
        { "ward_table_generation", "counter", "Generations of the table built so far.", table->generation },
        { "ward_table_records", "gauge", "Credential values in the table.", table->records },
        { "ward_table_keys", "gauge", "Of these, values of API keys.", table->api_keys },
        { "ward_table_capacity", "gauge", "Records this generation has room for.", table->capacity },
        { "ward_table_body_bytes", "gauge", "Bytes of bodies in use.", table->body_bytes },
        { "ward_table_garbage_bytes", "gauge", "Bytes of bodies that are dead until the next generation.",
          table->garbage_bytes },
        { "ward_table_limits", "gauge", "Limit counters in use.", table->limits },
    };
    ward_metrics_write_rows(rows, sizeof(rows) / sizeof(rows[0]), ret);
}

static void write_keyset_rows(struct server *server, struct ward_buffer *ret)
{
    struct ward_deployer_stats stats = { 0 };
    ward_deployer_stats(server->app.deployer, &stats);
    const struct ward_metric_row rows[] = {
        { "ward_environments", "gauge", "Environments.", stats.environments },
        { "ward_replicas", "gauge", "Replicas of all environments.", stats.replicas },
        { "ward_replicas_behind", "gauge",
          "Of these, replicas that lack a deployment; ward status says which, and why.", stats.behind },
        { "ward_keyset_keys", "gauge", "Keys deployed to embedded replicas.", stats.keys },
        { "ward_keyset_jwks", "gauge", "JWKs deployed to embedded replicas.", stats.jwks },
        { "ward_keyset_file_bytes", "gauge", "Bytes of the files of all replicas.", stats.file_bytes },
        { "ward_deployments_total", "counter", "Deployments to a replica since start.", stats.deployments },
        { "ward_deployments_failed_total", "counter", "Deployments that a replica could not take.", stats.failures },
    };
    ward_metrics_write_rows(rows, sizeof(rows) / sizeof(rows[0]), ret);
}

static void write_metrics(struct ward_application *application, struct ward_buffer *ret)
{
    struct server *server = application->server;
    ward_buffer_append_format(ret,
                              "# HELP ward_build_info The version that runs.\n# TYPE ward_build_info gauge\n"
                              "ward_build_info{version=\"%s\"} 1\n",
                              application->version);
    write_server_rows(server, ret);
    write_table_rows(server, ret);
    write_keyset_rows(server, ret);
    ward_metrics_write(server->metrics, ret);
}

/* ---- threads of the server ---- */

/* Its own thread: a sweep that waits for a slow disk must not make verdicts stale. */
static void beat_heart(void *arg)
{
    struct server *server = arg;
    ward_publisher_heartbeat(server->app.publisher);
    if (server->has_watchdog)
        ward_notify("WATCHDOG=1");
}

static void sweep(void *arg)
{
    struct server *server = arg;
    enum ward_status status = WARD_OK;
    size_t count = 1;
    int64_t until_ms = ward_expiry_sweep_begin(ward_publisher_marks(server->app.publisher), ward_now_ms());
    for (int i = 0; i < SWEEP_BATCHES && status == WARD_OK && count > 0; i++)
        status = ward_service_key_sweep(server->app.service, until_ms, SWEEP_BATCH, &count);
    if (status == WARD_OK && count == 0)
        ward_expiry_sweep_done();
    if (status == WARD_OK)
        status = ward_service_token_sweep(server->app.service, ward_now_ms(), SWEEP_BATCH, &count);
    if (status != server->last_sweep) /* once, not each second: expiry is judged at use anyway */
        ward_log(status == WARD_OK ? WARD_LOG_INFO : WARD_LOG_WARN, "sweep",
                 WARD_LOG_STR("status", ward_status_code(status)));
    server->last_sweep = status;
}

static void refresh_zone(struct server *server)
{
    struct ward_zone zone;
    int64_t boot_ms = ward_boot_ms();
    if (boot_ms - server->zone_read_ms < WARD_QUOTA_ZONE_REFRESH_MS)
        return;
    server->zone_read_ms = boot_ms;
    ward_quota_zone_at(ward_now_ms(), &zone);
    ward_publisher_zone_set(server->app.publisher, &zone);
}

/* Its own thread, too: it waits for the disk. Each sync takes the pages of all counters that were touched, and each
 * page's next count faults it in again: with a million busy keys a tenth of a processor if it were done each second. */
static void keep_counters(void *arg)
{
    struct server *server = arg;
    refresh_zone(server);
    if (++server->keep_rounds % KEEP_ROUNDS_A_SYNC != 0)
        return;
    ward_thread_is(WARD_THREAD_BACKGROUND);
    enum ward_status status = ward_publisher_limits_sync(server->app.publisher);
    if (status != server->last_sync)
        ward_log(status == WARD_OK ? WARD_LOG_INFO : WARD_LOG_WARN, "limits-sync",
                 WARD_LOG_STR("status", ward_status_code(status)));
    server->last_sync = status;
}

/* ---- start ---- */

static bool list_listens(struct server *server, struct ward_failure *ret_why)
{
    const struct ward_settings *settings = server->settings;
    for (size_t i = 0; i < settings->listen_count; i++)
        server->listens[server->listen_count++] = settings->listens[i];
    snprintf(server->control_address, sizeof(server->control_address), "unix:%s", server->app.directory.socket);
    if (!ward_address_ok(server->control_address))
        return ward_fail(
            ret_why, WARD_EXIT_USAGE,
            "the path %.400s is too long for a unix socket; give a shorter --data (a relative one will do)",
            server->app.directory.socket);
    /* We hold the lock: a socket that lies there was left by a killed server. */
    unlink(server->app.directory.socket);
    server->listens[server->listen_count++] = (struct ward_http_listen){ .kind = WARD_LISTENER_CONTROL,
                                                                         .address = server->control_address };
    return true;
}

static bool start_http(struct server *server, struct ward_failure *ret_why)
{
    const struct ward_options *options = &server->settings->options;
    char why[256] = "";
    struct ward_http_options http = {
        .surfaces = server->surfaces,
        .surface_count = ward_serve_surfaces(options, server->surfaces),
        .listens = server->listens,
        .listen_count = server->listen_count,
        .event_threads = (size_t)ward_option_number(options, "event-threads"),
        .workers = (size_t)ward_option_number(options, "workers"),
        .connections_max = (size_t)ward_option_number(options, "max-connections"),
        .connections_per_source_max = (size_t)ward_option_number(options, "max-connections-per-source"),
        .head_s = (int)ward_option_number(options, "head-timeout"),
        .body_s = (int)ward_option_number(options, "body-timeout"),
        .idle_s = (int)ward_option_number(options, "idle-timeout"),
        .write_stall_s = (int)ward_option_number(options, "write-timeout"),
        .certificate_path = ward_option_text(options, "tls-certificate"),
        .private_key_path = ward_option_text(options, "tls-key"),
        .application = &server->app.application,
        .thread_start = start_thread,
        .thread_stop = stop_thread,
        .finished = note_finished,
    };
    struct ward_http_server *started = NULL;
    enum ward_status status = ward_metrics_new(http.surfaces, http.surface_count, &server->metrics);
    if (status == WARD_OK)
        status = ward_http_server_start(&http, &started, why);
    if (status == WARD_OK) {
        __atomic_store_n(&server->http, started, __ATOMIC_RELEASE); /* requests are served already */
        return true;
    }
    if (status == WARD_LOCKED) /* the sentence names the address and what to do */
        return ward_fail(ret_why, WARD_EXIT_ADDRESS, "%s (address in use; ss -lptn shows by whom)", why);
    return ward_fail(ret_why, status == WARD_INVALID ? WARD_EXIT_USAGE : WARD_EXIT_ADDRESS, "cannot listen: %s",
                     why[0] ? why : ward_status_text(status));
}

static bool start_threads(struct server *server, struct ward_failure *ret_why)
{
    server->has_watchdog = ward_notify_wants_watchdog();
    if (ward_pulse_start(&server->heart, HEARTBEAT_MS, beat_heart, server) == WARD_OK &&
        ward_pulse_start(&server->sweeper, SWEEP_MS, sweep, server) == WARD_OK &&
        ward_pulse_start(&server->keeper, KEEP_MS, keep_counters, server) == WARD_OK)
        return true;
    return ward_fail(ret_why, WARD_EXIT_IO, "no thread can be started; raise the limit of processes (ulimit -u)");
}

static bool start(struct server *server, const char *version, struct ward_failure *ret_why)
{
    const struct ward_options *options = &server->settings->options;
    if (!ward_quota_zone_choose(ward_option_text(options, "quota-zone"), ret_why)) /* while there is one thread */
        return false;
    if (ward_fetch_start() != WARD_OK)
        return ward_fail(ret_why, WARD_EXIT_IO, "the library for outgoing requests cannot be started");
    if (!ward_app_open(&server->app, ward_option_text(options, "data"), true, version, ret_why))
        return false;
    ward_service_allow_fetch(server->app.service, server->settings->fetch_allows, server->settings->fetch_allow_count);
    struct ward_application *application = &server->app.application;
    application->max_staleness_ms = ward_option_number(options, "max-staleness");
    application->jwks_max_age_s = ward_option_number(options, "jwks-max-age");
    application->ncp.accepts_v1 = ward_option_is_on(options, "ncp-signature-v1");
    application->ncp.domain_code = ward_option_text(options, "ncp-domain-code");
    (void)ward_apinizer_profile_parse(ward_span_of(ward_option_text(options, "surface-apinizer")),
                                      &application->apinizer.profile); /* "off" is none: it is not served */
    application->apinizer.is_strict = ward_option_is_on(options, "apinizer-strict");
    application->metrics = write_metrics;
    application->server = server;
    enum ward_status status = ward_keyed_hash_lookup(server->app.keyring, &server->lookup);
    if (status != WARD_OK)
        return ward_fail(ret_why, ward_exit_of(status), "the lookup hash cannot be made: %s", ward_status_text(status));
    return list_listens(server, ret_why) && start_threads(server, ret_why) && start_http(server, ret_why);
}

static void say_ready(const struct server *server)
{
    bool is_for_people = isatty(STDERR_FILENO);
    for (size_t i = 0; i < server->listen_count; i++) {
        const struct ward_http_listen *listen = &server->listens[i];
        char address[128] = "";
        ward_http_server_address(server->http, i, address);
        const char *kind = ward_listener_name(listen->kind, listen->is_tls);
        ward_log(WARD_LOG_INFO, "listening", WARD_LOG_STR("listener", kind), WARD_LOG_STR("address", address));
        if (is_for_people && listen->kind != WARD_LISTENER_CONTROL)
            fprintf(stderr, "ward: serving %s on %s\n",
                    listen->kind == WARD_LISTENER_VERIFY ? "verification, without a credential," : "every surface",
                    address);
    }
    ward_log(WARD_LOG_INFO, "ready", WARD_LOG_STR("version", server->app.application.version),
             WARD_LOG_STR("data", server->app.directory.path), WARD_LOG_NUM("pid", getpid()));
    ward_notify("READY=1");
}

/* ---- running and stopping ---- */

static void set_log_level(const struct ward_options *options)
{
    enum ward_log_level level;
    if (ward_log_level_parse(ward_span_of(ward_option_text(options, "log-level")), &level))
        ward_log_set_level(level);
}

static void reload(struct server *server, bool (*reread)(struct ward_settings *, struct ward_failure *))
{
    struct ward_settings fresh = { .listen_count = 0 };
    struct ward_failure why = { .text = "" };
    ward_notify("RELOADING=1");
    if (reread && reread(&fresh, &why))
        set_log_level(&fresh.options);
    else if (reread)
        ward_log(WARD_LOG_ERROR, "reload_refused", WARD_LOG_STR("why", why.text));
    ward_settings_free(&fresh);
    enum ward_status status = WARD_OK;
    if (ward_option_value(&server->settings->options, "tls-listen")->count > 0)
        status = ward_http_server_reload(server->http);
    ward_log(status == WARD_OK ? WARD_LOG_INFO : WARD_LOG_ERROR, "reloaded",
             WARD_LOG_STR("certificate", status == WARD_OK ? "ok" : "the old one stays"),
             WARD_LOG_STR("why", status == WARD_OK ? "" : ward_http_server_why(server->http)));
    ward_notify("READY=1");
}

static int wait_for_end(struct server *server, bool (*reread)(struct ward_settings *, struct ward_failure *))
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    for (;;) {
        int number = sigwaitinfo(&set, NULL);
        if (number == SIGHUP)
            reload(server, reread);
        else if (number > 0)
            return number;
        else if (errno != EINTR)
            return SIGTERM;
    }
}

static void drain(struct server *server, int number)
{
    ward_log(WARD_LOG_INFO, "draining", WARD_LOG_STR("signal", number == SIGINT ? "SIGINT" : "SIGTERM"));
    ward_notify("STOPPING=1");
    __atomic_store_n(&server->app.application.is_draining, true, __ATOMIC_RELAXED);
}

static void stop(struct server *server)
{
    if (server->http)
        ward_http_server_stop(server->http, 1000 * ward_option_number(&server->settings->options, "drain-timeout"));
    ward_pulse_stop(&server->keeper);
    ward_pulse_stop(&server->sweeper);
    ward_pulse_stop(&server->heart);
    if (server->app.directory.lock_fd >= 0 && server->listen_count > 0)
        unlink(server->app.directory.socket);
    ward_app_close(&server->app);
    ward_keyed_hash_free(server->lookup);
    ward_metrics_free(server->metrics);
}

bool ward_serve(const struct ward_settings *settings, const char *version,
                bool (*reread)(struct ward_settings *ret, struct ward_failure *ret_why), struct ward_failure *ret_why)
{
    struct server server = { .settings = settings, .app.directory.lock_fd = -1 };
    if (!ward_process_harden(ret_why))
        return false;
    ward_process_block_signals();
    set_log_level(&settings->options);
    server.access_log.mode = ward_access_log_mode_of(ward_option_text(&settings->options, "access-log"));
    ward_process_warn_of_root();
    bool is_started = start(&server, version, ret_why);
    if (is_started) {
        say_ready(&server);
        drain(&server, wait_for_end(&server, reread));
    }
    stop(&server);
    if (is_started)
        ward_log(WARD_LOG_INFO, "stopped", WARD_LOG_NUM("pid", getpid()));
    return is_started;
}
