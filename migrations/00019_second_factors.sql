-- +goose Up

-- Authenticator apps of users: generators of one-time codes (TOTP, RFC 6238). sealed is the secret that both share,
-- under the master secret. last_step is the latest time step whose code was taken, so that none is taken twice; used_by
-- is the attempt that took it.
CREATE TABLE authenticators (
    id           uuid    NOT NULL PRIMARY KEY,
    user_id      uuid    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         text    NOT NULL,
    sealed       text    NOT NULL,
    is_active    boolean NOT NULL DEFAULT TRUE,
    last_step    bigint  NOT NULL,
    used_by      uuid    NULL,
    created_at   bigint  NOT NULL,
    last_used_at bigint  NOT NULL DEFAULT 0
);
CREATE INDEX authenticators_user_id ON authenticators (user_id);

-- Recovery codes of users, as keyed hashes, each good for one sign-in. set_id is that of the codes that were shown
-- together; used_at is 0 before the use, and used_by the attempt that used the code.
CREATE TABLE recovery_codes (
    id         uuid   NOT NULL PRIMARY KEY,
    user_id    uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    set_id     uuid   NOT NULL,
    code_mac   bytea  NOT NULL,
    created_at bigint NOT NULL,
    used_at    bigint NOT NULL DEFAULT 0,
    used_by    uuid   NULL,
    UNIQUE (user_id, code_mac)
);

-- +goose Down
SELECT 1;
