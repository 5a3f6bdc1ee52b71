package provider

import (
	"context"
	"errors"
	"net/http"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/ory/fosite"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// A poll reads the request of its device. One that comes in time writes when it came; one that comes too early makes
// the interval longer too, and its device is told so from memory for the next second: however often a device asks, that
// is one read and one write a second for each process. The tokens take two reads, of the request and of its code, and
// one write.
const (
	// devicePollStep is by how much the interval grows with each poll that comes too early (RFC 8628 3.5), and
	// longestDevicePoll how long it grows.
	devicePollStep    = 5 * time.Second
	longestDevicePoll = time.Minute
	// devicePollPause is for how long a device that polls too early is not looked up again.
	devicePollPause = time.Second
	// pausedDevices bounds how many are remembered.
	pausedDevices = 10_000
)

// What devices are told that have no tokens yet, or will have none (RFC 8628 3.5).
var (
	errAuthorizationPending = oauth.NewError(http.StatusBadRequest, oauth.CodeAuthorizationPending,
		"The user has not answered yet.")
	errSlowDown = oauth.NewError(http.StatusBadRequest, oauth.CodeSlowDown,
		"The device polls too often: it must wait for 5 seconds more between two polls from now on.")
	errDeviceDenied  = oauth.NewError(http.StatusBadRequest, oauth.CodeAccessDenied, "The user refused.")
	errDeviceExpired = oauth.NewError(http.StatusBadRequest, oauth.CodeExpiredToken,
		"The device_code has expired: begin again at the device authorization endpoint.").Because(ErrTokenExpired)
	errDeviceCodeUsed    = oauth.InvalidGrant("The device_code has already been used.").Because(storage.ErrUsed)
	errDeviceCodeUnknown = oauth.InvalidGrant("The device_code is unknown, or was issued to another client.")
)

// devicePolls answers devices that ask for their tokens. It is safe for concurrent use.
type devicePolls struct {
	store *storage.Store
	// paused says until when a device is told to slow down without being looked up, by its client and its id.
	paused *lru.Cache[string, time.Time]
}

func newDevicePolls(store *storage.Store) *devicePolls {
	paused, err := lru.New[string, time.Time](pausedDevices)
	if err != nil {
		panic("provider: " + err.Error()) // only of a size that is none
	}
	return &devicePolls{store: store, paused: paused}
}

// lookUp reads what a device_code stands for: the code of an approved request, or what its device is told in the place
// of tokens. Errors: faults of the database.
func (d *devicePolls) lookUp(ctx context.Context, i *issuance, deviceCode string) error {
	i.code, i.refused = nil, nil
	if mayUseDevices(i.client) != nil {
		return nil // which the checks of every grant say
	}
	id, now := storage.Hash(deviceCode), d.store.Now()
	key := i.client.ID + "\x00" + string(id)
	if until, found := d.paused.Get(key); found && now.Before(until) {
		i.refused = errSlowDown
		return nil
	}
	request, err := d.store.FindDeviceAuthorization(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		i.failed = []error{ErrTokenUnknown}
	case err != nil:
		return err
	case request.ClientID != i.client.ID:
		i.failed = []error{ErrForeignToken}
	case !request.DeniedAt.IsZero():
		i.refused = errDeviceDenied
	case !request.ApprovedAt.IsZero():
		return d.findCode(ctx, i, id)
	case !request.ExpiresAt.After(now):
		i.refused = errDeviceExpired
	default:
		i.refused, err = d.poll(ctx, request, key)
		return err
	}
	return nil
}

// findCode reads the code of a request that was approved, and runs the checks of the exchange.
func (d *devicePolls) findCode(ctx context.Context, i *issuance, id []byte) error {
	code, err := d.store.FindCode(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		i.failed = []error{ErrTokenUnknown} // its approval was withdrawn, or its user deleted
		return nil
	}
	if err != nil {
		return err
	}
	i.code, i.user = code, code.UserClaims
	i.failed = failing([]check{
		{ErrTokenExpired, !code.ExpiresAt.After(d.store.Now())},
		{ErrNotApproved, code.ApprovalID == ""},
		{storage.ErrUsed, !code.UsedAt.IsZero()},
		{ErrNotHeld, !i.provesKey(code.Session.DPoPKey)},
		{ErrUserBlocked, code.UserBlocked},
	})
	return nil
}

// poll judges a poll of a device that nobody has answered, by when the one before came, and remembers it. A second is
// forgiven, since times are stored in seconds and networks are uneven.
func (d *devicePolls) poll(
	ctx context.Context, request *storage.DeviceAuthorization, key string,
) (*oauth.Error, error) {
	now, interval, answer := d.store.Now(), request.Interval, errAuthorizationPending
	if !request.PolledAt.IsZero() && now.Sub(request.PolledAt) < interval-time.Second {
		interval, answer = min(interval+devicePollStep, longestDevicePoll), errSlowDown
	}
	first, err := d.store.RecordDevicePoll(ctx, request, interval)
	if err != nil {
		return nil, err
	}
	if !first { // another poll, or the answer of the person, was faster
		answer = errSlowDown
	}
	if answer == errSlowDown {
		d.paused.Add(key, now.Add(devicePollPause))
	}
	return answer, nil
}

// deviceHandler is the device authorization grant (RFC 8628 3.4), which fosite v0.49.0 does not have. Once approved it
// goes on as the exchange of a code, since what was approved is one. It is fosite's TokenEndpointHandler.
type deviceHandler struct {
	provider *Provider
	config   *configuration
}

// CanHandleTokenEndpointRequest says which grant this is about.
func (*deviceHandler) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne(oauth.GrantTypeDeviceCode)
}

