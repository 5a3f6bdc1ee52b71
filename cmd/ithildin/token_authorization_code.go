package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ithildin/cmd/ithildin/internal/console"
)

// signInTime is how long a person has to sign in.
const signInTime = 10 * time.Minute

type tokenAuthorizationCodeCommand struct {
	relyingParty
	Scope       []string `sep:" " default:"openid" help:"Scopes to request."`
	RedirectURI string   `default:"http://127.0.0.1/callback" placeholder:"URI" help:"@loopback_redirect_uri"`
}

// Help shows how the verb is used.
func (tokenAuthorizationCodeCommand) Help() string {
	return `It listens on the loopback address, prints the URL to open, and waits for the browser to return.

Example:

    echo demo-secret | ithildin token authorization-code --client-id demo --client-secret-file - \
        --scope "openid email" --redirect-uri http://127.0.0.1/dev/callback`
}

// Run prints the token answer (RFC 6749 4.1, with PKCE of RFC 7636).
func (c *tokenAuthorizationCodeCommand) Run(ctx context.Context, terminal console.Terminal) error {
	ctx, cancel := context.WithTimeout(ctx, signInTime)
	defer cancel()
	found, err := c.discover(ctx)
	if err != nil {
		return err
	}
	listener, redirectURI, err := c.listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	state, err := newSecret()
	if err != nil {
		return err
	}
	verifier, err := newSecret()
	if err != nil {
		return err
	}
	fmt.Fprintln(terminal.Err, "Open this in a browser:\n\n  "+c.authorizeURL(found.Authorize, redirectURI, state,
		verifier)+"\n")
	code, err := awaitCode(ctx, listener, state)
	if err != nil {
		return err
	}
	return c.post(ctx, terminal, found.Token, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
	})
}

// listen opens a listener at the host and port of the redirect URI.
func (c *tokenAuthorizationCodeCommand) listen() (net.Listener, string, error) {
	u, err := url.Parse(c.RedirectURI)
	if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" {
		return nil, "", &console.UsageError{Cause: fmt.Errorf("--redirect-uri %q: want http://127.0.0.1 and a path",
			c.RedirectURI)}
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "0")))
	if err != nil {
		return nil, "", err
	}
	u.Host = listener.Addr().String()
	return listener, u.String(), nil
}

func (c *tokenAuthorizationCodeCommand) authorizeURL(endpoint, redirectURI, state, verifier string) string {
	challenge := sha256.Sum256([]byte(verifier))
	return endpoint + "?" + url.Values{
		"response_type": {"code"}, "client_id": {c.ClientID}, "redirect_uri": {redirectURI},
		"scope": {strings.Join(c.Scope, " ")}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

// awaitCode answers the browser until one request comes with the right state.
func awaitCode(ctx context.Context, listener net.Listener, state string) (string, error) {
	answers := make(chan url.Values, 1)
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(state)) != 1 {
				http.Error(w, "This is not the sign-in that was begun.", http.StatusBadRequest)
				return
			}
			fmt.Fprintln(w, "Done. You can close this page and go back to the terminal.")
			select {
			case answers <- query:
			default: // a reload
			}
		})}
	go func() { _ = server.Serve(listener) }() // it ends with the listener
	defer func() { _ = server.Shutdown(context.WithoutCancel(ctx)) }()
	select {
	case <-ctx.Done():
		return "", errors.New("nobody signed in in time")
	case query := <-answers:
		if query.Get("code") == "" {
			return "", fmt.Errorf("%s: %s", query.Get("error"), query.Get("error_description"))
		}
		return query.Get("code"), nil
	}
}
