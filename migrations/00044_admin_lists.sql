-- +goose Up

-- The live sessions of all people, and those from one address, the newest first.
CREATE INDEX login_sessions_live ON login_sessions (created_at, session_id) WHERE revoked_at = 0;
CREATE INDEX login_sessions_live_address ON login_sessions (address, created_at, session_id) WHERE revoked_at = 0;

-- Invitations, the oldest first.
CREATE INDEX invitations_created_at ON invitations (created_at, id);

-- What was asked from an address.
CREATE INDEX audit_events_address ON audit_events (address, created_at, id) WHERE address <> '';

-- +goose Down
SELECT 1;