// CanSkipClientAuth is false: a device_code is good for its own client alone.
func (*deviceHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// HandleTokenEndpointRequest lets pass what was approved, by what lookUp has found.
func (h *deviceHandler) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	i := issuanceFrom(ctx)
	if err := mayUseDevices(i.client); err != nil {
		return err
	}
	switch {
	case i.refused != nil:
		return i.refused
	case i.code == nil:
		return errDeviceCodeUnknown
	case i.fails(storage.ErrUsed):
		if err := (fositeStorage{h.provider.store}).revokeReplayedCode(ctx, i); err != nil {
			return err
		}
		return errDeviceCodeUsed
	case i.fails(ErrTokenExpired):
		return errDeviceExpired
	}
	if err := i.policyError(); err != nil {
		return err
	}
	approved := i.fositeRequest(i.code.GrantID, i.code.ClientID, i.code.Scope, i.code.CreatedAt, i.code.Session)
	r.SetID(approved.ID)
	r.SetSession(approved.Session)
	r.SetRequestedScopes(approved.RequestedScope)
	for _, name := range approved.GrantedScope {
		r.GrantScope(name)
	}
	return nil
}

// PopulateTokenEndpointResponse makes the tokens and queues the rows, in the order of fosite's exchange of a code
// (fosite_storage.go).
func (h *deviceHandler) PopulateTokenEndpointResponse(
	ctx context.Context, r fosite.AccessRequester, w fosite.AccessResponder,
) error {
	p, rows := h.provider, fositeStorage{h.provider.store}
	token, signature, err := p.accessTokens.GenerateAccessToken(ctx, r)
	if err != nil {
		return err
	}
	if h.issuesRefreshToken(ctx, r) {
		refreshToken, _, err := p.refreshTokens.GenerateRefreshToken(ctx, r)
		if err != nil {
			return err
		}
		w.SetExtra("refresh_token", refreshToken)
	}
	if err := rows.InvalidateAuthorizeCodeSession(ctx, ""); err != nil {
		return err
	}
	if err := rows.CreateAccessTokenSession(ctx, signature, r); err != nil {
		return err
	}
	w.SetAccessToken(token)
	w.SetTokenType("bearer")
	w.SetScopes(r.GetGrantedScopes())
	if !r.GetGrantedScopes().Has("openid") {
		return nil
	}
	idToken, err := p.idTokens.GenerateIDToken(ctx, idTokenLifetime, r)
	if err != nil {
		return err
	}
	w.SetExtra("id_token", idToken)
	return nil
}

// issuesRefreshToken is the rule of the exchange of a code.
func (h *deviceHandler) issuesRefreshToken(ctx context.Context, r fosite.AccessRequester) bool {
	wanted := h.config.GetRefreshTokenScopes(ctx)
	return r.GetClient().GetGrantTypes().Has("refresh_token") &&
		(len(wanted) == 0 || r.GetGrantedScopes().HasOneOf(wanted...))
}
