-- +goose Up

-- Browsers in which a user is not asked for a second factor until expires_at. device_hash is that of the id in the
-- device cookie of the browser, which says by itself with which password the user has signed in there.
CREATE TABLE remembered_browsers (
    id          uuid   NOT NULL PRIMARY KEY,
    user_id     uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device_hash bytea  NOT NULL,
    user_agent  text   NOT NULL,
    address     text   NOT NULL,
    created_at  bigint NOT NULL,
    expires_at  bigint NOT NULL,
    UNIQUE (user_id, device_hash)
);
CREATE INDEX remembered_browsers_expires_at ON remembered_browsers (expires_at);

-- +goose Down
SELECT 1;
