-- +goose Up

-- Invitations to have roles for a client, or everywhere where client_id is NULL. hash is the SHA-256 of the code in the
-- link; state is open, accepted, rejected or revoked, and user_id is who answered.
CREATE TABLE invitations (
    id         uuid   NOT NULL PRIMARY KEY,
    hash       bytea  NOT NULL UNIQUE,
    email      text   NOT NULL,
    tax_id     text   NOT NULL DEFAULT '',
    client_id  text   NULL REFERENCES clients (id) ON DELETE CASCADE,
    role_ids   text   NOT NULL,
    inviter    text   NOT NULL DEFAULT '',
    state      text   NOT NULL DEFAULT 'open',
    user_id    uuid   NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX invitations_email ON invitations (email);
CREATE INDEX invitations_client_id ON invitations (client_id);
CREATE INDEX invitations_user_id ON invitations (user_id);
CREATE INDEX invitations_expires_at ON invitations (expires_at);

-- +goose Down
SELECT 1;
