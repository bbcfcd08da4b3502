/* The table of commands. `ward help` and docs/running.md show it in this order. */
#include "cli/cli.h"

#define ROWS(rows) (rows), sizeof(rows) / sizeof((rows)[0])

static const struct ward_option_row common_rows[] = { WARD_ROW_DATA, WARD_ROW_OUTPUT };

static const struct ward_option_row serve_rows[] = {
#define WARD_OPTION WARD_OPTION_ROW
#include "server/options.def"
#undef WARD_OPTION
};

static const struct ward_option_row verify_rows[] = {
    WARD_ROW_DATA,
    WARD_ROW_OUTPUT,
    WARD_ROW_TEXT("key-file", "FILE", "Read the key from a file instead of standard input"),
    WARD_ROW_TEXT("origin", "HOST", "Where the request came from, for keys with allowed domains"),
    WARD_ROW_TEXT("stage", "ID", "The stage that is asked for: decide by its plan, too"),
    WARD_ROW_TEXT("product", "ID", "The product that the stage must be of"),
    WARD_ROW_TEXT("api", "ID", "The API that the stage must be of"),
    WARD_ROW_TEXT("client-address", "ADDRESS", "Where the caller comes from, for a stage with an access list"),
    { "peek", WARD_OPTION_SWITCH, NULL, NULL, NULL, NULL, 0, 0, "Look, do not count against limits and quotas" },
    { "max-staleness", WARD_OPTION_NUMBER, "WARD_MAX_STALENESS", NULL, "MS", "5000", 0, 86400000,
      "Do not trust a table that has heard nothing from its server for so long; 0: trust any" },
};

#define KEY_ROWS                                                                                                       \
    WARD_ROW_TEXT("limit", "NUMBER", "Requests a window; goes with --window"),                                         \
        WARD_ROW_TEXT("window", "SECONDS", "Length of the limit's window"),                                            \
        WARD_ROW_TEXT("expires", "TIME", "When the key stops working, ISO 8601: 2030-01-31T00:00:00Z"),                \
        WARD_ROW_TEXT("metadata-file", "FILE", "A JSON object to keep with the key"),                                  \
        WARD_ROW_TEXT("account-id", "TEXT", "Your own account id, handed to whoever verifies"),                        \
        WARD_ROW_TEXT("user-id", "TEXT", "Your own user id, handed to whoever verifies"),                              \
    {                                                                                                                  \
        "domain", WARD_OPTION_LIST, NULL, NULL, "HOST", NULL, 0, 0, "Allow requests from this host, or *.host"         \
    }

static const struct ward_option_row key_create_rows[] = {
    WARD_ROW_DATA,
    WARD_ROW_OUTPUT,
    WARD_ROW_TEXT("name", "NAME", "What to call the key; required"),
    WARD_ROW_TEXT("project", "NAME", "Name or id of its project; not needed while there is only one"),
    WARD_ROW_TEXT("key-file", "FILE", "Take the key's value from a file instead of drawing one"),
    KEY_ROWS,
};
static const struct ward_option_row key_update_rows[] = {
    WARD_ROW_DATA,
    WARD_ROW_OUTPUT,
    WARD_ROW_TEXT("name", "NAME", "What to call the key from now on"),
    KEY_ROWS,
};
static const struct ward_option_row key_list_rows[] = {
    WARD_ROW_DATA,
    WARD_ROW_OUTPUT,
    WARD_ROW_TEXT("project", "NAME", "Name or id of a project; without it, the only one there is"),
};
static const struct ward_option_row project_create_rows[] = {
    WARD_ROW_DATA,
    WARD_ROW_OUTPUT,
    WARD_ROW_TEXT("name", "NAME", "What to call the project; required"),
    { "env", WARD_OPTION_CHOICE, NULL, NULL, "live|test", "live", 0, 0, "Which keys it issues: live_… or test_…" },
};
static const struct ward_option_row project_rename_rows[] = {
    WARD_ROW_DATA,
    WARD_ROW_OUTPUT,
    WARD_ROW_TEXT("name", "NAME", "What to call the project from now on; required"),
};
static const struct ward_option_row credential_create_rows[] = {
    WARD_ROW_DATA,
    WARD_ROW_OUTPUT,
    { "kind", WARD_OPTION_CHOICE, NULL, NULL, "access-key|token|iam", "access-key", 0, 0, "What kind of credential" },
    { "role", WARD_OPTION_CHOICE, NULL, NULL, "viewer|user|admin|none", NULL, 0, 0,
      "What it may do; required. none: recognised, but nothing is allowed" },
    WARD_ROW_TEXT("name", "NAME", "What to call it; without one, its kind and role"),
    WARD_ROW_TEXT("project", "NAME", "Name or id of the one project it is for; without it, the whole account"),
    { "grant", WARD_OPTION_LIST, NULL, NULL, "CATEGORY:ACTION", NULL, 0, 0,
      "A single right besides the role's, for a token or an IAM pair: SECRETS:MANAGE, ROLE_API_SECURITY …" },
    WARD_ROW_TEXT("expires", "DATE", "When a token or an IAM pair ends: an ISO 8601 date; without it, never"),
};

