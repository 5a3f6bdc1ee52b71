-- +goose Up

-- Where a row stands in lists: when it was made, in microseconds; 0 where it was made before this column was there. The
-- indexes of lists by id stay for servers of the release before.
ALTER TABLE users ADD COLUMN position bigint NOT NULL DEFAULT 0;
CREATE INDEX users_position ON users (position, id);
CREATE INDEX users_blocked_position ON users (position, id) WHERE is_blocked;
ALTER TABLE clients ADD COLUMN position bigint NOT NULL DEFAULT 0;
CREATE INDEX clients_position ON clients (position, id);
CREATE INDEX clients_client_type_position ON clients (client_type_id, position, id);
CREATE INDEX clients_owner_position ON clients (owner_id, position, id);
ALTER TABLE approvals ADD COLUMN position bigint NOT NULL DEFAULT 0;

-- Whether an import brought the row: one that prunes deletes no other.
ALTER TABLE users ADD COLUMN imported boolean NOT NULL DEFAULT FALSE;
ALTER TABLE clients ADD COLUMN imported boolean NOT NULL DEFAULT FALSE;
ALTER TABLE client_types ADD COLUMN imported boolean NOT NULL DEFAULT FALSE;
ALTER TABLE roles ADD COLUMN imported boolean NOT NULL DEFAULT FALSE;
ALTER TABLE connections ADD COLUMN imported boolean NOT NULL DEFAULT FALSE;
ALTER TABLE user_roles ADD COLUMN imported boolean NOT NULL DEFAULT FALSE;
ALTER TABLE global_user_roles ADD COLUMN imported boolean NOT NULL DEFAULT FALSE;
ALTER TABLE approvals ADD COLUMN imported boolean NOT NULL DEFAULT FALSE;
ALTER TABLE authentication_factors ADD COLUMN imported boolean NOT NULL DEFAULT FALSE;
ALTER TABLE codes ADD COLUMN imported boolean NOT NULL DEFAULT FALSE;
ALTER TABLE grants ADD COLUMN imported boolean NOT NULL DEFAULT FALSE;
ALTER TABLE access_tokens ADD COLUMN imported boolean NOT NULL DEFAULT FALSE;

-- +goose Down
SELECT 1;
