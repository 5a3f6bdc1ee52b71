package console

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"ithildin/provider"
	"ithildin/provider/clientauth"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// askTrial asks what to try a client with: how its request begins a sign-in, and whether its secret is accepted.
func askTrial(v *visit, c *storage.Client) (*question, error) {
	t := trial{visit: v, client: c, redirectURI: v.r.PostForm.Get("redirect_uri")}
	t.scope = strings.Join(c.AllowedScope(), " ")
	if v.r.PostForm.Has("scope") {
		t.scope = strings.Join(strings.Fields(v.r.PostForm.Get("scope")), " ")
	}
	q := &question{isHarmless: true}
	if t.hasPeople() {
		var options []option
		for _, connection := range c.Connections {
			for _, uri := range connection.RedirectURIs {
				options = append(options, option{Value: uri, Label: uri, Selected: uri == t.redirectURI})
			}
		}
		q.Fields = append(q.Fields, field{
			Name: "redirect_uri", Label: v.T("trial.redirect_uri"), Type: "select", Options: options,
		})
	}
	q.Fields = append(q.Fields, field{Name: "scope", Label: v.T("try.scope"), Type: "text", Value: t.scope})
	if clientauth.HasSecret(c.Metadata.TokenEndpointAuthMethod) {
		q.Fields = append(q.Fields, field{
			Name: "secret", Label: v.T("trial.secret"), Hint: v.T("trial.secret_hint"), Type: "password",
		})
	}
	q.do = func(ctx context.Context) (*result, error) {
		err := v.store.RecordEvents(ctx, []storage.Event{storage.ByActor(ctx, storage.Event{
			Kind: storage.EventClientTried, ClientID: c.ID,
		})})
		if err != nil {
			return nil, err
		}
		done := &result{Lead: v.T("trial.result")}
		if t.hasPeople() {
			request := t.request()
			err := v.provider.CheckAuthorizationRequest(ctx, request)
			done.Facts = append(done.Facts, fact{v.T("trial.request"), t.answer(v.T("trial.leads_to_sign_in"), err)})
			done.Snippets = []snippet{{
				v.T("trial.open"), v.provider.Issuer() + oauth.PathAuthorize + "?" + request.Encode(),
			}}
		}
		if secret := v.r.PostForm.Get("secret"); secret != "" || !t.hasPeople() {
			done.Facts = append(done.Facts, fact{v.T("trial.authentication"), t.authenticate(ctx, secret)})
		}
		return done, nil
	}
	return q, nil
}

// trial is what a client is tried with.
type trial struct {
	*visit
	client             *storage.Client
	redirectURI, scope string
}

func (t trial) hasPeople() bool {
	for _, grant := range t.client.Metadata.GrantTypes {
		if grant == "authorization_code" {
			return true
		}
	}
	return false
}

// request are the parameters by which the client begins a sign-in. The verifier is thrown away: nobody can exchange the
// code.
func (t trial) request() url.Values {
	return url.Values{
		"client_id": {t.client.ID}, "redirect_uri": {t.redirectURI}, "response_type": {"code"}, "scope": {t.scope},
		"state": {rand.Text()}, "nonce": {rand.Text()}, "code_challenge_method": {"S256"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(oauth2.GenerateVerifier())},
	}
}

// answer is how the provider has answered: well, or by an error in the words that the client gets.
func (t trial) answer(well string, err error) cell {
	if err == nil {
		return marked(well, "good")
	}
	known := oauth.AsError(err)
	return marked(known.Code, "bad").with(known.Description)
}

// authenticate sends the secret to the token endpoint as the client does: with a code of nobody, which is refused once
// the client is known, or for a token of the client itself, which is thrown away.
func (t trial) authenticate(ctx context.Context, secret string) cell {
	request := provider.TokenRequest{Form: url.Values{"grant_type": {"client_credentials"}, "scope": {t.scope}}}
	if t.hasPeople() {
		request.Form = url.Values{
			"grant_type": {"authorization_code"}, "code": {rand.Text()}, "redirect_uri": {t.redirectURI},
			"code_verifier": {oauth2.GenerateVerifier()},
		}
	}
	if t.client.Metadata.TokenEndpointAuthMethod == storage.AuthMethodBasic {
		request.Authorization = "Basic " + base64.StdEncoding.EncodeToString(
			[]byte(url.QueryEscape(t.client.ID)+":"+url.QueryEscape(secret)))
	} else {
		request.Form.Set("client_id", t.client.ID)
		request.Form.Set("client_secret", secret)
	}
	set, err := t.provider.Exchange(ctx, request)
	if err == nil {
		return marked(t.T("trial.token", "scope", set.Scope), "good")
	}
	if known := oauth.AsError(err); t.hasPeople() && known.Code == oauth.CodeInvalidGrant &&
		known.Status == http.StatusBadRequest {
		return marked(t.T("trial.accepted"), "good")
	}
	return t.answer("", err)
}
