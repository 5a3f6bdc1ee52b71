-- +goose Up

-- Resources (APIs) that access tokens may be for (RFC 8707). identifier is the aud of such tokens; client_id is the
-- client as which the resource itself asks about tokens. An empty scope, access_token_format or access_lifetime leaves
-- that to the client.
CREATE TABLE resources (
    identifier          text    NOT NULL PRIMARY KEY,
    title_uk            text    NOT NULL,
    title_en            text    NOT NULL,
    scope               text    NOT NULL DEFAULT '',
    is_open             boolean NOT NULL DEFAULT FALSE,
    client_id           text    NULL REFERENCES clients (id) ON DELETE SET NULL,
    access_token_format text    NOT NULL DEFAULT '',
    access_lifetime     bigint  NOT NULL DEFAULT 0
);
CREATE INDEX resources_client_id ON resources (client_id);

-- +goose Down
SELECT 1;
