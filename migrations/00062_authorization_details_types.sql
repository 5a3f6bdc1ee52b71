-- +goose Up

-- Types of authorization details (RFC 9396). fields is a JSON list of what objects of the type may hold.
CREATE TABLE authorization_details_types (
    type         text    NOT NULL PRIMARY KEY,
    title_uk     text    NOT NULL,
    title_en     text    NOT NULL,
    is_open      boolean NOT NULL DEFAULT FALSE,
    without_user boolean NOT NULL DEFAULT FALSE,
    fields       text    NOT NULL DEFAULT '[]'
);

-- +goose Down
SELECT 1;
