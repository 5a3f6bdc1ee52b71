-- +goose Up

-- What an operator looks at again and again: the filters of a list of the console, under a name of the operator's own.
CREATE TABLE console_views (
    id         uuid   NOT NULL PRIMARY KEY,
    user_id    uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       text   NOT NULL,
    query      text   NOT NULL,
    created_at bigint NOT NULL
);
CREATE UNIQUE INDEX console_views_user_id ON console_views (user_id, name);

-- +goose Down
SELECT 1;
