-- A country in PostgreSQL: 100,000 users, 10,000 clients, and what is issued to them.
CREATE FUNCTION row_uuid(digit int, i int) RETURNS uuid IMMUTABLE LANGUAGE sql AS
$$ SELECT (digit || '0000000-0000-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid $$;
CREATE FUNCTION row_hash(kind text, i int) RETURNS bytea IMMUTABLE LANGUAGE sql AS
$$ SELECT sha256((kind || i)::bytea) $$;
CREATE FUNCTION now_seconds() RETURNS bigint STABLE LANGUAGE sql AS $$ SELECT extract(epoch FROM now())::bigint $$;

INSERT INTO client_types (id, name, position)
SELECT row_uuid(1, i), 'TYPE ' || i, i
FROM generate_series(1, 10) AS s (i);

INSERT INTO roles (id, name, scope, position)
SELECT row_uuid(2, i), 'ROLE ' || i, 'patients:view', i
FROM generate_series(1, 20) AS s (i);

INSERT INTO users (id, email, tax_id, is_blocked, position, created_at, updated_at)
SELECT row_uuid(0, i), 'olena.koval.' || i || '@clinic-' || (i % 5000) || '.example', 3000000000 + i, i % 100 = 0,
    i, i, i
FROM generate_series(1, 100000) AS s (i);

INSERT INTO authentication_factors (id, user_id, type, factor, is_active, created_at, updated_at)
SELECT row_uuid(3, i), row_uuid(0, i), 'SMS', '+380501234567', i % 10 > 0, i, i
FROM generate_series(1, 50000) AS s (i);

INSERT INTO clients (id, name, name_folded, client_type_id, owner_id, is_blocked, position, created_at, updated_at)
SELECT 'client-' || i, 'Клініка № ' || i, 'клініка № ' || i, row_uuid(1, 1 + i % 10), row_uuid(0, 1 + i % 1000), i %
    100 = 0, i, i, i
FROM generate_series(1, 10000) AS s (i);

INSERT INTO connections (id, client_id, created_at, updated_at)
SELECT row_uuid(4, i), 'client-' || i, i, i
FROM generate_series(1, 10000) AS s (i);

INSERT INTO user_roles (id, user_id, role_id, client_id)
SELECT row_uuid(5, i), row_uuid(0, i), row_uuid(2, 1 + i % 20), 'client-' || (1 + i % 10000)
FROM generate_series(1, 100000) AS s (i);

INSERT INTO global_user_roles (id, user_id, role_id)
SELECT row_uuid(5, i), row_uuid(0, i), row_uuid(2, 1)
FROM generate_series(1, 1000) AS s (i);

INSERT INTO approvals (id, user_id, client_id, created_at, updated_at)
SELECT row_uuid(6, i), row_uuid(0, 1 + i % 100000), 'client-' || (1 + i % 9999), i, i
FROM generate_series(1, 200000) AS s (i);

INSERT INTO login_sessions (id, session_id, user_id, auth_time, amr, acr, address, last_used_at, created_at,
    expires_at, revoked_at)
SELECT row_hash('session', i), row_uuid(7, i), row_uuid(0, i), i, 'pwd', '', '192.0.2.' || (i % 250), now_seconds()
    + i, now_seconds() + i, now_seconds() + 100000 + i, CASE WHEN i % 2 = 0 THEN now_seconds() + i ELSE 0 END
FROM generate_series(1, 100000) AS s (i);

INSERT INTO codes (id, code_id, grant_id, client_id, user_id, redirect_uri, scope, session, created_at, expires_at)
SELECT row_hash('code', i), row_uuid(8, i), row_uuid(9, i), 'client-' || (1 + i % 10000), row_uuid(0, i), '', '',
    '{}', i, now_seconds() + i
FROM generate_series(1, 20000) AS s (i);

INSERT INTO grants (id, client_id, user_id, scope, session, refresh_token_id, refresh_hash, created_at, expires_at)
SELECT row_uuid(9, i), 'client-' || (1 + i % 10000), row_uuid(0, 1 + i % 100000), '', '{}', CASE WHEN i % 10 = 0
    THEN row_uuid(3, i) END, row_hash('refresh', i), i, now_seconds() + i
FROM generate_series(1, 200000) AS s (i);

INSERT INTO access_tokens (id, access_token_id, client_id, user_id, grant_id, scope, session, created_at,
    expires_at)
SELECT row_hash('access', i), row_uuid(4, i), 'client-' || (1 + i % 10000), row_uuid(0, 1 + i % 100000), row_uuid(9,
    i), '', '{}', i, now_seconds() + i
FROM generate_series(1, 200000) AS s (i);

INSERT INTO audit_events (id, kind, client_id, user_id, request_id, address, created_at, expires_at)
SELECT row_uuid(1, i), (ARRAY['sign_in_succeeded', 'sign_in_failed', 'grant_issued'])[1 + i % 3], 'client-' || (1 +
    i % 10000), CAST(row_uuid(0, 1 + i % 100000) AS text), 'request-' || i, '198.51.100.' || (i % 250), i,
    now_seconds() + i
FROM generate_series(1, 500000) AS s (i);

INSERT INTO mails (id, user_id, purpose, sealed, next_at, created_at, expires_at)
SELECT row_uuid(1, i), row_uuid(0, i), 'password_changed', '', now_seconds(), i, now_seconds() + 100000
FROM generate_series(1, 5000) AS s (i);

INSERT INTO logout_deliveries (id, client_id, user_id, session_id, subject, next_at, created_at, expires_at)
SELECT row_uuid(1, i), 'client-' || i, row_uuid(0, i), row_uuid(7, i), '', now_seconds(), i, now_seconds() + 100000
FROM generate_series(1, 5000) AS s (i);

INSERT INTO invitations (id, hash, email, role_ids, state, created_at, expires_at)
SELECT row_uuid(1, i), row_hash('invitation', i), 'nurse' || i || '@example.org', '', CASE WHEN i % 5 = 0 THEN
    'open' ELSE 'accepted' END, i, now_seconds() + 100000
FROM generate_series(1, 10000) AS s (i);