#define ENVIRONMENT_ROWS                                                                                               \
    WARD_ROW_TEXT("description", "TEXT", "What it is for"),                                                            \
        { "type", WARD_OPTION_CHOICE, NULL, NULL, "PRODUCTION|SANDBOX|TEST", NULL, 0, 0, "What kind it is" },          \
        { "status",                                                                                                    \
          WARD_OPTION_CHOICE,                                                                                          \
          NULL,                                                                                                        \
          NULL,                                                                                                        \
          "PUBLISHED|UNPUBLISHED|REPUBLISH_REQUIRED",                                                                  \
          NULL,                                                                                                        \
          0,                                                                                                           \
          0,                                                                                                           \
          "What clients are told about it" },                                                                          \
        WARD_ROW_TEXT("access-url", "URL", "Where its APIs are reached; tokens may be made out to it"),                \
        { "project",                                                                                                   \
          WARD_OPTION_LIST,                                                                                            \
          NULL,                                                                                                        \
          NULL,                                                                                                        \
          "NAME",                                                                                                      \
          NULL,                                                                                                        \
          0,                                                                                                           \
          0,                                                                                                           \
          "Open it to this project only; all: to every project" },                                                     \
    {                                                                                                                  \
        "replica", WARD_OPTION_LIST, NULL, NULL, "NAME=DIR", NULL, 0, 0,                                               \
            "Deploy to this directory; embedded: to the server's own. These become all of its replicas"                \
    }

static const struct ward_option_row environment_create_rows[] = {
    WARD_ROW_DATA,
    WARD_ROW_OUTPUT,
    WARD_ROW_TEXT("name", "NAME", "What to call the environment; required"),
    ENVIRONMENT_ROWS,
};
static const struct ward_option_row environment_update_rows[] = {
    WARD_ROW_DATA,
    WARD_ROW_OUTPUT,
    WARD_ROW_TEXT("name", "NAME", "What to call it from now on"),
    ENVIRONMENT_ROWS,
};

static const struct ward_option_row backup_rows[] = {
    WARD_ROW_DATA,
    WARD_ROW_OUTPUT,
    WARD_ROW_TEXT("to", "FILE", "The file to write; it must not exist yet; required"),
};

static const struct ward_option_row restore_rows[] = {
    WARD_ROW_DATA,
    WARD_ROW_OUTPUT,
    WARD_ROW_TEXT("from", "FILE", "The backup; required"),
    { "undo-changes", WARD_OPTION_SWITCH, NULL, NULL, NULL, NULL, 0, 0,
      "Go on although changes that were made after the backup are lost" },
    { "revive", WARD_OPTION_LIST, NULL, NULL, "ID", NULL, 0, 0,
      "Let this live again as in the backup although it was revoked since; all: everything" },
    { "without-comparison", WARD_OPTION_SWITCH, NULL, NULL, NULL, NULL, 0, 0,
      "Go on although the present store is missing or cannot be read, so that later revocations are unknown" },
};

static const char init_more[] = "Makes DIR (mode 0700) with a root key, an empty store, an account, the project "
                                "\"default\" and one admin credential\n"
                                "of each kind. The credentials are printed this once. Keep a copy of DIR/root.key "
                                "apart from the backups of the rest:\n"
                                "without it nothing in the store can be opened, and with it everything can.\n\n"
                                "  ward init --data /var/lib/ward\n"
                                "  ward init --data /var/lib/ward --output json >first-credentials.json\n";

