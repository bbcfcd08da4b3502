#include "cli/cli.h"
#include "server/process.h"

struct chain {
    uint64_t count, bad;
};

static enum ward_status verify_chain(struct ward_store_session *session, void *arg)
{
    struct chain *chain = arg;
    return ward_store_chain_verify(session, &chain->count, &chain->bad);
}

/* What is bad about the pages; the first place when one is known. The log names every one. */
struct pages {
    bool is_bad;
    struct ward_store_damage damage;
};

static const char *file_of(const struct ward_store_damage *damage)
{
    return damage->is_in_log ? "ward.db-wal" : "ward.db";
}

static void write_pages(const struct pages *pages, struct ward_buffer *ret)
{
    if (!pages->is_bad)
        ward_buffer_append_text(ret, "pages          whole\n");
    else if (!pages->damage.is_found)
        ward_buffer_append_text(ret, "pages          DAMAGED; the log says where\n");
    else
        ward_buffer_append_format(ret, "pages          DAMAGED, first %s at offset %lld; the log names every place\n",
                                  file_of(&pages->damage), (long long)pages->damage.offset);
}

static void write_damage(struct ward_json_writer *writer, const struct ward_store_damage *damage)
{
    if (!damage->is_found) {
        ward_json_member_null(writer, "firstBadPage");
        return;
    }
    ward_json_key(writer, "firstBadPage");
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "file", ward_span_of(file_of(damage)));
    ward_json_member_int(writer, "offset", damage->offset);
    ward_json_end_object(writer);
}

static void write_result(struct ward_cli *cli, const struct chain *chain, const struct pages *pages, uint64_t values,
                         uint64_t bad_values, struct ward_buffer *ret)
{
    if (!ward_cli_wants_json(cli)) {
        write_pages(pages, ret);
        ward_buffer_append_format(ret, "change log     %llu entries, %s\n", (unsigned long long)chain->count,
                                  chain->bad ? "BROKEN" : "whole");
        if (chain->bad)
            ward_buffer_append_format(ret, "               the first that does not fit: revision %llu\n",
                                      (unsigned long long)chain->bad);
        ward_buffer_append_format(ret, "sealed values  %llu, of which %llu do not open\n", (unsigned long long)values,
                                  (unsigned long long)bad_values);
        return;
    }
    struct ward_json_writer writer = ward_json_writer_to(ret);
    ward_json_begin_object(&writer);
    ward_json_member_int(&writer, "changes", (int64_t)chain->count);
    if (chain->bad)
        ward_json_member_int(&writer, "firstBadRevision", (int64_t)chain->bad);
    else
        ward_json_member_null(&writer, "firstBadRevision");
    ward_json_member_bool(&writer, "pagesWhole", !pages->is_bad);
    write_damage(&writer, &pages->damage);
    ward_json_member_int(&writer, "sealedValues", (int64_t)values);
    ward_json_member_int(&writer, "sealedValuesBad", (int64_t)bad_values);
    ward_json_end_object(&writer);
    ward_buffer_append_char(ret, '\n');
}

enum ward_exit ward_run_check(struct ward_cli *cli)
{
    WARD_BUFFER text = ward_buffer_new(4096);
    struct chain chain = { 0 };
    uint64_t values = 0, bad_values = 0;
    cli->is_offline = true; /* the app is closed at the end, whatever becomes of it */
    if (!ward_process_harden(&cli->failure) ||
        !ward_app_open(&cli->app, ward_option_text(&cli->options, "data"), false, cli->version, &cli->failure))
        return cli->failure.code;
    enum ward_status page_status = ward_store_check(cli->app.store); /* says itself which page of which file */
    enum ward_status log_status = ward_store_read(cli->app.store, verify_chain, &chain);
    enum ward_status seal_status = ward_service_check(cli->app.service, &values, &bad_values);
    bool is_read = (log_status == WARD_OK || log_status == WARD_INTEGRITY) &&
                   (seal_status == WARD_OK || seal_status == WARD_INTEGRITY);
    struct pages pages = { .is_bad = page_status == WARD_INTEGRITY && !chain.bad };
    ward_store_damage(cli->app.store, &pages.damage);
    pages.is_bad |= pages.damage.is_found;
    if (!is_read && !pages.is_bad) {
        ward_fail(&cli->failure, WARD_EXIT_IO, "%.400s could not be read to its end; nothing can be said",
                  cli->app.directory.store);
        return WARD_EXIT_IO;
    }
    write_result(cli, &chain, &pages, values, bad_values, &text);
    enum ward_exit code = ward_cli_print(cli, ward_buffer_span(&text));
    if (code != WARD_EXIT_OK ||
        (page_status == WARD_OK && log_status == WARD_OK && seal_status == WARD_OK && bad_values == 0))
        return code;
    if (pages.damage.is_found)
        ward_fail(&cli->failure, WARD_EXIT_INTEGRITY,
                  "%.400s%s is damaged at offset %lld; keep this directory for whoever looks into it, and restore a "
                  "backup",
                  cli->app.directory.store, pages.damage.is_in_log ? "-wal" : "", (long long)pages.damage.offset);
    else
        ward_fail(&cli->failure, WARD_EXIT_INTEGRITY,
                  "%.400s was changed or damaged; keep this directory for whoever looks into it, and restore a backup",
                  cli->app.directory.store);
    return WARD_EXIT_INTEGRITY;
}
