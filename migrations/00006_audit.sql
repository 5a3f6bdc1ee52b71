-- +goose Up

-- What was there before and after a change, as JSON; '' where an event is about no change.
ALTER TABLE audit_events ADD COLUMN changes text NOT NULL DEFAULT '';

-- Events of a kind are listed in the order of time, and each kind may be kept for a time of its own.
CREATE INDEX audit_events_kind ON audit_events (kind, created_at, id);

-- +goose Down
SELECT 1;
