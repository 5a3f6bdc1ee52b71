package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/provider/oauth"
)

type tokenCommand struct {
	AuthorizationCode tokenAuthorizationCodeCommand `cmd:"" help:"Sign in with a browser and print the tokens."`
	Device            tokenDeviceCommand            `cmd:"" help:"Sign in on another device and print the tokens."`
	ClientCredentials tokenClientCredentialsCommand `cmd:"" help:"Get a token for the client itself."`
	Refresh           tokenRefreshCommand           `cmd:"" help:"Get tokens by a refresh token."`
	Introspect        tokenIntrospectCommand        `cmd:"" help:"Introspect a token (RFC 7662)."`
	Revoke            tokenRevokeCommand            `cmd:"" help:"Revoke a token, or by a refresh token its grant."`
}

const (
	tokenRequestTime   = 15 * time.Second
	maximumTokenAnswer = 1 << 20 // bytes
)

// relyingParty is a client of a running server, for a person at a terminal.
type relyingParty struct {
	Issuer           string `env:"ITHILDIN_ISSUER" placeholder:"URL" help:"The server; default http://127.0.0.1:8080."`
	ClientID         string `required:"" placeholder:"ID" help:"The client_id."`
	ClientSecretFile string `placeholder:"PATH" help:"@token_client_secret_file"`
}

// endpoints are what the discovery document says (OIDC Discovery 3).
type endpoints struct {
	Issuer     string `json:"issuer"`
	Authorize  string `json:"authorization_endpoint"`
	Device     string `json:"device_authorization_endpoint"`
	Token      string `json:"token_endpoint"`
	Introspect string `json:"introspection_endpoint"`
	Revoke     string `json:"revocation_endpoint"`
}

func (p relyingParty) discover(ctx context.Context) (*endpoints, error) {
	issuer := strings.TrimSuffix(cmp.Or(p.Issuer, "http://"+config.DefaultListen), "/")
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+oauth.PathDiscovery, nil)
	if err != nil {
		return nil, &console.UsageError{Cause: err}
	}
	status, body, err := send(r)
	if err != nil {
		return nil, console.WithHint("is the server running, and is --issuer right?", err)
	}
	var found endpoints
	if err := json.Unmarshal(body, &found); err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("there is no discovery document below %s", issuer)
	}
	if found.Issuer != issuer {
		return nil, console.WithHint("--issuer must be what the server calls itself",
			fmt.Errorf("the server at %s calls itself %s", issuer, found.Issuer))
	}
	return &found, nil
}

// post sends a form with the client's credentials and prints the answer. An OAuth error ends the verb.
func (p relyingParty) post(ctx context.Context, terminal console.Terminal, endpoint string, form url.Values) error {
	secret, err := p.readSecret(terminal)
	if err != nil {
		return err
	}
	status, body, err := p.ask(ctx, endpoint, secret, form)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return oauthError(status, body)
	}
	if len(body) == 0 { // RFC 7009 2.2
		return nil
	}
	return printAnswer(terminal, body)
}

// readSecret reads the client's secret, once: standard input has it once. It is "" for a public client.
func (p relyingParty) readSecret(terminal console.Terminal) (string, error) {
	if p.ClientSecretFile == "" {
		return "", nil
	}
	return terminal.ReadSecret(p.ClientSecretFile, "Client secret")
}

// ask sends a form with the client's credentials.
func (p relyingParty) ask(
	ctx context.Context, endpoint, secret string, form url.Values,
) (status int, body []byte, err error) {
	if p.ClientSecretFile == "" {
		form.Set("client_id", p.ClientID)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if secret != "" {
		r.SetBasicAuth(url.QueryEscape(p.ClientID), url.QueryEscape(secret)) // RFC 6749 2.3.1
	}
	return send(r)
}

func printAnswer(terminal console.Terminal, body []byte) error {
	var response map[string]any
	if err := json.Unmarshal(body, &response); err != nil {
		return fmt.Errorf("the answer is no JSON: %w", err)
	}
	return console.PrintJSON(terminal.Out, response)
}

func oauthError(status int, body []byte) error {
	var response struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(body, &response); err != nil || response.Error == "" {
		return fmt.Errorf("the server answered %d", status)
	}
	return fmt.Errorf("%s: %s", response.Error, response.Description)
}

// send makes a request and reads a bounded answer.
func send(r *http.Request) (status int, body []byte, err error) {
	client := &http.Client{Timeout: tokenRequestTime, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("the server redirects, which would take secrets elsewhere")
	}}
	response, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, maximumTokenAnswer))
	return response.StatusCode, body, err
}

