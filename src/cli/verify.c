#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/seam.h"
#include "cli/cli.h"
#include "model/key_id.h"
#include "server/process.h"
#include "surface/native/ticket.h"
#include "surface/native/verdict.h"
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

/* The shape of POST /v1/verify. */
static void write_json(const struct ward_native_shown *shown, struct ward_buffer *ret)
{
    struct ward_json_writer writer = ward_json_writer_to(ret);
    ward_native_write_verdict(&writer, shown);
    ward_buffer_append_char(ret, '\n');
}

static void write_limit(const char *title, const struct ward_limit_state *limit, struct ward_buffer *ret)
{
    ward_buffer_append_format(ret, "%-9s %llu of %llu left\n", title, (unsigned long long)limit->remaining,
                              (unsigned long long)limit->limit);
}

static void write_plan(const struct ward_verdict *verdict, struct ward_buffer *ret)
{
    const struct ward_plan_verdict *plan = &verdict->plan;
    if (!verdict->has_stage)
        return;
    if (plan->has_throttle)
        write_limit("throttle", &plan->throttle, ret);
    if (plan->has_rate)
        write_limit("rate", &plan->rate, ret);
    if (plan->has_quotas && plan->terms.day_quota != WARD_QUOTA_NONE)
        write_limit("day", &plan->quotas.day, ret);
    if (plan->has_quotas && plan->terms.month_quota != WARD_QUOTA_NONE)
        write_limit("month", &plan->quotas.month, ret);
}

static void write_text(const struct ward_native_shown *shown, struct ward_buffer *ret)
{
    const struct ward_verdict *verdict = shown->verdict;
    char id[WARD_KEY_ID_CHARS + 1];
    ward_buffer_append_format(ret, "%s\n", ward_reason_name(verdict->reason));
    if (verdict->has_record) {
        ward_verdict_key_id(verdict, id);
        ward_buffer_append_format(ret, "key       %s ", id);
        ward_cli_append_safe(ret, verdict->body.name);
        ward_buffer_append_char(ret, '\n');
    }
    if (verdict->has_limit)
        write_limit("limit", &verdict->limit, ret);
    write_plan(verdict, ret);
    ward_buffer_append_format(ret, "revision  %llu\n", (unsigned long long)verdict->revision);
    if (shown->settle.data) {
        ward_buffer_append_text(ret, "settle    ");
        ward_buffer_append(ret, shown->settle);
        ward_buffer_append_char(ret, '\n');
    }
}

static const char *why_undecided(const struct ward_verdict *verdict)
{
    return verdict->needs_subscription
               ? "the key is not subscribed yet; the stage is for everybody, so its first use through the server "
                 "subscribes it; look without using it with --peek"
               : "no server keeps this table up to date, so nothing can be said; start ward serve, or look at the last "
                 "state with --max-staleness 0";
}

static enum ward_exit report(struct ward_cli *cli, const struct ward_native_shown *shown)
{
    enum ward_reason reason = shown->verdict->reason;
    WARD_BUFFER text = ward_buffer_new_secret(OUTPUT_MAX);
    if (ward_cli_wants_json(cli))
        write_json(shown, &text);
    else
        write_text(shown, &text);
    if (ward_cli_print(cli, ward_buffer_span(&text)) != WARD_EXIT_OK)
        return undecided(cli);
    if (reason == WARD_VERDICT_VALID)
        return WARD_EXIT_OK;
    if (reason != WARD_VERDICT_STALE)
        return WARD_EXIT_REFUSED;
    ward_fail(&cli->failure, WARD_EXIT_USAGE, "%s", why_undecided(shown->verdict));
    return undecided(cli);
}

/* ---- the stage ---- */

static bool read_id(struct ward_cli *cli, const char *flag, uint64_t *ret)
{
    const char *text = ward_option_text(&cli->options, flag);
    struct ward_key_id id;
    if (!text)
        return true;
    if (!ward_key_id_parse(ward_span_of(text), &id))
        return ward_fail(&cli->failure, WARD_EXIT_USAGE, "--%s takes an id: 10 characters a-z, 0-9", flag);
    *ret = ward_key_id_pack(&id);
    return true;
}

static bool read_stage(struct ward_cli *cli, struct ward_stage_ref *ret)
{
    ret->client_address = ward_span_of(ward_option_text(&cli->options, "client-address"));
    if (!read_id(cli, "product", &ret->product) || !read_id(cli, "api", &ret->api) ||
        !read_id(cli, "stage", &ret->stage))
        return false;
    if (ret->stage == 0 && (ret->product != 0 || ret->api != 0))
        return ward_fail(&cli->failure, WARD_EXIT_USAGE, "--product and --api need --stage");
    return true;
}

enum ward_exit ward_run_verify(struct ward_cli *cli)
{
    WARD_BUFFER input = ward_buffer_new_secret(INPUT_MAX);
    struct ward_verifier verifier = { .max_staleness_ms = 0 };
    struct ward_verdict verdict = { .reason = WARD_VERDICT_STALE };
    struct ward_stage_ref stage = { 0 };
    if (!read_stage(cli, &stage))
        return undecided(cli);
    if (!ward_process_harden(&cli->failure) || !read_input(cli, &input) || !open_verifier(cli, &verifier))
        return undecided(cli);
    const char *origin = ward_option_text(&cli->options, "origin");
    struct ward_presented presented = { .kind = WARD_RECORD_API_KEY,
                                        .value = without_line_end(ward_buffer_span(&input)),
                                        .origin = ward_span_of(origin),
                                        .wants_body = true,
                                        .peek = ward_option_is_on(&cli->options, "peek"),
                                        .stage = stage.stage != 0 ? &stage : NULL };
    struct ward_native_shown shown = { .verdict = &verdict, .now_ms = ward_now_ms() };
    char ticket[WARD_TICKET_CHARS];
    ward_verify(&verifier, &presented, shown.now_ms, &verdict);
    if (ward_native_ticket_is_due(&verdict))
        shown.settle = ward_native_ticket_write(verifier.hash, &verdict.plan.ticket, ticket);
    enum ward_exit code = report(cli, &shown);
    ward_verifier_close(&verifier);
    return code;
}
