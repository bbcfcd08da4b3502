#include <string.h>

#include "base/iso8601.h"
#include "cli/cli.h"
#include "server/process.h"
#include "server/restore.h"

enum { TEXT_MAX = 1024 * 1024 * 1024 };

/* ---- --revive ---- */

static bool is_revived(const struct ward_option_value *revive, const char *id)
{
    for (size_t i = 0; i < revive->count; i++)
        if (strcmp(revive->texts[i], id) == 0 || strcmp(revive->texts[i], "all") == 0)
            return true;
    return false;
}

static bool is_listed(const struct ward_comparison *comparison, const char *id)
{
    for (size_t i = 0; i < comparison->undone_count; i++)
        if (strcmp(comparison->undone[i].id, id) == 0)
            return true;
    return strcmp(id, "all") == 0;
}

static void mark_revived(struct ward_cli *cli, struct ward_comparison *comparison)
{
    const struct ward_option_value *revive = ward_option_value(&cli->options, "revive");
    for (size_t i = 0; i < comparison->undone_count; i++)
        comparison->undone[i].is_revived = is_revived(revive, comparison->undone[i].id);
}

/* A mistyped id would leave somebody locked out, or somebody in. */
static bool check_revive(struct ward_cli *cli, const struct ward_comparison *comparison)
{
    const struct ward_option_value *revive = ward_option_value(&cli->options, "revive");
    for (size_t i = 0; i < revive->count; i++)
        if (!is_listed(comparison, revive->texts[i]))
            return ward_fail(&cli->failure, WARD_EXIT_USAGE,
                             "value number %zu of --revive is no id of a revocation that this restore would undo; "
                             "nothing was changed",
                             i + 1);
    return true;
}

/* ---- telling ---- */

static const char *kind_of(enum ward_object_kind kind)
{
    return ward_object_kind_name(kind);
}

static void write_undone_text(const struct ward_comparison *comparison, struct ward_buffer *ret)
{
    if (comparison->undone_count == 0)
        return;
    ward_buffer_append_text(ret, "\nalive in the backup, revoked since:\n");
    for (size_t i = 0; i < comparison->undone_count; i++) {
        const struct ward_undone *undone = &comparison->undone[i];
        ward_buffer_append_format(ret, "  %-12s  %-36s  %-14s  %-13s  ", kind_of(undone->kind), undone->id,
                                  ward_undone_cause_name(undone->cause),
                                  undone->is_revived ? "REVIVED" : "stays revoked");
        ward_cli_append_safe(ret, undone->name);
        ward_buffer_append_char(ret, '\n');
    }
}

static void write_changes_text(const struct ward_comparison *comparison, struct ward_buffer *ret)
{
    ward_buffer_append_format(ret, "present store   revision %llu; the backup has its changes up to %llu\n",
                              (unsigned long long)comparison->present_revision, (unsigned long long)comparison->common);
    ward_buffer_append_format(ret, "undoes          %llu changes", (unsigned long long)comparison->changes);
    for (size_t i = 0; i < comparison->tally_count; i++) {
        const struct ward_undone_changes *tally = &comparison->tallies[i];
        ward_buffer_append_format(ret, "%s %llu %s ", i == 0 ? ":" : ",", (unsigned long long)tally->count,
                                  kind_of(tally->kind));
        ward_cli_append_safe(ret, tally->action);
    }
    ward_buffer_append_char(ret, '\n');
    write_undone_text(comparison, ret);
}

static void write_text(const struct ward_restore *restore, const char *from, struct ward_buffer *ret)
{
    char time[WARD_ISO8601_MS_CHARS + 1];
    ward_iso8601_format(restore->backup.created_ms, time);
    ward_buffer_append_format(ret, "backup          %s\n", from);
    ward_buffer_append_format(ret, "                revision %llu, made %s, store %s\n",
                              (unsigned long long)restore->backup.revision, time, restore->backup.store_id);
    if (restore->is_compared)
        write_changes_text(&restore->comparison, ret);
    else
        ward_buffer_append_format(ret, "present store   not compared: %s\n", restore->why_not);
    if (restore->revision == 0)
        return;
    ward_buffer_append_format(ret, "\nrestored        revision %llu\n", (unsigned long long)restore->revision);
    if (restore->put_aside[0])
        ward_buffer_append_format(ret, "put aside       %s\n", restore->put_aside);
}

static void write_undone_json(const struct ward_comparison *comparison, struct ward_json_writer *writer)
{
    ward_json_key(writer, "revocations");
    ward_json_begin_array(writer);
    for (size_t i = 0; i < comparison->undone_count; i++) {
        const struct ward_undone *undone = &comparison->undone[i];
        ward_json_begin_object(writer);
        ward_json_member_string(writer, "kind", ward_span_of(kind_of(undone->kind)));
        ward_json_member_string(writer, "id", ward_span_of(undone->id));
        ward_json_member_string(writer, "name", undone->name);
        ward_json_member_string(writer, "cause", ward_span_of(ward_undone_cause_name(undone->cause)));
        ward_json_member_bool(writer, "revived", undone->is_revived);
        ward_json_end_object(writer);
    }
    ward_json_end_array(writer);
}