type tokenClientCredentialsCommand struct {
	relyingParty
	Scope []string `sep:" " help:"Scopes to request."`
}

// Help shows how the verb is used.
func (tokenClientCredentialsCommand) Help() string {
	return `Example:

    echo demo-secret | ithildin token client-credentials --client-id demo --client-secret-file -`
}

// Run prints the token answer (RFC 6749 4.4).
func (c *tokenClientCredentialsCommand) Run(ctx context.Context, terminal console.Terminal) error {
	found, err := c.discover(ctx)
	if err != nil {
		return err
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(c.Scope) > 0 {
		form.Set("scope", strings.Join(c.Scope, " "))
	}
	return c.post(ctx, terminal, found.Token, form)
}

// tokenFlag says where the token is that a verb is about. It is never an argument: those are seen by every user of
// the machine.
type tokenFlag struct {
	TokenFile string `required:"" placeholder:"PATH" help:"File with the token, - for standard input."`
}

type tokenRefreshCommand struct {
	relyingParty
	tokenFlag
	Scope []string `sep:" " help:"Scopes to request, out of those granted."`
}

// Help shows how the verb is used.
func (tokenRefreshCommand) Help() string {
	return `Example:

    ithildin token refresh --client-id demo --client-secret-file demo.secret --token-file refresh.token`
}

// Run prints the token answer (RFC 6749 6).
func (c *tokenRefreshCommand) Run(ctx context.Context, terminal console.Terminal) error {
	form := url.Values{"grant_type": {"refresh_token"}}
	if len(c.Scope) > 0 {
		form.Set("scope", strings.Join(c.Scope, " "))
	}
	return c.sendToken(ctx, terminal, c.TokenFile, "refresh_token", form, func(e *endpoints) string { return e.Token })
}

type tokenIntrospectCommand struct {
	relyingParty
	tokenFlag
}

// Help shows how the verb is used.
func (tokenIntrospectCommand) Help() string {
	return `Example:

    ithildin token introspect --client-id demo --client-secret-file demo.secret --token-file - < access.token`
}

// Run prints the answer (RFC 7662 2.2).
func (c *tokenIntrospectCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return c.sendToken(ctx, terminal, c.TokenFile, "token", url.Values{},
		func(e *endpoints) string { return e.Introspect })
}

type tokenRevokeCommand struct {
	relyingParty
	tokenFlag
}

// Help shows how the verb is used.
func (tokenRevokeCommand) Help() string {
	return `Example:

    ithildin token revoke --client-id demo --client-secret-file demo.secret --token-file - < refresh.token`
}

// Run prints nothing: a token that is unknown is as good as revoked (RFC 7009 2.2).
func (c *tokenRevokeCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return c.sendToken(ctx, terminal, c.TokenFile, "token", url.Values{}, func(e *endpoints) string { return e.Revoke })
}

// sendToken sends a token from a file to an endpoint, as the form's field of that name.
func (p relyingParty) sendToken(
	ctx context.Context, terminal console.Terminal, file, field string, form url.Values, endpoint func(*endpoints) string,
) error {
	if file == "-" && p.ClientSecretFile == "-" {
		return &console.UsageError{Cause: errors.New("standard input holds the token or the client's secret, not both")}
	}
	token, err := terminal.ReadSecret(file, "Token")
	if err != nil {
		return err
	}
	found, err := p.discover(ctx)
	if err != nil {
		return err
	}
	form.Set(field, token)
	return p.post(ctx, terminal, endpoint(found), form)
}
