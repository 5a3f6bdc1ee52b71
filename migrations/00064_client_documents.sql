-- +goose Up

-- Clients whose client_id is the https URL of a document that describes them (Client ID Metadata Documents). The hash
-- is of the document that their row in clients is made of.
CREATE TABLE client_documents (
    client_id  text   NOT NULL PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
    host       text   NOT NULL,
    hash       bytea  NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX client_documents_created_at ON client_documents (created_at);

-- Hosts whose clients of that kind are blocked, all of them.
CREATE TABLE blocked_client_hosts (
    host       text   NOT NULL PRIMARY KEY,
    reason     text   NOT NULL,
    created_at bigint NOT NULL
);

-- +goose Down
SELECT 1;
