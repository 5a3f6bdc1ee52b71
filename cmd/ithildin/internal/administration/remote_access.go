package administration

import (
	"context"
	"net/http"
	"net/url"

	"ithildin/adapters/admin"
	"ithildin/storage"
)

// remoteAccess implements Access.
type remoteAccess struct{ *api }

// ListLoginSessions implements Access.
func (r remoteAccess) ListLoginSessions(ctx context.Context, userID string) ([]storage.LoginSession, error) {
	list, err := page[admin.Session](ctx, r.api, path("users", userID, "sessions"), url.Values{})
	return each(list.Items, func(s admin.Session) storage.LoginSession {
		return storage.LoginSession{
			SessionID: s.ID, UserID: s.UserID, AuthTime: at(s.AuthTime), AMR: s.AMR, ACR: s.ACR, UserAgent: s.UserAgent,
			Address: s.Address, LastUsedAt: at(s.LastUsedAt), CreatedAt: at(s.CreatedAt), ExpiresAt: at(s.ExpiresAt),
		}
	}), err
}

// EndLoginSessions implements Access. It returns those that were live before.
func (r remoteAccess) EndLoginSessions(ctx context.Context, userID string) ([]storage.EndedSession, error) {
	sessions, err := r.ListLoginSessions(ctx, userID)
	if err != nil {
		return nil, err
	}
	ended := each(sessions, func(s storage.LoginSession) storage.EndedSession {
		return storage.EndedSession{SessionID: s.SessionID, UserID: userID}
	})
	return ended, r.remove(ctx, path("users", userID, "sessions"))
}

// EndLoginSessionOf implements Access.
func (r remoteAccess) EndLoginSessionOf(ctx context.Context, userID, sessionID string) (*storage.EndedSession, error) {
	if err := checkID(sessionID); err != nil {
		return nil, err
	}
	err := r.remove(ctx, path("users", userID, "sessions", sessionID))
	return &storage.EndedSession{SessionID: sessionID, UserID: userID}, err
}

// ListApprovals implements Access.
func (r remoteAccess) ListApprovals(ctx context.Context, userID string) ([]storage.Approval, error) {
	list, err := page[admin.Approval](ctx, r.api, path("approvals"),
		url.Values{"user_id": {userID}, "limit": {pageSize(0)}})
	return each(list.Items, func(p admin.Approval) storage.Approval {
		return storage.Approval{
			ID: p.ID, UserID: p.UserID, ClientID: p.ClientID, Scope: p.Scope, Claims: p.Claims, CreatedAt: at(p.CreatedAt),
			UpdatedAt: at(p.UpdatedAt),
		}
	}), err
}

// DeleteApproval implements Access.
func (r remoteAccess) DeleteApproval(ctx context.Context, id string) error {
	return r.remove(ctx, path("approvals", id))
}

func (r remoteAccess) heldRoles(ctx context.Context, userID string) ([]admin.HeldRole, error) {
	list, err := page[admin.HeldRole](ctx, r.api, path("users", userID, "roles"), url.Values{})
	return list.Items, err
}

// ListUserRoles implements Access.
func (r remoteAccess) ListUserRoles(ctx context.Context, userID string) ([]storage.UserRole, error) {
	held, err := r.heldRoles(ctx, userID)
	return each(held, func(h admin.HeldRole) storage.UserRole {
		return storage.UserRole{RoleID: h.RoleID, RoleName: h.RoleName, ClientID: h.ClientID}
	}), err
}

// GrantRole implements Access. A role that the user has is no error, as in a database.
func (r remoteAccess) GrantRole(ctx context.Context, userID, roleID, clientID string) error {
	body := admin.GivenRole{RoleID: roleID, ClientID: clientID}
	err := r.act(ctx, path("users", userID, "roles"), body, nil)
	switch refusedWith(err) {
	case http.StatusConflict:
		return nil
	case http.StatusUnprocessableEntity: // of the role and the client
		return storage.ErrNotFound
	}
	return err
}

// RevokeRole implements Access.
func (r remoteAccess) RevokeRole(ctx context.Context, userID, roleID, clientID string) error {
	held, err := r.heldRoles(ctx, userID)
	if err != nil {
		return err
	}
	for _, h := range held {
		if h.RoleID == roleID && h.ClientID == clientID {
			return r.remove(ctx, path("users", userID, "roles", h.ID))
		}
	}
	return storage.ErrNotFound
}

// PageOfInvitations implements Access.
func (r remoteAccess) PageOfInvitations(
	ctx context.Context, f storage.InvitationFilter, p storage.Page,
) ([]storage.Invitation, storage.Total, error) {
	list, err := page[admin.Invitation](ctx, r.api, path("invitations"), url.Values{
		"email": {f.Email}, "state": {f.State}, "cursor": {p.After}, "limit": {pageSize(p.Size)},
	})
	return each(list.Items, func(i admin.Invitation) storage.Invitation {
		return storage.Invitation{
			ID: i.ID, Email: i.Email, ClientID: i.ClientID, RoleIDs: i.RoleIDs, Inviter: i.Inviter, State: i.State,
			UserID: i.UserID, CreatedAt: at(i.CreatedAt), ExpiresAt: at(i.ExpiresAt),
		}
	}), storage.Total{Entries: list.Total, Next: list.NextCursor}, err
}

// RevokeInvitation implements Access.
func (r remoteAccess) RevokeInvitation(ctx context.Context, id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	return r.remove(ctx, path("invitations", id))
}
