#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/iso8601.h"
#include "base/seam.h"
#include "cli/cli.h"
#include "model/key_id.h"
#include "server/process.h"
#include "verify/verify.h"

enum { INPUT_MAX = 64 * 1024, OUTPUT_MAX = 1024 * 1024 };

/* Every failure of this command is "could not decide". */
static enum ward_exit undecided(struct ward_cli *cli)
{
    return cli->failure.code = WARD_EXIT_USAGE;
}

static bool read_input(struct ward_cli *cli, struct ward_buffer *ret)
{
    const char *path = ward_option_text(&cli->options, "key-file");
    if (path) {
        enum ward_status status = ward_file_read(path, false, ret);
        return status == WARD_OK ||
               ward_fail(&cli->failure, WARD_EXIT_USAGE, "%.200s cannot be read: %s", path, ward_status_text(status));
    }
    if (isatty(STDIN_FILENO))
        fputs("ward: type or paste the key and press Enter:\n", stderr);
    char *to = ward_buffer_reserve(ret, 4096);
    for (ssize_t size = 1; to && size > 0; to = ward_buffer_reserve(ret, 4096)) {
        size = ward_seam.read(STDIN_FILENO, to, 4096);
        if (size < 0)
            return ward_fail(&cli->failure, WARD_EXIT_USAGE, "standard input cannot be read");
        ret->size += (size_t)size;
        if (size > 0 && to[size - 1] == '\n')
            break;
    }
    return ret->status == WARD_OK || ward_fail(&cli->failure, WARD_EXIT_USAGE, "the input is too long for a key");
}

/* One line end belongs to the file, not to the key. */
static struct ward_span without_line_end(struct ward_span text)
{
    if (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    if (text.size > 0 && text.data[text.size - 1] == '\r')
        text.size--;
    return text;
}

static bool open_verifier(struct ward_cli *cli, struct ward_verifier *ret)
{
    struct ward_data_directory directory;
    struct ward_keyring *keyring = NULL;
    struct ward_keyed_hash *hash = NULL;
    if (!ward_data_directory_name(&directory, ward_option_text(&cli->options, "data"), &cli->failure) ||
        !ward_data_directory_check(&directory, &cli->failure))
        return false;
    enum ward_status status = ward_keyring_open(directory.root_key, &keyring);
    if (status == WARD_OK)
        status = ward_keyed_hash_lookup(keyring, &hash);
    if (status != WARD_OK)
        ward_fail(&cli->failure, WARD_EXIT_USAGE, "the root key %.400s cannot be used: %s", directory.root_key,
                  ward_status_text(status));
    else
        status = ward_verifier_open(directory.path, hash, ward_option_number(&cli->options, "max-staleness"), ret);
    ward_keyed_hash_free(hash);
    ward_keyring_close(keyring);
    if (status == WARD_NOT_FOUND && !cli->failure.text[0])
        return ward_fail(&cli->failure, WARD_EXIT_USAGE, "%.400s has no table yet; ward serve makes it",
                         directory.path);
    if (status != WARD_OK && !cli->failure.text[0])
        return ward_fail(&cli->failure, WARD_EXIT_USAGE, "the table of %.400s cannot be read: %s", directory.path,
                         ward_status_text(status));
    return status == WARD_OK;
}

static void write_key(const struct ward_verdict *verdict, struct ward_json_writer *writer)
{
    char id[WARD_KEY_ID_CHARS + 1], uuid[WARD_UUID_CHARS + 1];
    ward_verdict_key_id(verdict, id);
    ward_json_key(writer, "key");
    ward_json_begin_object(writer);
    ward_json_member_string(writer, "id", ward_span_of(id));
    ward_json_member_string(writer, "name", verdict->body.name);
    ward_uuid_format(&verdict->scope.project_id, uuid);
    ward_json_member_string(writer, "project", ward_span_of(uuid));
    ward_uuid_format(&verdict->scope.account_id, uuid);
    ward_json_member_string(writer, "account", ward_span_of(uuid));
    ward_json_member_string(writer, "userId", verdict->body.custom_user_id);
    ward_json_member_string(writer, "accountId", verdict->body.custom_account_id);
    ward_json_member_raw(writer, "metadata",
                         verdict->body.metadata.size > 0 ? verdict->body.metadata : WARD_SPAN("{}"));
    ward_json_member_time(writer, "expiresAt", verdict->record.expires_ms);
    ward_json_end_object(writer);
}

static void write_limit(const struct ward_limit_state *limit, struct ward_json_writer *writer)
{
    ward_json_key(writer, "limit");
    ward_json_begin_object(writer);
    ward_json_member_int(writer, "limit", (int64_t)limit->limit);
    ward_json_member_int(writer, "remaining", (int64_t)limit->remaining);
    ward_json_member_int(writer, "consumed", (int64_t)limit->consumed);
    ward_json_member_time(writer, "resetAt", limit->reset_ms);
    ward_json_end_object(writer);
}

/* The shape of POST /v1/verify. */
static void write_json(const struct ward_verdict *verdict, struct ward_buffer *ret)
{
    struct ward_json_writer writer = ward_json_writer_to(ret);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "verdict", ward_span_of(ward_reason_name(verdict->reason)));
    ward_json_member_int(&writer, "revision", (int64_t)verdict->revision);
    if (verdict->has_record)
        write_key(verdict, &writer);
    if (verdict->has_limit)
        write_limit(&verdict->limit, &writer);
    ward_json_end_object(&writer);
    ward_buffer_append_char(ret, '\n');
}

