-- +goose Up

-- Mails that wait to be sent, and those that were, until their link is over; sealed is the mail under the master secret,
-- and empty once it was sent. A link has one mail.
CREATE TABLE mails (
    id         uuid   NOT NULL PRIMARY KEY,
    link_id    uuid   NULL UNIQUE,
    user_id    uuid   NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose    text   NOT NULL,
    sealed     text   NOT NULL,
    attempts   bigint NOT NULL DEFAULT 0,
    next_at    bigint NOT NULL,
    sent_at    bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX mails_next_at ON mails (next_at) WHERE sent_at = 0;
CREATE INDEX mails_expires_at ON mails (expires_at);
CREATE INDEX mails_user_id ON mails (user_id);

-- +goose Down
SELECT 1;
