-- Version 3: a create touches as few pages as it can (docs/decisions/0014-what-a-create-costs.md). Keys are numbered in the
-- order of their creation, and their values lie in that order: of all that a create adds, only the key's id and the lookup
-- of its value fall on pages of their own. Two indexes that no list of a project used are gone.
-- WITHOUT ROWID is SQLite's: the rows are the primary key's index.

CREATE TABLE numbered_key (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
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
INSERT INTO numbered_key (id, project_id, account_id, name, name_folded, description, metadata, custom_account_id,
    custom_user_id, creation_context, allowed_domains, is_enabled, is_removed, expires_ms, rate_limit, rate_limit_ttl_s,
    first_used_ms, created_ms, updated_ms, version)
SELECT id, project_id, account_id, name, name_folded, description, metadata, custom_account_id,
    custom_user_id, creation_context, allowed_domains, is_enabled, is_removed, expires_ms, rate_limit, rate_limit_ttl_s,
    first_used_ms, created_ms, updated_ms, version
FROM api_key ORDER BY created_ms, id;

-- A value stays while its key has it, disabled and removed keys included: nobody else may take it.
CREATE TABLE numbered_value (
    key_number INTEGER NOT NULL REFERENCES numbered_key (number),
    slot INTEGER NOT NULL,
    lookup BLOB NOT NULL UNIQUE,
    sealed BLOB NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (key_number, slot)
) WITHOUT ROWID;
INSERT INTO numbered_value (key_number, slot, lookup, sealed, version)
SELECT k.number, v.slot, v.lookup, v.sealed, v.version
FROM api_key_value v JOIN numbered_key k ON k.id = v.key_id ORDER BY k.number, v.slot;

DROP TABLE api_key_value;
DROP TABLE api_key;
ALTER TABLE numbered_key RENAME TO api_key;
ALTER TABLE numbered_value RENAME TO api_key_value;

CREATE INDEX api_key_project ON api_key (project_id, created_ms) WHERE is_removed = 0;
CREATE INDEX api_key_name ON api_key (project_id, name_folded, created_ms) WHERE is_removed = 0;
CREATE INDEX api_key_custom_account ON api_key (project_id, custom_account_id, created_ms)
    WHERE is_removed = 0 AND custom_account_id IS NOT NULL;
CREATE INDEX api_key_custom_user ON api_key (project_id, custom_user_id, created_ms)
    WHERE is_removed = 0 AND custom_user_id IS NOT NULL;
CREATE INDEX api_key_expiry ON api_key (expires_ms)
    WHERE is_enabled = 1 AND is_removed = 0 AND expires_ms IS NOT NULL;