static void write_text(const struct ward_verdict *verdict, struct ward_buffer *ret)
{
    char id[WARD_KEY_ID_CHARS + 1];
    ward_buffer_append_format(ret, "%s\n", ward_reason_name(verdict->reason));
    if (verdict->has_record) {
        ward_verdict_key_id(verdict, id);
        ward_buffer_append_format(ret, "key       %s ", id);
        ward_cli_append_safe(ret, verdict->body.name);
        ward_buffer_append_char(ret, '\n');
    }
    if (verdict->has_limit)
        ward_buffer_append_format(ret, "limit     %llu of %llu left\n", (unsigned long long)verdict->limit.remaining,
                                  (unsigned long long)verdict->limit.limit);
    ward_buffer_append_format(ret, "revision  %llu\n", (unsigned long long)verdict->revision);
}

static enum ward_exit report(struct ward_cli *cli, const struct ward_verdict *verdict)
{
    WARD_BUFFER text = ward_buffer_new_secret(OUTPUT_MAX);
    if (ward_cli_wants_json(cli))
        write_json(verdict, &text);
    else
        write_text(verdict, &text);
    if (ward_cli_print(cli, ward_buffer_span(&text)) != WARD_EXIT_OK)
        return undecided(cli);
    if (verdict->reason == WARD_VERDICT_VALID)
        return WARD_EXIT_OK;
    if (verdict->reason != WARD_VERDICT_STALE)
        return WARD_EXIT_REFUSED;
    ward_fail(
        &cli->failure, WARD_EXIT_USAGE,
        "no server keeps this table up to date, so nothing can be said; start ward serve, or look at the last state "
        "with --max-staleness 0");
    return undecided(cli);
}

enum ward_exit ward_run_verify(struct ward_cli *cli)
{
    WARD_BUFFER input = ward_buffer_new_secret(INPUT_MAX);
    struct ward_verifier verifier = { .max_staleness_ms = 0 };
    struct ward_verdict verdict = { .reason = WARD_VERDICT_STALE };
    if (!ward_process_harden(&cli->failure) || !read_input(cli, &input) || !open_verifier(cli, &verifier))
        return undecided(cli);
    const char *origin = ward_option_text(&cli->options, "origin");
    struct ward_presented presented = { .kind = WARD_RECORD_API_KEY,
                                        .value = without_line_end(ward_buffer_span(&input)),
                                        .origin = ward_span_of(origin),
                                        .wants_body = true,
                                        .peek = ward_option_is_on(&cli->options, "peek") };
    ward_verify(&verifier, &presented, ward_now_ms(), &verdict);
    enum ward_exit code = report(cli, &verdict);
    ward_verifier_close(&verifier);
    return code;
}
