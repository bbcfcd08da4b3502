-- Version 4: products, APIs, stages, usage plans, subscriptions; who last changed a key.
-- Removed products, APIs and stages stay as rows for statistics; so does a subscription that ended (status NULL), because
-- what was derived from it must be undone. NULL quota: none.

ALTER TABLE api_key ADD COLUMN changed_by BLOB;
ALTER TABLE api_key ADD COLUMN changed_by_type TEXT;

CREATE TABLE product (
    id TEXT PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES project (id),
    account_id BLOB NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    subscription_code TEXT NOT NULL,
    is_removed INTEGER NOT NULL,
    created_by BLOB,
    created_by_type TEXT,
    changed_by BLOB,
    changed_by_type TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
);
CREATE INDEX product_created ON product (account_id, created_ms) WHERE is_removed = 0;

CREATE TABLE api (
    id TEXT PRIMARY KEY,
    product_id TEXT NOT NULL REFERENCES product (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    is_removed INTEGER NOT NULL,
    created_by BLOB,
    created_by_type TEXT,
    changed_by BLOB,
    changed_by_type TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
);
CREATE INDEX api_product ON api (product_id, created_ms);

CREATE TABLE stage (
    id TEXT PRIMARY KEY,
    api_id TEXT NOT NULL REFERENCES api (id),
    name TEXT NOT NULL,
    endpoint_domain TEXT NOT NULL,
    throttle_rps INTEGER NOT NULL,
    cache_ttl_s INTEGER NOT NULL,
    acl_code TEXT,
    acl_list TEXT NOT NULL,
    is_maintenance INTEGER NOT NULL,
    status_code INTEGER NOT NULL,
    response TEXT NOT NULL,
    rate_rps INTEGER NOT NULL,
    day_quota INTEGER,
    month_quota INTEGER,
    classes INTEGER NOT NULL,
    is_removed INTEGER NOT NULL,
    created_by BLOB,
    created_by_type TEXT,
    changed_by BLOB,
    changed_by_type TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
);
CREATE INDEX stage_api ON stage (api_id, created_ms);

CREATE TABLE usage_plan (
    id TEXT PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES project (id),
    account_id BLOB NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    rate_rps INTEGER NOT NULL,
    day_quota INTEGER,
    month_quota INTEGER,
    classes INTEGER NOT NULL,
    created_by BLOB,
    created_by_type TEXT,
    changed_by BLOB,
    changed_by_type TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
);
CREATE INDEX usage_plan_created ON usage_plan (account_id, created_ms);

-- Which plans a stage offers.
CREATE TABLE stage_plan (
    stage_id TEXT NOT NULL REFERENCES stage (id),
    plan_id TEXT NOT NULL REFERENCES usage_plan (id),
    PRIMARY KEY (stage_id, plan_id)
) WITHOUT ROWID;
CREATE INDEX stage_plan_plan ON stage_plan (plan_id);

CREATE TABLE subscription (
    product_id TEXT NOT NULL REFERENCES product (id),
    key_id TEXT NOT NULL REFERENCES api_key (id),
    status TEXT,
    is_implicit INTEGER NOT NULL,
    created_by BLOB,
    created_by_type TEXT,
    changed_by BLOB,
    changed_by_type TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (product_id, key_id)
) WITHOUT ROWID;
CREATE INDEX subscription_key ON subscription (key_id);

-- The plan that a key has on a stage; no row: the stage's default terms.
CREATE TABLE chosen_plan (
    stage_id TEXT NOT NULL REFERENCES stage (id),
    key_id TEXT NOT NULL REFERENCES api_key (id),
    plan_id TEXT NOT NULL REFERENCES usage_plan (id),
    PRIMARY KEY (stage_id, key_id)
) WITHOUT ROWID;
CREATE INDEX chosen_plan_plan ON chosen_plan (plan_id, stage_id);
