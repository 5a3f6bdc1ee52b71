-- The schema of a mithril database, as far as its rows matter (contract section 9). Its triggers are not here: they fill
-- tables that tests fill themselves.
CREATE EXTENSION IF NOT EXISTS citext;

CREATE TABLE users (
    id uuid PRIMARY KEY, email citext NOT NULL, password varchar(255) NOT NULL, password_set_at timestamp NOT NULL DEFAULT now(),
    tax_id varchar(255) NOT NULL DEFAULT '', person_id varchar(255) NOT NULL DEFAULT '', settings jsonb, priv_settings jsonb,
    is_blocked boolean NOT NULL DEFAULT FALSE, block_reason varchar(255),
    inserted_at timestamp NOT NULL, updated_at timestamp NOT NULL
);
CREATE TABLE password_hstr (
    id bigserial PRIMARY KEY, user_id uuid NOT NULL, password varchar(255) NOT NULL, inserted_at timestamp NOT NULL
);
CREATE TABLE client_types (
    id uuid PRIMARY KEY, name varchar(255) NOT NULL UNIQUE, scope varchar(2048),
    inserted_at timestamp NOT NULL, updated_at timestamp NOT NULL
);
CREATE TABLE clients (
    id uuid PRIMARY KEY, name varchar(255) NOT NULL, secret varchar(255) UNIQUE, redirect_uri varchar(255), settings jsonb,
    priv_settings jsonb DEFAULT '{"access_type":"BROKER"}', user_id uuid REFERENCES users ON DELETE CASCADE,
    client_type_id uuid NOT NULL REFERENCES client_types, is_blocked boolean NOT NULL DEFAULT FALSE, block_reason varchar(255),
    inserted_at timestamp NOT NULL, updated_at timestamp NOT NULL
);
CREATE TABLE connections (
    id uuid PRIMARY KEY, secret varchar(255) NOT NULL UNIQUE, redirect_uri varchar(255) NOT NULL,
    client_id uuid NOT NULL REFERENCES clients ON DELETE CASCADE, consumer_id uuid NOT NULL REFERENCES clients ON DELETE CASCADE,
    inserted_at timestamp NOT NULL, updated_at timestamp NOT NULL, UNIQUE (client_id, consumer_id)
);
CREATE TABLE roles (
    id uuid PRIMARY KEY, name varchar(255) NOT NULL UNIQUE, scope varchar(2048),
    inserted_at timestamp NOT NULL, updated_at timestamp NOT NULL
);
CREATE TABLE user_roles (
    id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE, role_id uuid NOT NULL REFERENCES roles ON DELETE CASCADE,
    client_id uuid NOT NULL REFERENCES clients ON DELETE CASCADE, inserted_at timestamp NOT NULL, updated_at timestamp NOT NULL,
    UNIQUE (user_id, role_id, client_id)
);
CREATE TABLE global_user_roles (
    id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE, role_id uuid NOT NULL REFERENCES roles ON DELETE CASCADE,
    inserted_at timestamp NOT NULL, updated_at timestamp NOT NULL, UNIQUE (user_id, role_id)
);
CREATE TABLE apps (
    id uuid PRIMARY KEY, scope varchar(2048), user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    client_id uuid NOT NULL REFERENCES clients ON DELETE CASCADE, inserted_at timestamp NOT NULL, updated_at timestamp NOT NULL,
    UNIQUE (user_id, client_id)
);
CREATE TABLE tokens (
    id uuid PRIMARY KEY, name varchar(255), value varchar(255), expires_at integer, details jsonb,
    user_id uuid REFERENCES users ON DELETE CASCADE, inserted_at timestamp NOT NULL, updated_at timestamp NOT NULL,
    UNIQUE (value, name)
);
CREATE INDEX tokens_expires_at_name ON tokens (expires_at, name);
CREATE TABLE authentication_factors (
    id uuid PRIMARY KEY, type varchar(255) NOT NULL, factor varchar(255), is_active boolean DEFAULT TRUE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE, inserted_at timestamp NOT NULL, updated_at timestamp NOT NULL,
    UNIQUE (user_id, type)
);
CREATE TABLE otp (
    id uuid PRIMARY KEY, key citext NOT NULL, code integer, code_expired_at timestamp, status varchar(255) DEFAULT 'NEW',
    active boolean DEFAULT TRUE, attempts_count integer DEFAULT 0, inserted_at timestamp NOT NULL
);
