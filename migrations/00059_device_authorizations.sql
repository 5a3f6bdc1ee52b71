-- +goose Up

-- Requests of devices to sign somebody in elsewhere (RFC 8628). id is the SHA-256 of the device_code, user_code the MAC
-- of the code that a person types; the times are epoch seconds, poll_interval is in seconds. What an approved one gives
-- is a row of codes with the same id.
CREATE TABLE device_authorizations (
    id            bytea  NOT NULL PRIMARY KEY,
    user_code     bytea  NOT NULL,
    client_id     text   NOT NULL,
    parameters    text   NOT NULL,
    address       text   NOT NULL,
    created_at    bigint NOT NULL,
    expires_at    bigint NOT NULL,
    poll_interval bigint NOT NULL,
    polled_at     bigint NOT NULL DEFAULT 0,
    approved_at   bigint NOT NULL DEFAULT 0,
    denied_at     bigint NOT NULL DEFAULT 0,
    answered_by   uuid   NULL
);
CREATE UNIQUE INDEX device_authorizations_user_code ON device_authorizations (user_code);
CREATE INDEX device_authorizations_expires_at ON device_authorizations (expires_at);

-- +goose Down
SELECT 1;
