-- +goose Up

-- Links by which people who forgot their password set another, the latest of each user. hash is the SHA-256 of the
-- secret in the link. email and password_set_at are those of the user when it was made: a link is over once the user
-- has others. sealed is the sign-in to go on with, under the master secret; refusals counts what was tried in vain.
CREATE TABLE password_resets (
    id              uuid   NOT NULL PRIMARY KEY,
    hash            bytea  NOT NULL UNIQUE,
    user_id         uuid   NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    email           text   NOT NULL,
    password_set_at bigint NOT NULL,
    sealed          text   NOT NULL,
    refusals        bigint NOT NULL DEFAULT 0,
    created_at      bigint NOT NULL,
    expires_at      bigint NOT NULL
);
CREATE INDEX password_resets_expires_at ON password_resets (expires_at);

-- +goose Down
SELECT 1;