static const char serve_more[] =
    "Serves until SIGTERM or SIGINT, which drain and exit 0. SIGHUP reads the TLS certificate and the log level "
    "again.\n"
    "An option is taken from the flag, else from the environment, else from DIR/ward.conf (lines of name = value), "
    "else\n"
    "from its default. Logs are JSON lines on standard error.\n\n"
    "  ward serve --data /var/lib/ward\n"
    "  ward serve --data /var/lib/ward --tls-listen 0.0.0.0:8443 --tls-certificate c.pem --tls-key k.pem\n"
    "  ward serve --data /var/lib/ward --listen unix:/run/ward/api.sock --verify-listen unix:/run/ward/verify.sock\n"
    "  WARD_LISTEN=127.0.0.1:8420,[::1]:8420 ward serve --data /var/lib/ward\n";

static const char verify_more[] =
    "Reads one API key from standard input (or --key-file) and decides from the table in DIR, without asking the "
    "server:\n"
    "what any verifier on this machine would decide now. Exit code 0: valid; 1: not valid; 2: could not decide.\n\n"
    "  ward verify --data /var/lib/ward --peek <key.txt\n"
    "  ward verify --data /var/lib/ward --stage x23oik7hdq --client-address 192.0.2.7 <key.txt\n";

static const char check_more[] = "Recomputes the change log's chain and opens every sealed value. Needs the directory "
                                 "for itself: stop the server, or\n"
                                 "run it on a copy. Exit code 9 when something does not fit: restore a backup.\n";

static const char backup_more[] =
    "Writes the store, as it is at one moment, into a new file (mode 0600). While a server runs, the server writes it "
    "and goes on\n"
    "with everything else: the path must be one that the server's user can write to, as the server sees it. The file "
    "holds sealed\n"
    "values and the change log, and names and metadata in the clear. DIR/root.key is NOT in it: keep a copy of that "
    "elsewhere. Without\n"
    "the root key the backup is of no use to anyone, you included; together they are everything.\n\n"
    "  ward backup --data /var/lib/ward --to /var/backups/ward/$(date +%F).backup\n";

static const char restore_more[] =
    "Puts a backup in the place of the store of a stopped server. First it checks every byte of FILE and compares it "
    "with the\n"
    "store that is there, and prints what would be undone. If anything would be, it stops there with exit code 11; "
    "--undo-changes\n"
    "lets it go on. What was revoked after the backup is revoked again on the restored store, so that no leaked key "
    "comes back;\n"
    "--revive ID (an API key's, credential's, project's or account's id from the list, or all) lets it live as in the "
    "backup.\n"
    "The old store is kept as DIR/ward.db.before-restore-REVISION. Revisions go on above the highest one ever "
    "given.\n\n"
    "  ward restore --data /var/lib/ward --from /var/backups/ward/2025-05-01.backup                  # look\n"
    "  ward restore --data /var/lib/ward --from /var/backups/ward/2025-05-01.backup --undo-changes   # do\n";

static const char help_more[] = "  ward help COMMAND      what it does, with every option and examples\n"
                                "  ward help limits       every maximum of Ward, as Markdown\n"
                                "  ward help options      every option of ward serve, as Markdown\n"
                                "  ward help exit-codes   every exit code, as Markdown\n";

static const char key_create_more[] =
    "  ward key create --name mobile --project default --limit 100 --window 60 --expires 2030-01-01T00:00:00Z\n";

static const char credential_create_more[] =
    "The secret is printed once. An access key can be read again by an admin; a token and an IAM secret cannot.\n\n"
    "  ward credential create --kind access-key --role viewer --name dashboard --project default\n"
    "  ward credential create --kind iam --role admin --name terraform     # signs calls of NCP's API Gateway\n"
    "  ward credential create --kind token --role user --name ci           # calls Apinizer's APIOps\n"
    "  ward credential create --kind token --grant SECRETS:MANAGE --grant SECRETS:DEPLOY_UNDEPLOY --project default\n";

static const char environment_create_more[] =
    "Keys, JWKs and API proxies are deployed to an environment: to each of its replicas. ward init makes the first "
    "one, "
    "\"production\".\n\n"
    "  ward environment create --name test --type TEST --access-url https://test.example.com --project default\n"
    "  ward environment create --name edge --replica embedded --replica edge1=/srv/edge1/keys\n";

