package registration

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/provider/outbound"
	"ithildin/storage"
)

// AnyHost in the place of hosts takes the clients of all of them.
const AnyHost = "any"

const (
	// DefaultDocumentScope is what a client may ask for that a document describes, where the operator names nothing.
	DefaultDocumentScope = "openid"

	maximumDocument    = 5 << 10 // bytes (Client ID Metadata Document 6.6)
	documentsPerHour   = 300     // that the requests of one network may have fetched, at once and again within an hour
	maximumByDocuments = 10_000  // clients that are stored
)

// DocumentOptions say which clients may describe themselves by a document at the https URL that is their client_id
// (draft-ietf-oauth-client-id-metadata-document).
type DocumentOptions struct {
	// Hosts are those whose documents are taken: names, or AnyHost alone. Default: none.
	Hosts []string
	// Scope is what such a client may ask for at most; nil for DefaultDocumentScope.
	Scope []string
	// Audience are the resources for which it may ask for access tokens.
	Audience []string
}

// IsOn says whether there are such clients.
func (o DocumentOptions) IsOn() bool { return len(o.Hosts) > 0 }

// DocumentDependencies are what Documents work with; all of them are required.
type DocumentDependencies struct {
	Store *storage.Store
	// Outbound fetches the documents; CountFetch is told of each: when it began, and its error.
	Outbound   *outbound.Client
	CountFetch func(began time.Time, err error)
	Now        func() time.Time
}

// Documents find clients, those among them that a document describes. It is safe for concurrent use.
type Documents struct {
	options DocumentOptions
	store   *storage.Store
	cache   *outbound.Cache[string]
	rate    *inbound.RateLimit
	fetches documentFetches
	now     func() time.Time
}

// NewDocuments makes Documents.
func NewDocuments(o DocumentOptions, d DocumentDependencies) *Documents {
	if o.Scope == nil {
		o.Scope = storage.SplitScope(DefaultDocumentScope)
	}
	documents := &Documents{
		options: o, store: d.Store, now: d.Now, fetches: documentFetches{of: map[string]int{}},
		rate: inbound.NewRateLimit(inbound.Quota{Requests: documentsPerHour, Window: time.Hour}),
	}
	documents.cache = outbound.NewCache(outbound.CacheOptions[string]{
		Client: d.Outbound, Maximum: maximumDocument, Now: d.Now, Fetched: d.CountFetch, Vouched: true,
		Admit: documents.admit,
		Parse: func(content []byte) (string, error) {
			_, err := parseDocument(content)
			return string(content), err
		},
	})
	return documents
}

// IsOn says whether there are clients that documents describe.
func (d *Documents) IsOn() bool { return d.options.IsOn() }

// Find finds a client by its id. One that a document describes is made of the document as it is now, and is not stored
// by that: Keep does so once a user lets it do something. Errors: storage.ErrNotFound; an *oauth.Error about a document
// that can't be used, or while too many are fetched; else a fault.
func (d *Documents) Find(ctx context.Context, id string) (*storage.Client, error) {
	stored, err := d.store.Client(ctx, id)
	switch {
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return nil, err
	case err == nil && stored.Document == nil, err == nil && stored.IsBlocked:
		return stored, nil
	case !isDocumentURL(id) || !d.options.IsOn():
		return nil, storage.ErrNotFound
	}
	host, malformed := documentHost(id)
	if malformed != nil {
		return nil, unusable("The client_id is no URL of a client's document: "+malformed.Error()+".", malformed)
	}
	if !d.takes(host) {
		return nil, unusable("Clients of the host "+host+" are not taken here.", errors.New("the host is not listed"))
	}
	blocked, err := d.store.IsClientHostBlocked(ctx, host)
	if err != nil {
		return nil, err
	}
	if blocked {
		return nil, unusable("Clients of the host "+host+" are not taken here.", errors.New("the host is blocked"))
	}
	content, err := d.fetch(ctx, id)
	if err != nil {
		return nil, err
	}
	client, err := d.asDescribed(id, host, []byte(content), stored)
	if err != nil {
		return nil, unusable("The document of the client can't be used: "+asPublic(err), err)
	}
	return client, nil
}

// unusable is the error of a client_id that names a document from which no client can be made.
func unusable(description string, cause error) *oauth.Error {
	return oauth.InvalidRequest(description).Because(errors.Join(oauth.ErrUnknownClient, cause))
}

