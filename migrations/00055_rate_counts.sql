-- +goose Up

-- How many requests of a subject each server has taken, so that all of them share its rate limit. subject is a keyed
-- hash; the times are epoch seconds.
CREATE TABLE rate_counts (
    limit_name text   NOT NULL,
    subject    bytea  NOT NULL,
    holder     uuid   NOT NULL,
    taken      bigint NOT NULL,
    counted_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (limit_name, subject, holder)
);
CREATE INDEX rate_counts_counted_at ON rate_counts (counted_at);
CREATE INDEX rate_counts_expires_at ON rate_counts (expires_at);

-- +goose Down
SELECT 1;
