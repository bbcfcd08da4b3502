-- Version 5: environments, keys with one content for each of them, JWKs, API proxies; what credentials may do besides their
-- role. Ids are 24 hex characters. Rows that are removed go: the change log keeps what was.
-- WITHOUT ROWID is SQLite's: the rows are the primary key's index.

ALTER TABLE credential ADD COLUMN grants TEXT;
ALTER TABLE credential ADD COLUMN issued_by BLOB;
CREATE INDEX credential_issued ON credential (expires_ms) WHERE issued_by IS NOT NULL;

CREATE TABLE environment (
    id TEXT PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    access_url TEXT NOT NULL,
    created_by BLOB,
    created_by_type TEXT,
    changed_by BLOB,
    changed_by_type TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
);
CREATE UNIQUE INDEX environment_name ON environment (account_id, name);

-- Which projects an environment is limited to; none: all of its account.
CREATE TABLE environment_project (
    environment_id TEXT NOT NULL REFERENCES environment (id),
    project_id BLOB NOT NULL REFERENCES project (id),
    PRIMARY KEY (environment_id, project_id)
) WITHOUT ROWID;

-- directory NULL: the embedded one.
CREATE TABLE replica (
    environment_id TEXT NOT NULL REFERENCES environment (id),
    name TEXT NOT NULL,
    directory TEXT,
    PRIMARY KEY (environment_id, name)
) WITHOUT ROWID;

-- account_id is the project's, which never moves.
CREATE TABLE crypto_key (
    id TEXT PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES project (id),
    account_id BLOB NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    type TEXT NOT NULL,
    algorithm TEXT,
    created_by BLOB,
    created_by_type TEXT,
    changed_by BLOB,
    changed_by_type TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
);
CREATE UNIQUE INDEX crypto_key_name ON crypto_key (project_id, name);

CREATE TABLE crypto_key_entry (
    key_id TEXT NOT NULL REFERENCES crypto_key (id),
    environment_id TEXT NOT NULL REFERENCES environment (id),
    alias TEXT,
    sealed BLOB NOT NULL,
    content_version INTEGER NOT NULL,
    is_material INTEGER NOT NULL,
    PRIMARY KEY (key_id, environment_id)
);
CREATE INDEX crypto_key_entry_environment ON crypto_key_entry (environment_id, key_id);

-- source_id says what a JWK was made of, in any project; the key may be gone.
CREATE TABLE jwk (
    id TEXT PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES project (id),
    account_id BLOB NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    source TEXT NOT NULL,
    source_id TEXT,
    source_environment_id TEXT,
    source_url TEXT,
    type TEXT NOT NULL,
    kid TEXT,
    use_type TEXT,
    algorithm TEXT,
    public_json TEXT,
    sealed BLOB,
    sealed_version INTEGER NOT NULL,
    not_before_ms INTEGER,
    expires_ms INTEGER,
    created_by BLOB,
    created_by_type TEXT,
    changed_by BLOB,
    changed_by_type TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
);
CREATE UNIQUE INDEX jwk_name ON jwk (project_id, name);
CREATE INDEX jwk_source ON jwk (source_id, project_id, name) WHERE source_id IS NOT NULL;

-- A pair may stand with several proxies: whose it is says the order of their creation.
CREATE TABLE api_proxy (
    id TEXT PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES project (id),
    account_id BLOB NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    type TEXT NOT NULL,
    creation TEXT NOT NULL,
    metadata TEXT NOT NULL,
    public_key TEXT,
    sealed BLOB,
    sealed_version INTEGER NOT NULL,
    lookup BLOB,
    created_by BLOB,
    created_by_type TEXT,
    changed_by BLOB,
    changed_by_type TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
);
CREATE UNIQUE INDEX api_proxy_name ON api_proxy (project_id, name);
CREATE INDEX api_proxy_public_key ON api_proxy (account_id, public_key, created_ms) WHERE public_key IS NOT NULL;
CREATE INDEX api_proxy_lookup ON api_proxy (lookup, created_ms) WHERE lookup IS NOT NULL;

CREATE TABLE api_proxy_deployment (
    proxy_id TEXT NOT NULL REFERENCES api_proxy (id),
    environment_id TEXT NOT NULL REFERENCES environment (id),
    is_deployed INTEGER NOT NULL,
    redeploy_required INTEGER NOT NULL,
    deployed_ms INTEGER,
    revision INTEGER NOT NULL,
    PRIMARY KEY (proxy_id, environment_id)
) WITHOUT ROWID;
CREATE INDEX api_proxy_deployment_environment ON api_proxy_deployment (environment_id);
