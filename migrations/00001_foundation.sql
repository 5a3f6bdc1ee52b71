-- +goose Up

-- One dialect for PostgreSQL and SQLite: the column types are uuid, text, bigint, bytea and boolean, times are epoch
-- seconds (a column that needs more says so), lists are space-separated text, documents are JSON in text. Every row that
-- can die has expires_at and an index on it.
--
-- The tables that every request writes (codes, grants, access_tokens) carry no foreign keys to clients and users: a key
-- check locks the one client row that all of them share. Deleting a client or a user deletes their rows by statement.

CREATE TABLE settings (
    name  text NOT NULL PRIMARY KEY,
    value text NOT NULL
);

-- A change to anything that processes keep in memory raises this version in the same transaction.
CREATE TABLE configuration_version (
    id      bigint NOT NULL PRIMARY KEY,
    version bigint NOT NULL
);
INSERT INTO configuration_version (id, version) VALUES (1, 1);

CREATE TABLE secrets (
    name       text   NOT NULL PRIMARY KEY,
    sealed     text   NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE signing_keys (
    id           text   NOT NULL PRIMARY KEY,
    algorithm    text   NOT NULL,
    sealed       text   NOT NULL,
    created_at   bigint NOT NULL,
    activates_at bigint NOT NULL,
    retires_at   bigint NOT NULL DEFAULT 0,
    expires_at   bigint NOT NULL DEFAULT 0
);
-- Of one algorithm one key is not yet retiring, whichever replica made it.
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (algorithm) WHERE retires_at = 0;
CREATE INDEX signing_keys_expires_at ON signing_keys (expires_at);

CREATE TABLE leases (
    name       text   NOT NULL PRIMARY KEY,
    holder     uuid   NOT NULL,
    expires_at bigint NOT NULL
);

CREATE TABLE scopes (
    name        text NOT NULL PRIMARY KEY,
    title_uk    text NOT NULL DEFAULT '',
    title_en    text NOT NULL DEFAULT '',
    governed_by text NOT NULL DEFAULT 'role' CHECK (governed_by IN ('role', 'consent')),
    login_form  text NOT NULL DEFAULT 'password',
    assurance   text NOT NULL DEFAULT 'password'
);
INSERT INTO scopes (name, title_uk, title_en, governed_by) VALUES
    ('openid', 'Підтвердити, хто ви', 'Confirm who you are', 'consent'),
    ('profile', 'Бачити ваше ім''я та профіль', 'See your name and profile', 'consent'),
    ('email', 'Бачити вашу адресу електронної пошти', 'See your email address', 'consent'),
    ('address', 'Бачити вашу поштову адресу', 'See your postal address', 'consent'),
    ('phone', 'Бачити ваш номер телефону', 'See your phone number', 'consent'),
    ('offline_access', 'Зберігати доступ, коли ви не користуєтеся системою', 'Keep access while you are away', 'consent');

CREATE TABLE client_types (
    id    uuid NOT NULL PRIMARY KEY,
    name  text NOT NULL UNIQUE,
    scope text NOT NULL DEFAULT ''
);

CREATE TABLE users (
    id               uuid    NOT NULL PRIMARY KEY,
    email            text    NOT NULL UNIQUE,
    password         text    NOT NULL DEFAULT '',
    password_set_at  bigint  NOT NULL DEFAULT 0,
    tax_id           text    NOT NULL DEFAULT '',
    person_id        text    NOT NULL DEFAULT '',
    profile          text    NOT NULL DEFAULT '{}',
    settings         text    NOT NULL DEFAULT '{}',
    private_settings text    NOT NULL DEFAULT '{}',
    is_blocked       boolean NOT NULL DEFAULT FALSE,
    block_reason     text    NOT NULL DEFAULT '',
    created_at       bigint  NOT NULL,
    updated_at       bigint  NOT NULL
);

CREATE TABLE password_history (
    id         uuid   NOT NULL PRIMARY KEY,
    user_id    uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    password   text   NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX password_history_user_id ON password_history (user_id, created_at);

CREATE TABLE authentication_factors (
    id         uuid    NOT NULL PRIMARY KEY,
    user_id    uuid    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    type       text    NOT NULL,
    factor     text    NOT NULL DEFAULT '',
    sealed     text    NOT NULL DEFAULT '',
    is_active  boolean NOT NULL DEFAULT TRUE,
    created_at bigint  NOT NULL,
    updated_at bigint  NOT NULL,
    UNIQUE (user_id, type)
);

-- attempted_by is the last attempt, so that one that is sent twice counts once.
CREATE TABLE one_time_codes (
    id           uuid   NOT NULL PRIMARY KEY,
    key          text   NOT NULL,
    code_mac     bytea  NOT NULL,
    status       text   NOT NULL,
    attempts     bigint NOT NULL DEFAULT 0,
    attempted_by uuid   NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL
);
CREATE INDEX one_time_codes_key ON one_time_codes (key, created_at);
CREATE INDEX one_time_codes_expires_at ON one_time_codes (expires_at);

CREATE TABLE clients (
    id               text    NOT NULL PRIMARY KEY,
    name             text    NOT NULL,
    client_type_id   uuid    NULL REFERENCES client_types (id),
    owner_id         uuid    NULL,
    scope            text    NOT NULL DEFAULT '',
    policy           text    NOT NULL DEFAULT '{}',
    metadata         text    NOT NULL DEFAULT '{}',
    settings         text    NOT NULL DEFAULT '{}',
    private_settings text    NOT NULL DEFAULT '{}',
    is_blocked       boolean NOT NULL DEFAULT FALSE,
    block_reason     text    NOT NULL DEFAULT '',
    created_at       bigint  NOT NULL,
    updated_at       bigint  NOT NULL
);

CREATE TABLE connections (
    id               uuid    NOT NULL PRIMARY KEY,
    client_id        text    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    consumer_id      text    NULL REFERENCES clients (id) ON DELETE CASCADE,
    redirect_uris    text    NOT NULL DEFAULT '[]',
    redirect_match   text    NOT NULL DEFAULT 'exact' CHECK (redirect_match IN ('exact', 'prefix')),
    require_scope    boolean NOT NULL DEFAULT TRUE,
    refresh_bound_to text    NOT NULL DEFAULT 'connection' CHECK (refresh_bound_to IN ('connection', 'client')),
    created_at       bigint  NOT NULL,
    updated_at       bigint  NOT NULL,
    UNIQUE (client_id, consumer_id)
);

-- hash is the SHA-256 of a secret of 128 bits or more; a weaker one has a slow hash in password_hash instead.
CREATE TABLE connection_secrets (
    id            uuid   NOT NULL PRIMARY KEY,
    connection_id uuid   NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    hash          bytea  NULL UNIQUE,
    password_hash text   NOT NULL DEFAULT '',
    sealed        text   NOT NULL DEFAULT '',
    created_at    bigint NOT NULL,
    expires_at    bigint NOT NULL DEFAULT 0
);
CREATE INDEX connection_secrets_connection_id ON connection_secrets (connection_id);
CREATE INDEX connection_secrets_expires_at ON connection_secrets (expires_at);

CREATE TABLE roles (
    id    uuid NOT NULL PRIMARY KEY,
    name  text NOT NULL UNIQUE,
    scope text NOT NULL DEFAULT ''
);

CREATE TABLE user_roles (
    id        uuid NOT NULL PRIMARY KEY,
    user_id   uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id   uuid NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    client_id text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    UNIQUE (user_id, client_id, role_id)
);

CREATE TABLE global_user_roles (
    id      uuid NOT NULL PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id uuid NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    UNIQUE (user_id, role_id)
);

CREATE TABLE approvals (
    id         uuid   NOT NULL PRIMARY KEY,
    user_id    uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  text   NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scope      text   NOT NULL DEFAULT '',
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (user_id, client_id)
);

-- id is the SHA-256 of the cookie; auth_time is in microseconds.
CREATE TABLE login_sessions (
    id            bytea  NOT NULL PRIMARY KEY,
    session_id    uuid   NOT NULL UNIQUE,
    user_id       uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    auth_time     bigint NOT NULL,
    amr           text   NOT NULL,
    acr           text   NOT NULL,
    last_used_at  bigint NOT NULL,
    created_at    bigint NOT NULL,
    expires_at    bigint NOT NULL,
    revoked_at    bigint NOT NULL DEFAULT 0
);
CREATE INDEX login_sessions_user_id ON login_sessions (user_id);
CREATE INDEX login_sessions_expires_at ON login_sessions (expires_at);

CREATE TABLE sign_in_failures (
    id         uuid   NOT NULL PRIMARY KEY,
    subject    bytea  NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX sign_in_failures_subject ON sign_in_failures (subject, created_at);
CREATE INDEX sign_in_failures_expires_at ON sign_in_failures (expires_at);

-- id is the SHA-256 of the code; used_by is the attempt that redeemed it.
CREATE TABLE codes (
    id           bytea  NOT NULL PRIMARY KEY,
    code_id      uuid   NOT NULL UNIQUE,
    grant_id     uuid   NOT NULL,
    client_id    text   NOT NULL,
    user_id      uuid   NOT NULL,
    redirect_uri text   NOT NULL,
    scope        text   NOT NULL,
    session      text   NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL,
    used_at      bigint NOT NULL DEFAULT 0,
    used_by      uuid   NULL,
    revoked_at   bigint NOT NULL DEFAULT 0
);
CREATE INDEX codes_expires_at ON codes (expires_at);
CREATE INDEX codes_user_id ON codes (user_id, client_id);

-- One row for a refresh family and its revocation. refresh_hash is null where the refresh token carries the grant's id.
CREATE TABLE grants (
    id                    uuid   NOT NULL PRIMARY KEY,
    client_id             text   NOT NULL,
    connection_id         uuid   NULL,
    user_id               uuid   NOT NULL,
    session_id            uuid   NULL,
    scope                 text   NOT NULL,
    session               text   NOT NULL,
    refresh_token_id      uuid   NULL UNIQUE,
    refresh_hash          bytea  NULL UNIQUE,
    previous_refresh_hash bytea  NULL UNIQUE,
    generation            bigint NOT NULL DEFAULT 0,
    rotated_at            bigint NOT NULL DEFAULT 0,
    rotated_by            uuid   NULL,
    refresh_expires_at    bigint NOT NULL DEFAULT 0,
    created_at            bigint NOT NULL,
    expires_at            bigint NOT NULL,
    revoked_at            bigint NOT NULL DEFAULT 0
);
CREATE INDEX grants_user_id ON grants (user_id, client_id);
CREATE INDEX grants_client_id ON grants (client_id);
CREATE INDEX grants_session_id ON grants (session_id);
CREATE INDEX grants_expires_at ON grants (expires_at);

-- Opaque access tokens only; id is the SHA-256 of the token.
CREATE TABLE access_tokens (
    id              bytea  NOT NULL PRIMARY KEY,
    access_token_id uuid   NOT NULL UNIQUE,
    kind            text   NOT NULL DEFAULT 'access_token',
    client_id       text   NOT NULL,
    user_id         uuid   NULL,
    grant_id        uuid   NULL,
    scope           text   NOT NULL,
    session         text   NOT NULL,
    created_at      bigint NOT NULL,
    expires_at      bigint NOT NULL
);
CREATE INDEX access_tokens_grant_id ON access_tokens (grant_id);
CREATE INDEX access_tokens_user_id ON access_tokens (user_id, client_id);
CREATE INDEX access_tokens_client_id ON access_tokens (client_id);
CREATE INDEX access_tokens_expires_at ON access_tokens (expires_at);

CREATE TABLE revoked_jti (
    jti        text   NOT NULL PRIMARY KEY,
    expires_at bigint NOT NULL
);
CREATE INDEX revoked_jti_expires_at ON revoked_jti (expires_at);

CREATE TABLE used_jti (
    namespace  text   NOT NULL,
    issuer     text   NOT NULL,
    jti        text   NOT NULL,
    used_by    uuid   NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (namespace, issuer, jti)
);
CREATE INDEX used_jti_expires_at ON used_jti (expires_at);

CREATE TABLE audit_events (
    id         uuid   NOT NULL PRIMARY KEY,
    kind       text   NOT NULL,
    client_id  text   NOT NULL DEFAULT '',
    user_id    text   NOT NULL DEFAULT '',
    request_id text   NOT NULL DEFAULT '',
    address    text   NOT NULL DEFAULT '',
    details    text   NOT NULL DEFAULT '{}',
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX audit_events_created_at ON audit_events (created_at);
CREATE INDEX audit_events_expires_at ON audit_events (expires_at);

-- +goose Down
SELECT 1;