const struct ward_command ward_commands[] = {
    { "init", NULL, "[options]", "Make a data directory and print its first credentials, once", init_more,
      ROWS(common_rows), 0, ward_run_init },
    { "serve", NULL, "[options]", "Serve every surface from a data directory", serve_more, ROWS(serve_rows), 0,
      ward_run_serve },
    { "verify", NULL, "[options] <KEY-FILE", "Decide about an API key, from the table", verify_more, ROWS(verify_rows),
      0, ward_run_verify },
    { "status", NULL, "[options]", "Show what the server, or the stopped directory, stands at", NULL, ROWS(common_rows),
      0, ward_run_status },
    { "key", "create", "--name NAME [options]", "Make an API key", key_create_more, ROWS(key_create_rows), 0,
      ward_run_key_create },
    { "key", "list", "[options]", "List a project's API keys", NULL, ROWS(key_list_rows), 0, ward_run_key_list },
    { "key", "show", "ID [options]", "Show an API key, value included", NULL, ROWS(common_rows), 1, ward_run_key_show },
    { "key", "update", "ID [options]", "Change an API key; \"none\" takes an expiry, a limit or an id away", NULL,
      ROWS(key_update_rows), 1, ward_run_key_update },
    { "key", "delete", "ID [options]", "Disable an API key, now", NULL, ROWS(common_rows), 1, ward_run_key_delete },
    { "key", "reactivate", "ID [options]", "Enable a disabled API key again", NULL, ROWS(common_rows), 1,
      ward_run_key_reactivate },
    { "key", "rotate", "ID [options]",
      "Revoke an API key, now, and make its successor: same settings, new id and value", NULL, ROWS(common_rows), 1,
      ward_run_key_rotate },
    { "project", "create", "--name NAME [options]", "Make a project", NULL, ROWS(project_create_rows), 0,
      ward_run_project_create },
    { "project", "list", "[options]", "List the projects", NULL, ROWS(common_rows), 0, ward_run_project_list },
    { "project", "rename", "PROJECT --name NAME [options]", "Give a project another name", NULL,
      ROWS(project_rename_rows), 1, ward_run_project_rename },
    { "project", "delete", "PROJECT [options]", "Deactivate a project; its keys stop working now", NULL,
      ROWS(common_rows), 1, ward_run_project_delete },
    { "credential", "create", "--role ROLE [options]", "Make a credential for an operator", credential_create_more,
      ROWS(credential_create_rows), 0, ward_run_credential_create },
    { "credential", "list", "[options]", "List the operators' credentials", NULL, ROWS(common_rows), 0,
      ward_run_credential_list },
    { "credential", "delete", "ID [options]", "Disable a credential, now", NULL, ROWS(common_rows), 1,
      ward_run_credential_delete },
    { "credential", "reactivate", "ID [options]", "Enable a disabled credential again", NULL, ROWS(common_rows), 1,
      ward_run_credential_reactivate },
    { "environment", "create", "--name NAME [options]", "Make an environment that keys are deployed to",
      environment_create_more, ROWS(environment_create_rows), 0, ward_run_environment_create },
    { "environment", "list", "[options]", "List the environments", NULL, ROWS(common_rows), 0,
      ward_run_environment_list },
    { "environment", "show", "ENVIRONMENT [options]", "Show an environment", NULL, ROWS(common_rows), 1,
      ward_run_environment_show },
    { "environment", "update", "ENVIRONMENT [options]", "Change an environment; what is deployed follows", NULL,
      ROWS(environment_update_rows), 1, ward_run_environment_update },
    { "environment", "delete", "ENVIRONMENT [options]", "Delete an environment where nothing is deployed", NULL,
      ROWS(common_rows), 1, ward_run_environment_delete },
    { "backup", NULL, "--to FILE [options]", "Write the store into one file, while serving or stopped", backup_more,
      ROWS(backup_rows), 0, ward_run_backup },
    { "restore", NULL, "--from FILE [options]", "Put a backup in the store's place, and keep revoked keys revoked",
      restore_more, ROWS(restore_rows), 0, ward_run_restore },
    { "check", NULL, "[options]", "Check the change log's chain and open every sealed value", check_more,
      ROWS(common_rows), 0, ward_run_check },
    { "help", NULL, "[COMMAND | limits | options | exit-codes]", "Explain", help_more, NULL, 0, 0, ward_run_help },
    { "version", NULL, "", "Print the version", NULL, NULL, 0, 0, ward_run_version },
};
const size_t ward_command_count = sizeof(ward_commands) / sizeof(ward_commands[0]);
