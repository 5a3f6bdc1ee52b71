-- +goose Up

-- An operator has set the password of whoever has this: they choose another at the next sign-in.
ALTER TABLE users ADD COLUMN must_change_password boolean NOT NULL DEFAULT FALSE;

-- The name as searches compare it, for no collation that both engines have knows the case of all letters. NULL until the
-- program has filled it.
ALTER TABLE clients ADD COLUMN name_folded text NULL;
CREATE INDEX clients_name_unfolded ON clients (id) WHERE name_folded IS NULL;

-- From where a session was used last, for its user to tell it by.
ALTER TABLE login_sessions ADD COLUMN address text NOT NULL DEFAULT '';

-- +goose Down
SELECT 1;
