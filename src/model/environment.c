#include "model/environment.h"

#include "model/text.h"

static const char *const type_names[] = { [WARD_ENVIRONMENT_PRODUCTION] = "PRODUCTION",
                                          [WARD_ENVIRONMENT_SANDBOX] = "SANDBOX",
                                          [WARD_ENVIRONMENT_TEST] = "TEST" };
static const char *const status_names[] = { [WARD_ENVIRONMENT_PUBLISHED] = "PUBLISHED",
                                            [WARD_ENVIRONMENT_UNPUBLISHED] = "UNPUBLISHED",
                                            [WARD_ENVIRONMENT_REPUBLISH_REQUIRED] = "REPUBLISH_REQUIRED" };
static const char *const members[] = { "name", "description", "type", "accessUrl", "status", "projects", "replicas" };

const char *ward_environment_type_name(enum ward_environment_type type)
{
    return ward_name_at(type_names, WARD_COUNT_OF(type_names), type);
}

bool ward_environment_type_parse(struct ward_span name, enum ward_environment_type *ret)
{
    unsigned index;
    if (!ward_name_find(type_names, WARD_COUNT_OF(type_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_environment_type)index;
    return true;
}

const char *ward_environment_status_name(enum ward_environment_status status)
{
    return ward_name_at(status_names, WARD_COUNT_OF(status_names), status);
}

bool ward_environment_status_parse(struct ward_span name, enum ward_environment_status *ret)
{
    unsigned index;
    if (!ward_name_find(status_names, WARD_COUNT_OF(status_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_environment_status)index;
    return true;
}

bool ward_environment_is_open_to(const struct ward_environment *environment, const struct ward_uuid *account,
                                 const struct ward_uuid *project)
{
    if (!ward_uuid_equal(&environment->account_id, account)) {
        return false;
    }
    for (size_t i = 0; i < environment->project_count; i++) {
        if (ward_uuid_equal(&environment->projects[i], project)) {
            return true;
        }
    }
    return environment->project_count == 0;
}

/* A replica's name is part of messages and of key derivation, and perhaps of a file name. */
static bool is_replica_name(struct ward_span name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (!strchr(WARD_ALPHABET_BASE62 "._-", name.data[i]) || name.data[i] == '\0') {
            return false;
        }
    }
    return name.size > 0 && name.size <= WARD_ENVIRONMENT_REPLICA_NAME_MAX && name.data[0] != '.';
}

/* Only the embedded replica goes without one, and it has none. */
static bool is_replica_directory(const struct ward_replica *replica)
{
    bool is_embedded = ward_span_equal(replica->name, WARD_SPAN(WARD_REPLICA_EMBEDDED));
    if (is_embedded || !replica->directory.data) {
        return is_embedded && !replica->directory.data;
    }
    return replica->directory.size <= WARD_REPLICA_DIRECTORY_MAX && replica->directory.size > 0 &&
           replica->directory.data[0] == '/' && !memchr(replica->directory.data, '\0', replica->directory.size);
}

static bool is_named_before(const struct ward_environment_input *input, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (ward_span_equal(input->replicas[i].name, input->replicas[index].name)) {
            return true;
        }
    }
    return false;
}

static void check_replicas(struct ward_environment_input *input)
{
    if (!input->has_replicas || ward_problem_has(&input->problems, "replicas")) {
        return;
    }
    if (input->replica_count == 0) {
        ward_problem_add(&input->problems, "replicas", WARD_RULE_MIN_LENGTH, 1, NULL);
        return;
    }
    if (input->replica_count > WARD_REPLICAS_MAX) {
        ward_problem_add(&input->problems, "replicas", WARD_RULE_MAX_LENGTH, WARD_REPLICAS_MAX, NULL);
        return;
    }
    for (size_t i = 0; i < input->replica_count; i++) {
        if (!is_replica_name(input->replicas[i].name) || !is_replica_directory(&input->replicas[i]) ||
            is_named_before(input, i)) {
            ward_problem_add(&input->problems, "replicas", WARD_RULE_CHARACTERS, 0, NULL);
            return;
        }
    }
}

static void check_words(struct ward_environment_input *input)
{
    enum ward_environment_type type;
    enum ward_environment_status status;
    struct ward_problems *problems = &input->problems;
    if (input->has_type && !ward_problem_has(problems, "type") && !ward_environment_type_parse(input->type, &type)) {
        ward_problem_add(problems, "type", WARD_RULE_ENUM, 0, "PRODUCTION, SANDBOX, TEST");
    }
    if (input->has_status && !ward_problem_has(problems, "status") &&
        !ward_environment_status_parse(input->status, &status)) {
        ward_problem_add(problems, "status", WARD_RULE_ENUM, 0, "PUBLISHED, UNPUBLISHED, REPUBLISH_REQUIRED");
    }
}

static void check_access_url(struct ward_environment_input *input)
{
    ward_text_allow(&input->problems, "accessUrl", input->has_access_url, input->access_url, WARD_ACCESS_URL_MAX);
    if (input->has_access_url && input->access_url.size > 0 && !ward_problem_has(&input->problems, "accessUrl") &&
        !ward_text_is_url(input->access_url)) {
        ward_problem_add(&input->problems, "accessUrl", WARD_RULE_DOMAIN, 0, NULL);
    }
}

void ward_environment_input_check(struct ward_environment_input *input, bool is_new)
{
    if (is_new || input->has_name) {
        ward_object_name_check(&input->problems, "name", input->has_name, input->name);
    }
    ward_text_allow(&input->problems, "description", input->has_description, input->description,
                    WARD_OBJECT_DESCRIPTION_MAX);
    check_words(input);
    check_access_url(input);
    if (input->project_count > WARD_ENVIRONMENT_PROJECTS_MAX) {
        ward_problem_add(&input->problems, "projects", WARD_RULE_MAX_LENGTH, WARD_ENVIRONMENT_PROJECTS_MAX, NULL);
    }
    check_replicas(input);
    ward_problems_sort(&input->problems, members, WARD_COUNT_OF(members));
}