static void write_changes_json(const struct ward_comparison *comparison, struct ward_json_writer *writer)
{
    ward_json_member_int(writer, "presentRevision", (int64_t)comparison->present_revision);
    ward_json_member_int(writer, "commonRevision", (int64_t)comparison->common);
    ward_json_member_int(writer, "changes", (int64_t)comparison->changes);
    ward_json_key(writer, "undoes");
    ward_json_begin_array(writer);
    for (size_t i = 0; i < comparison->tally_count; i++) {
        ward_json_begin_object(writer);
        ward_json_member_string(writer, "kind", ward_span_of(kind_of(comparison->tallies[i].kind)));
        ward_json_member_string(writer, "action", comparison->tallies[i].action);
        ward_json_member_int(writer, "count", (int64_t)comparison->tallies[i].count);
        ward_json_end_object(writer);
    }
    ward_json_end_array(writer);
    write_undone_json(comparison, writer);
}

static void write_json(const struct ward_restore *restore, const char *from, struct ward_buffer *ret)
{
    struct ward_json_writer writer = ward_json_writer_to(ret);
    ward_json_begin_object(&writer);
    ward_json_member_string(&writer, "backup", ward_span_of(from));
    ward_json_member_int(&writer, "revision", (int64_t)restore->backup.revision);
    ward_json_member_time(&writer, "createdAt", restore->backup.created_ms);
    ward_json_member_string(&writer, "storeId", ward_span_of(restore->backup.store_id));
    ward_json_member_bool(&writer, "compared", restore->is_compared);
    if (restore->is_compared)
        write_changes_json(&restore->comparison, &writer);
    else
        ward_json_member_string(&writer, "why", ward_span_of(restore->why_not));
    ward_json_member_bool(&writer, "restored", restore->revision > 0);
    if (restore->revision > 0) {
        ward_json_member_int(&writer, "restoredRevision", (int64_t)restore->revision);
        ward_json_member_string(&writer, "putAside",
                                restore->put_aside[0] ? ward_span_of(restore->put_aside) : WARD_SPAN_NONE);
    }
    ward_json_end_object(&writer);
    ward_buffer_append_char(ret, '\n');
}

static enum ward_exit tell(struct ward_cli *cli, const struct ward_restore *restore, const char *from)
{
    WARD_BUFFER text = ward_buffer_new(TEXT_MAX);
    if (ward_cli_wants_json(cli))
        write_json(restore, from, &text);
    else
        write_text(restore, from, &text);
    if (text.status == WARD_OK)
        return ward_cli_print(cli, ward_buffer_span(&text));
    ward_fail(&cli->failure, WARD_EXIT_IO, "out of memory for the list of what a restore undoes");
    return WARD_EXIT_IO;
}

/* ---- deciding ---- */

static bool may_restore(struct ward_cli *cli, const struct ward_restore *restore)
{
    if (!restore->is_compared)
        return ward_option_is_on(&cli->options, "without-comparison") ||
               ward_fail(&cli->failure, WARD_EXIT_UNDOES,
                         "%s, so nobody can tell what would be undone: whatever was revoked after the backup would be "
                         "valid again. Nothing was changed; to restore all the same, add --without-comparison",
                         restore->why_not);
    return restore->comparison.changes == 0 || ward_option_is_on(&cli->options, "undo-changes") ||
           ward_fail(&cli->failure, WARD_EXIT_UNDOES,
                     "this would undo %llu changes (listed above). Nothing was changed; to lose them, add "
                     "--undo-changes: what was revoked since stays revoked, unless --revive ID (or all) is given too",
                     (unsigned long long)restore->comparison.changes);
}

/* What it would undo is said when it is refused and when it is done: once. */
static enum ward_exit decide(struct ward_cli *cli, struct ward_restore *restore, const char *from)
{
    mark_revived(cli, &restore->comparison);
    if (!check_revive(cli, &restore->comparison))
        return cli->failure.code;
    if (!may_restore(cli, restore)) {
        enum ward_exit told = tell(cli, restore, from);
        return told == WARD_EXIT_OK ? cli->failure.code : told;
    }
    return ward_restore_commit(restore, &cli->failure) ? tell(cli, restore, from) : cli->failure.code;
}

enum ward_exit ward_run_restore(struct ward_cli *cli)
{
    struct ward_restore restore;
    const char *from = ward_option_text(&cli->options, "from");
    if (!from) {
        ward_fail(&cli->failure, WARD_EXIT_USAGE, "--from is missing: a file that ward backup wrote");
        return WARD_EXIT_USAGE;
    }
    if (!ward_process_harden(&cli->failure))
        return cli->failure.code;
    bool is_open = ward_restore_open(&restore, ward_option_text(&cli->options, "data"), from, &cli->failure);
    enum ward_exit code = is_open ? decide(cli, &restore, from) : cli->failure.code;
    ward_restore_close(&restore);
    return code;
}
