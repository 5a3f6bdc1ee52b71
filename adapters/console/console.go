package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/provider/mail"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// Root is the path of the console.
const Root = "/console/"

// Options are what a Console takes from outside. Provider, Keys and URL are required.
type Options struct {
	Provider *provider.Provider
	Keys     *jwks.Set // which sign the ID tokens of the provider
	// URL is the admin listener as browsers of operators reach it, without a path.
	URL *url.URL
	// SecretsHashed says that secrets of clients of the legacy API are not stored encrypted besides.
	SecretsHashed bool
	// Mail sends letters of invitation; nil: there are none.
	Mail *mail.Service
	// CertificateEnds returns when the certificate of the public listener expires; nil: it has none of its own.
	CertificateEnds func() time.Time
}

// Console serves the pages. It is safe for concurrent use.
type Console struct {
	provider *provider.Provider
	store    *storage.Store
	keys     *jwks.Set
	logger   *slog.Logger
	issuer   *url.URL
	host     string // of the issuer, shown on each page
	secure   bool   // browsers reach it by https
	client   oauth2.Config
	verifier *oidc.IDTokenVerifier

	secretsHashed bool
	activity      *activity
	mail          *mail.Service
	// certificateEnds is nil where the public listener has no certificate of its own.
	certificateEnds func() time.Time
}

// New makes a Console, and the client by which operators sign in, so the database must answer.
func New(ctx context.Context, o Options) (*Console, error) {
	if o.Provider == nil || o.Keys == nil || o.URL == nil {
		return nil, errors.New("console: Provider, Keys and URL are required")
	}
	issuer, err := url.Parse(o.Provider.Issuer())
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	c := &Console{
		provider: o.Provider, store: o.Provider.Store(), keys: o.Keys, logger: o.Provider.Logger(), issuer: issuer,
		host: issuer.Host, secure: o.URL.Scheme == "https", secretsHashed: o.SecretsHashed,
		certificateEnds: o.CertificateEnds, activity: &activity{store: o.Provider.Store()},
		mail: o.Mail,
		client: oauth2.Config{
			ClientID: ClientID, Scopes: []string{oidc.ScopeOpenID},
			RedirectURL: o.URL.Scheme + "://" + o.URL.Host + pathCallback,
			Endpoint:    oauth2.Endpoint{AuthURL: o.Provider.Issuer() + oauth.PathAuthorize},
		},
	}
	c.verifier = oidc.NewVerifier(o.Provider.Issuer(), ownKeys{o.Keys}, &oidc.Config{
		ClientID: ClientID, Now: c.store.Now, SupportedSigningAlgs: []string{jwks.RS256},
	})
	if err := c.prepareClient(ctx); err != nil {
		return nil, fmt.Errorf("console: its client: %w", err)
	}
	return c, nil
}

// ownKeys are the keys of the provider, as the library for OpenID Connect asks for them.
type ownKeys struct{ keys *jwks.Set }

// VerifySignature implements oidc.KeySet.
func (k ownKeys) VerifySignature(_ context.Context, token string) (payload []byte, err error) {
	payload, _, err = k.keys.Verify(token, jwks.RS256)
	return payload, err
}

// address is that of a page, from the segments of its path. Each is escaped twice, for the router matches a path that
// was decoded once: the id of a client may have a slash, or be a dot. visit.parameter decodes it.
func address(segments ...string) string {
	escaped := make([]string, len(segments))
	for i, segment := range segments {
		once := url.PathEscape(segment)
		if strings.Trim(once, ".") == "" {
			once = strings.ReplaceAll(once, ".", "%2E")
		}
		escaped[i] = url.PathEscape(once)
	}
	return Root + strings.Join(escaped, "/")
}

// isOwn returns whether an address that came from outside is a page of the console: nothing else is redirected to.
func isOwn(target string) bool {
	u, err := url.Parse(target)
	if err != nil || len(target) > longestTarget || u.Scheme != "" || u.Host != "" || u.User != nil || u.Fragment != "" {
		return false
	}
	// Browsers resolve dot segments, also encoded ones, and take a backslash for a slash.
	return strings.HasPrefix(u.Path, Root) && !strings.Contains(u.Path, `\`) &&
		path.Clean(u.Path) == strings.TrimSuffix(u.Path, "/")
}

// goOn leads to a page of the console.
func goOn(w http.ResponseWriter, r *http.Request, target string) {
	if !isOwn(target) {
		target = Root
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, target, http.StatusSeeOther)
}
