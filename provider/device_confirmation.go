package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ory/fosite"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/provider/login"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// deviceConfirmation are the pages on which a person answers the request of a device that is elsewhere (RFC 8628 3.3):
// the code that the device shows, the sign-in, and the question whether it is their device.
type deviceConfirmation struct {
	*authorizeEndpoint
	typed        identity.DeviceCodes
	userCodes    userCodes
	countOutcome func(outcome string)
}

// codePage asks for the code. One that came with the address is filled in, and no more (RFC 8628 3.3.1).
func (c *deviceConfirmation) codePage(w http.ResponseWriter, r *http.Request) error {
	code, _ := readUserCode(r.URL.Query().Get("user_code"))
	return c.login.DeviceCode(w, r, login.DeviceCodePage{UserCode: code})
}

// picture is the address of that page with a code in it, for a device that can't draw a QR code itself. It looks
// nothing up: whoever asks for it knows no more than before.
func (c *deviceConfirmation) picture(w http.ResponseWriter, r *http.Request) error {
	code, ok := readUserCode(r.URL.Query().Get("user_code"))
	if !ok {
		return oauth.InvalidRequest("The user_code is none: want eight letters, such as WDJB-MJHT.")
	}
	return c.login.DeviceQR(w, r, verificationURI(c.issuer, code))
}

// submitCode goes on to the question, once the code is one that waits for an answer. Why another one is none is not
// said.
func (c *deviceConfirmation) submitCode(w http.ResponseWriter, r *http.Request) error {
	typed, err := c.login.SubmittedDeviceCode(r)
	if err != nil {
		return err
	}
	code, ok := readUserCode(typed)
	if !ok {
		return c.login.DeviceCode(w, r, login.DeviceCodePage{Problem: login.DeviceCodeWrong})
	}
	current, err := c.login.Login(r.Context(), r, "")
	if err != nil {
		return err
	}
	userID := ""
	if current != nil {
		userID = current.User.ID
	}
	guess, err := c.typed.Count(r, userID)
	switch {
	case errors.Is(err, identity.ErrDeviceCodeSignIn):
		c.countOutcome(deviceLimited)
		return c.login.RedirectToPage(w, r, login.PathSignIn, login.Interaction{
			Page: login.PathDevice, Query: url.Values{"user_code": {code}}.Encode(),
		})
	case errors.Is(err, identity.ErrDeviceCodeLimited):
		c.countOutcome(deviceLimited)
		return c.login.DeviceCode(w, r, login.DeviceCodePage{Problem: login.DeviceCodeLimited})
	case err != nil:
		return err
	}
	found, err := c.store.FindDeviceAuthorizationByUserCode(r.Context(), c.userCodes.hash(code))
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && !found.IsOpen(c.store.Now()):
		c.countOutcome(deviceWrongCode)
		return c.login.DeviceCode(w, r, login.DeviceCodePage{Problem: login.DeviceCodeWrong})
	case err != nil:
		return err
	}
	if err := guess.WasRight(r.Context()); err != nil {
		return err
	}
	return c.login.RedirectToPage(w, r, login.PathDeviceConfirmation, login.Interaction{
		ClientID: found.ClientID, Device: &login.DeviceProgress{ID: found.ID, UserCode: code},
	})
}

// deviceRequest is a request of a device on its way through the pages.
type deviceRequest struct {
	*authorization
	interaction login.Interaction
	row         *storage.DeviceAuthorization
}

// page asks whether the device may have what its client asks for. It is shown each time, whatever the person approved
// before: that the device is theirs they say anew.
func (c *deviceConfirmation) page(w http.ResponseWriter, r *http.Request) error {
	request, err := c.open(w, r)
	if request == nil || err != nil {
		return err
	}
	return c.show(w, r, request, false)
}

func (c *deviceConfirmation) show(w http.ResponseWriter, r *http.Request, d *deviceRequest, unconfirmed bool) error {
	p := d.interaction
	p.UserID, p.Scope = d.login.User.ID, d.scope
	sealed, err := c.login.Seal(w, r, p)
	if err != nil {
		return err
	}
	return c.login.DeviceConfirmation(w, r, login.DeviceConfirmationPage{
		Client: login.PresentationOf(d.client), UserName: d.login.User.Email, Request: sealed,
		UserCode: p.Device.UserCode, BegunAt: d.row.CreatedAt, Address: d.row.Address,
		Scopes: d.scopes.entries(d.scope), Resources: d.issuance.target.shown(), Unconfirmed: unconfirmed,
	})
}

// submit takes the answer. It counts only for the user whom the page was made for, for what it showed, and an approval
// only where the person says that the device shows the same code.
func (c *deviceConfirmation) submit(w http.ResponseWriter, r *http.Request) error {
	request, err := c.open(w, r)
	if request == nil || err != nil {
		return err
	}
	if request.login.User.ID != request.interaction.UserID || !slices.Equal(request.scope, request.interaction.Scope) {
		return c.login.RedirectToPage(w, r, login.PathDeviceConfirmation, request.interaction)
	}
	switch r.PostFormValue("decision") {
	case login.DecisionAccept:
		if r.PostFormValue("matches") != "yes" {
			return c.show(w, r, request, true)
		}
		return c.accept(w, r, request)
	case login.DecisionDeny:
		return c.refuse(w, r, request)
	case login.DecisionSwitch:
		if _, err := c.login.EndSession(w, r); err != nil {
			return err
		}
		return c.login.RedirectToPage(w, r, login.PathSignIn, request.interaction)
	}
	return oauth.InvalidRequest("The decision must be accept, deny or switch.")
}

