-- +goose Up

-- Where a row stands in lists, as for users: when it was made, in microseconds; 0 where it was made before this column
-- was there.
ALTER TABLE roles ADD COLUMN position bigint NOT NULL DEFAULT 0;
ALTER TABLE client_types ADD COLUMN position bigint NOT NULL DEFAULT 0;

-- Failed passwords of the user before this second do not count; 0: none are forgotten.
ALTER TABLE users ADD COLUMN failures_forgotten_at bigint NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
