-- Version 1. UUIDs are 16 bytes; times are milliseconds since 1970 UTC; NULL time: never.
-- Types are INTEGER (64 bits), TEXT and BLOB only; a driver maps them where its database has other words.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
);

CREATE TABLE account (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    created_by BLOB,
    created_by_type TEXT,
    changed_by BLOB,
    changed_by_type TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
);

CREATE TABLE project (
    id BLOB PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    env TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    created_by BLOB,
    created_by_type TEXT,
    changed_by BLOB,
    changed_by_type TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
);
CREATE UNIQUE INDEX project_name ON project (account_id, name) WHERE is_active = 1;
CREATE INDEX project_created ON project (account_id, created_ms);

-- account_id is the project's, which never moves: it lets an account list its keys in order.
CREATE TABLE api_key (
    id TEXT PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES project (id),
    account_id BLOB NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT NOT NULL,
    metadata TEXT NOT NULL,
    custom_account_id TEXT,
    custom_user_id TEXT,
    creation_context TEXT NOT NULL,
    allowed_domains TEXT,
    is_enabled INTEGER NOT NULL,
    is_removed INTEGER NOT NULL,
    expires_ms INTEGER,
    rate_limit INTEGER NOT NULL,
    rate_limit_ttl_s INTEGER NOT NULL,
    first_used_ms INTEGER,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
);
CREATE INDEX api_key_project ON api_key (project_id, created_ms) WHERE is_removed = 0;
CREATE INDEX api_key_account ON api_key (account_id, created_ms) WHERE is_removed = 0;
CREATE INDEX api_key_created ON api_key (created_ms) WHERE is_removed = 0;
CREATE INDEX api_key_name ON api_key (project_id, name_folded, created_ms) WHERE is_removed = 0;
CREATE INDEX api_key_custom_account ON api_key (project_id, custom_account_id, created_ms)
    WHERE is_removed = 0 AND custom_account_id IS NOT NULL;
CREATE INDEX api_key_custom_user ON api_key (project_id, custom_user_id, created_ms)
    WHERE is_removed = 0 AND custom_user_id IS NOT NULL;
CREATE INDEX api_key_expiry ON api_key (expires_ms)
    WHERE is_enabled = 1 AND is_removed = 0 AND expires_ms IS NOT NULL;

-- A value stays while its key has it, disabled and removed keys included: nobody else may take it.
CREATE TABLE api_key_value (
    lookup BLOB PRIMARY KEY,
    key_id TEXT NOT NULL REFERENCES api_key (id),
    slot INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    version INTEGER NOT NULL
);
CREATE UNIQUE INDEX api_key_value_slot ON api_key_value (key_id, slot);

CREATE TABLE credential (
    id BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    account_id BLOB NOT NULL REFERENCES account (id),
    project_id BLOB REFERENCES project (id),
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    lookup BLOB NOT NULL,
    sealed BLOB,
    public_id TEXT,
    is_active INTEGER NOT NULL,
    rate_limit INTEGER NOT NULL,
    rate_limit_ttl_s INTEGER NOT NULL,
    expires_ms INTEGER,
    created_by BLOB,
    created_by_type TEXT,
    changed_by BLOB,
    changed_by_type TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
);
CREATE UNIQUE INDEX credential_lookup ON credential (lookup, kind);
CREATE INDEX credential_account ON credential (account_id, created_ms);

-- Audit record and replication feed in one. hash links each entry to the one before.
CREATE TABLE change_log (
    revision INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    account_id TEXT,
    project_id TEXT,
    action TEXT NOT NULL,
    actor_type TEXT,
    actor_id TEXT,
    detail TEXT,
    retired BLOB,
    hash BLOB NOT NULL
);