// asPublic words what is wrong with a document.
func asPublic(err error) string {
	var known *oauth.Error
	if errors.As(err, &known) {
		return known.Description
	}
	return asMetadataError(err).Description
}

// fetch reads a document, from memory where it can. How far a fetch that failed has come is not told: whoever asks
// could look around in networks by it.
func (d *Documents) fetch(ctx context.Context, address string) (string, error) {
	content, err := d.cache.Get(ctx, address)
	if refused := (*fetchRefused)(nil); errors.As(err, &refused) {
		return "", refused.answer
	}
	if err != nil {
		return "", unusable(fmt.Sprintf("The document of the client can't be read: want a JSON object of %d bytes at most, "+
			"with the media type application/json and status 200, at its client_id.", maximumDocument), err)
	}
	return content, nil
}

// Keep stores a client that a document describes, where it is not stored as it is now: before anything is issued to it.
// The errors are public where there are too many such clients, else faults.
func (d *Documents) Keep(ctx context.Context, client *storage.Client) error {
	stored, err := d.store.Client(ctx, client.ID)
	switch {
	case err == nil && stored.IsKept(*client.Document):
		return nil
	case err == nil:
		return d.store.UpdateDocumentClient(ctx, *client)
	case !errors.Is(err, storage.ErrNotFound):
		return err
	}
	err = d.store.CreateDocumentClient(ctx, *client, maximumByDocuments)
	switch {
	case errors.Is(err, storage.ErrConflict): // another request was faster
		return nil
	case errors.Is(err, storage.ErrQuota):
		return oauth.NewError(http.StatusServiceUnavailable, oauth.CodeTemporarilyUnavailable,
			"There are as many clients of this kind as this provider takes. Its operator can make room.").Because(err)
	}
	return err
}

// FindAt finds the client of a request to an endpoint, by its path. Where a client pushes an authorization request that
// is Find; at every other it is the stored client as its user knew it, whatever the document has become since.
func (d *Documents) FindAt(ctx context.Context, endpoint, id string) (*storage.Client, error) {
	if endpoint == oauth.PathPushedRequest {
		return d.Find(ctx, id)
	}
	client, err := d.Stored(ctx, id)
	if err != nil {
		return nil, err
	}
	return d.restrict(client)
}

// Stored finds a stored client. Where it may be one that a document describes, the database is asked before it counts
// as unknown: another process may have stored it a moment ago. Errors: storage.ErrNotFound, or a fault.
func (d *Documents) Stored(ctx context.Context, id string) (*storage.Client, error) {
	client, err := d.store.Client(ctx, id)
	if !errors.Is(err, storage.ErrNotFound) || !isDocumentURL(id) {
		return client, err
	}
	if host, malformed := documentHost(id); malformed != nil || !d.takes(host) {
		return nil, err
	}
	return d.store.LoadClient(ctx, id)
}

// Takes says whether a stored client is one of those that the options take now.
func (d *Documents) Takes(client *storage.Client) bool {
	return client.Document == nil || d.takes(client.Document.Host)
}

// restrict holds a stored client to the options as they are now: storage.ErrNotFound for one of a host that is not
// taken any more, and no scope or audience beyond those of the options. A client of a type that has no scope of its own
// has all of the type's, so that those are cut too.
func (d *Documents) restrict(client *storage.Client) (*storage.Client, error) {
	if !d.Takes(client) {
		return nil, storage.ErrNotFound
	}
	if client.Document == nil {
		return client, nil
	}
	restricted := *client
	restricted.Scope = common(client.AllowedScope(), d.options.Scope)
	restricted.TypeScope = common(restricted.Scope, client.TypeScope)
	restricted.Metadata.Audience = common(client.Metadata.Audience, d.options.Audience)
	return &restricted, nil
}

// common are those of some names that are among others.
func common(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(others, name) })
}

func (d *Documents) takesAny() bool { return slices.Equal(d.options.Hosts, []string{AnyHost}) }

func (d *Documents) takes(host string) bool {
	return d.takesAny() || slices.Contains(d.options.Hosts, host)
}

// ValidateDocumentHost says what keeps a text from being one of DocumentOptions.Hosts.
func ValidateDocumentHost(host string) error {
	if !isHostName(host) {
		return fmt.Errorf("%.100q is no name of a host in small letters", host)
	}
	return nil
}
