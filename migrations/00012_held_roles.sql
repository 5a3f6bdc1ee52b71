-- +goose Up

-- When a role was given, in epoch seconds; 0 where it was given before this column was there.
ALTER TABLE user_roles ADD COLUMN created_at bigint NOT NULL DEFAULT 0;
ALTER TABLE global_user_roles ADD COLUMN created_at bigint NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
