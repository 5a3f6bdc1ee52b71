-- +goose Up

-- Passkeys (WebAuthn credentials). user_handle is random, the same for all passkeys of a user; public_key is a COSE
-- key. sign_count is the highest that the authenticator has shown, 0 where it does not count. transports are separated
-- by spaces.
CREATE TABLE passkeys (
    id                 uuid    NOT NULL PRIMARY KEY,
    user_id            uuid    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name               text    NOT NULL,
    credential_id      bytea   NOT NULL UNIQUE,
    user_handle        bytea   NOT NULL,
    public_key         bytea   NOT NULL,
    sign_count         bigint  NOT NULL,
    aaguid             uuid    NOT NULL,
    transports         text    NOT NULL,
    is_backup_eligible boolean NOT NULL,
    is_backed_up       boolean NOT NULL,
    created_at         bigint  NOT NULL,
    last_used_at       bigint  NOT NULL DEFAULT 0
);
CREATE INDEX passkeys_user_id ON passkeys (user_id);

-- +goose Down
SELECT 1;
