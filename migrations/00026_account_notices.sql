-- +goose Up

-- Changes of accounts that their owners are still to be told of. email is the address to tell, which is the one before
-- where the address was changed; phone is the new number, and former_phone the one before, which is told too; name is
-- that of what was changed, where it has one.
CREATE TABLE account_notices (
    id           uuid   NOT NULL PRIMARY KEY,
    user_id      uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind         text   NOT NULL,
    email        text   NOT NULL,
    phone        text   NOT NULL DEFAULT '',
    former_phone text   NOT NULL DEFAULT '',
    name         text   NOT NULL DEFAULT '',
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL
);
CREATE INDEX account_notices_created_at ON account_notices (created_at);
CREATE INDEX account_notices_expires_at ON account_notices (expires_at);
CREATE INDEX account_notices_user_id ON account_notices (user_id);

-- +goose Down
SELECT 1;
