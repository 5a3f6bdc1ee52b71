-- +goose Up

-- A number that grows with each write. What a standby knows of it tells which commits it has.
CREATE TABLE replica_marks (
    id   bigint NOT NULL PRIMARY KEY,
    mark bigint NOT NULL
);
INSERT INTO replica_marks (id, mark) VALUES (1, 0) ON CONFLICT DO NOTHING;

-- +goose Down
SELECT 1;
