-- +goose Up

-- The generation of the refresh token that was last asked for again after its grace, and how many generations in a row
-- were. Both stay as they are in a rotation.
ALTER TABLE grants ADD COLUMN repeated_generation bigint NOT NULL DEFAULT 0;

ALTER TABLE grants ADD COLUMN repeats bigint NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
