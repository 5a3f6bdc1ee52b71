-- A mithril database of any size: %[1]d users, %[2]d clients, %[3]d connections, %[4]d tokens, at the time %[5]d.
-- Ids are the MD5 of what they number.
CREATE FUNCTION id(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5(kind || ' ' || n)::uuid $$;
CREATE FUNCTION secret(kind text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT replace(encode(convert_to(encode(decode(md5('secret ' || kind || ' ' || n), 'hex'), 'base64'), 'UTF8'), 'base64'), E'\n', '') $$;

INSERT INTO users (id, email, password, password_set_at, tax_id, settings, priv_settings, inserted_at, updated_at)
SELECT id('user', n), 'User' || n || '@example.com', '$2b$04$.qpK2n7V8E6e0pXOJ0CkR.1p0oR0xmtYVbg1zjTlZ1h3u1PJ5dW2O', to_timestamp(%[5]d) AT TIME ZONE 'UTC',
       lpad(n::text, 10, '0'), '{}', '{"login_hstr":[],"otp_error_counter":0}', to_timestamp(%[5]d) AT TIME ZONE 'UTC', to_timestamp(%[5]d) AT TIME ZONE 'UTC'
FROM generate_series(1, %[1]d) n;
INSERT INTO password_hstr (user_id, password, inserted_at)
SELECT id('user', n), 'old ' || n, to_timestamp(%[5]d) AT TIME ZONE 'UTC' FROM generate_series(1, %[1]d, 10) n;
INSERT INTO client_types VALUES
    (id('client type', 1), 'MSP', 'legal_entity:read  employee:read legal_entity:write ', now(), now()),
    (id('client type', 2), 'MIS', 'legal_entity:read employee:readlegal_entity:merge', now(), now());
INSERT INTO roles VALUES (id('role', 1), 'DOCTOR', 'legal_entity:read employee:read', now(), now());
INSERT INTO clients (id, name, settings, priv_settings, user_id, client_type_id, inserted_at, updated_at)
SELECT id('client', n), 'Client ' || n, '{}', CASE WHEN n <= 3 THEN '{"access_type":"DIRECT","broker_scope":"legal_entity:read"}'
       ELSE '{"access_type":"BROKER"}' END::jsonb, id('user', 1 + n %% %[1]d), id('client type', CASE WHEN n <= 3 THEN 2 ELSE 1 END), now(), now()
FROM generate_series(1, %[2]d) n;
INSERT INTO connections (id, secret, redirect_uri, client_id, consumer_id, inserted_at, updated_at)
SELECT id('connection', n), secret('connection', n), 'https://mis' || (n %% 3) || '.example/cb', id('client', 1 + (n - 1) / 3), id('client', 1 + (n - 1) %% 3), now(), now()
FROM generate_series(1, %[3]d) n;
INSERT INTO user_roles SELECT id('user role', n), id('user', n), id('role', 1), id('client', 4 + n %% (%[2]d - 3)), now(), now() FROM generate_series(1, %[1]d) n;
INSERT INTO apps SELECT id('app', n), 'legal_entity:read employee:read', id('user', n), id('client', 4 + n %% (%[2]d - 3)), now(), now() FROM generate_series(1, %[1]d) n;
-- Of ten tokens one is a code, four are refresh tokens, five are access tokens, four of which name a refresh token.
INSERT INTO tokens (id, name, value, expires_at, details, user_id, inserted_at, updated_at)
SELECT id('token', n), CASE WHEN n %% 10 = 0 THEN 'authorization_code' WHEN n %% 10 <= 4 THEN 'refresh_token' ELSE 'access_token' END,
       secret('token', n), %[5]d + CASE WHEN n %% 7 = 0 THEN -86400 ELSE 86400 END,
       CASE WHEN n %% 10 = 0 THEN jsonb_build_object('client_id', id('client', 4 + u %% (%[2]d - 3)), 'grant_type', 'password', 'redirect_uri', 'https://mis1.example/cb', 'scope_request', 'legal_entity:read', 'used', n %% 20 = 0)
            WHEN n %% 10 <= 4 THEN jsonb_build_object('client_id', id('client', 4 + u %% (%[2]d - 3)), 'grant_type', 'authorization_code', 'scope', '')
            ELSE jsonb_build_object('client_id', id('client', 4 + u %% (%[2]d - 3)), 'grant_type', 'authorization_code', 'redirect_uri', 'https://mis1.example/cb', 'scope', 'legal_entity:read',
                 'refresh_token', CASE WHEN n %% 10 = 9 THEN NULL ELSE secret('token', n - 4) END) END,
       id('user', u), to_timestamp(%[5]d) AT TIME ZONE 'UTC', to_timestamp(%[5]d) AT TIME ZONE 'UTC'
FROM (SELECT n, 1 + (n / 10) %% %[1]d AS u FROM generate_series(1, %[4]d) n) numbered;
