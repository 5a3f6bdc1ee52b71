-- +goose Up

-- How many mails were given to the mail server in the latest minute in which one was, by all processes together; minute
-- counts from the epoch. reported is the latest minute of which it was said that mails had to wait. There is one row.
CREATE TABLE mail_pace (
    name     text   NOT NULL PRIMARY KEY,
    minute   bigint NOT NULL,
    mails    bigint NOT NULL,
    reported bigint NOT NULL DEFAULT 0
);
INSERT INTO mail_pace (name, minute, mails) VALUES ('all', 0, 0) ON CONFLICT DO NOTHING;

-- Which mail is sent first where not all can be.
CREATE INDEX mails_unsent_expires_at ON mails (expires_at) WHERE sent_at = 0;

-- +goose Down
SELECT 1;
