-- +goose Up

-- Every list of the admin API is read along an index in its order, for each filter that matches many rows: what the filter
-- names comes first, then what the list is ordered by.

-- Tokens, the latest expiry first. Most refresh tokens carry their grant's id and have no refresh_token_id; most opaque
-- access tokens are of the kind access_token: the indexes leave them out.
CREATE INDEX codes_client_id ON codes (client_id, expires_at);
CREATE INDEX grants_refresh_token ON grants (expires_at) WHERE refresh_token_id IS NOT NULL;
CREATE INDEX grants_client_refresh_token ON grants (client_id, expires_at) WHERE refresh_token_id IS NOT NULL;
CREATE INDEX access_tokens_client_expiry ON access_tokens (client_id, expires_at);
DROP INDEX access_tokens_client_id;
CREATE INDEX access_tokens_kind ON access_tokens (kind, expires_at) WHERE kind <> 'access_token';

-- Clients of a type, and those of a person.
CREATE INDEX clients_client_type_id ON clients (client_type_id, id);
CREATE INDEX clients_owner_id ON clients (owner_id, id);

-- Who is blocked.
CREATE INDEX users_blocked ON users (id) WHERE is_blocked;

-- Who has a role at a client. Deleting a client or a role finds them by it too.
CREATE INDEX user_roles_client_id ON user_roles (client_id, user_id);
CREATE INDEX user_roles_role_id ON user_roles (role_id, user_id);
CREATE INDEX global_user_roles_role_id ON global_user_roles (role_id, user_id);
CREATE INDEX approvals_client_id ON approvals (client_id, id);

-- +goose Down
SELECT 1;