// open runs all checks of a request that a page carries. Where it returns none it has answered: by a notice, or by
// leading to the sign-in.
func (c *deviceConfirmation) open(w http.ResponseWriter, r *http.Request) (*deviceRequest, error) {
	pending, err := c.login.OpenInteraction(r)
	if err == nil && pending.Device == nil {
		err = login.ErrPendingForeign
	}
	if err != nil {
		return nil, err
	}
	row, err := c.store.FindDeviceAuthorization(r.Context(), pending.Device.ID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && !row.IsOpen(c.store.Now()) {
		return nil, c.login.DeviceNotice(w, r, login.DeviceOver)
	}
	if err != nil {
		return nil, err
	}
	a := c.newAuthorization(login.Interaction{Frontend: StandardFrontend, At: pending.At})
	d := &deviceRequest{authorization: a, interaction: pending, row: row}
	needed, err := c.read(a.issuance.context(r.Context()), r, d)
	switch {
	case err != nil:
		return nil, &pageError{cause: oauth.AsError(err)}
	case needed && a.onlyWeak:
		return nil, c.login.StepUp(w, r, d.interaction, a.login)
	case needed:
		return nil, c.login.RedirectToPage(w, r, login.PathSignIn, d.interaction)
	}
	return d, nil
}

// read finds the client and who is signed in, and holds both to what is asked, as the authorization endpoint does. It
// says whether another sign-in is needed.
func (c *deviceConfirmation) read(ctx context.Context, r *http.Request, d *deviceRequest) (needed bool, err error) {
	a := d.authorization
	form, malformed := oauth.ParseParameters(d.row.Parameters)
	if malformed != nil {
		return false, malformed
	}
	a.form = form
	a.form.Set("client_id", d.row.ClientID)
	if err := c.resolveClient(ctx, a); err != nil {
		return false, err
	}
	if err := mayUseDevices(a.client); err != nil {
		return false, err
	}
	a.issuance.client = a.client
	if err := c.resolveTarget(ctx, a, fosite.GetAudiences(a.form)); err != nil {
		return false, err
	}
	if a.context, err = c.readContext("", claimsRequest{}, a.client); err != nil {
		return false, err
	}
	if a.prompt.maxAge = -1; a.client.Metadata.DefaultMaxAge != nil {
		a.prompt.maxAge = *a.client.Metadata.DefaultMaxAge
	}
	if a.login, err = c.login.Login(ctx, r, a.client.ID); err != nil {
		return false, err
	}
	if a.demand, err = c.demandOf(ctx, a); err != nil {
		return false, err
	}
	d.interaction.ClientID, d.interaction.Required = a.client.ID, a.demand
	if needed, err = c.signInNeeded(a); needed || err != nil {
		return needed, err
	}
	return false, c.resolveScope(ctx, a)
}

// accept answers the device with a code, which it has already: in one write with the approval, the use of the session
// and the events.
func (c *deviceConfirmation) accept(w http.ResponseWriter, r *http.Request, d *deviceRequest) error {
	batch, l, now := d.issuance.batch, d.login, c.store.Now()
	session := &storage.Session{
		UserID: l.User.ID, Subject: c.identifiers.subject(d.client, l.User.ID), SessionID: l.Session.SessionID,
		AuthTime: l.Session.AuthTime, AMR: l.Session.AMR, ACR: d.context.acrToReport(l.Session),
		Audience: d.issuance.target.audience, DPoPKey: d.form.Get(parameterDPoPKey), GrantType: oauth.GrantTypeDeviceCode,
	}
	sessionID := session.SessionID
	if d.client.Policy.OutlivesSession() {
		sessionID = ""
	}
	batch.ApproveDeviceAuthorization(d.row.ID)
	batch.QueueCode(storage.Code{
		ID: d.row.ID, CodeID: c.store.NewID(), GrantID: c.store.NewID(), ClientID: d.client.ID, UserID: l.User.ID,
		SessionID: sessionID, Scope: strings.Join(d.scope, " "), Session: session, CreatedAt: now, ExpiresAt: d.row.ExpiresAt,
	})
	if d.consentNeeded() {
		c.approve(r.Context(), d.authorization)
	}
	c.login.QueueSessionUse(batch, l)
	return c.answer(w, r, d, storage.EventDeviceApproved, deviceApproved, login.DeviceApproved)
}

func (c *deviceConfirmation) refuse(w http.ResponseWriter, r *http.Request, d *deviceRequest) error {
	d.issuance.batch.DenyDeviceAuthorization(d.row.ID)
	return c.answer(w, r, d, storage.EventDeviceDenied, deviceDenied, login.DeviceDenied)
}

// answer makes the writes of an answer and shows the notice: that of an answer which came too late where it did.
func (c *deviceConfirmation) answer(
	w http.ResponseWriter, r *http.Request, d *deviceRequest, event, outcome string, notice login.DeviceNotice,
) error {
	queueEvent(r.Context(), d.issuance.batch, storage.Event{
		Kind: event, ClientID: d.client.ID, UserID: d.login.User.ID,
		Details: map[string]string{"scope": strings.Join(d.scope, " "), "device_address": d.row.Address},
	})
	inbound.RecordOf(r.Context()).About(d.client.ID, d.login.User.ID)
	switch err := d.issuance.batch.Flush(r.Context()); {
	case errors.Is(err, storage.ErrUsed):
		notice = login.DeviceOver
	case err != nil:
		return err
	default:
		c.countOutcome(outcome)
	}
	return c.login.DeviceNotice(w, r, notice)
}
