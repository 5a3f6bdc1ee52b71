-- +goose Up

-- Of a month whose events are all past their time, one table is dropped in place of millions of rows deleted.
PARTITION audit_events BY MONTH OF created_at;

-- +goose Down
SELECT 1;
