package oauth

import (
	"net/http"
	"slices"
	"strings"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// readers says which pages may read the answers of a path from another origin (CORS, Fetch standard). Cookies count at
// none of the paths that are shared, so what a page reads there it could also ask for from a server of its own.
type readers int

const (
	// readByNobody is for pages, and for everything that reads a cookie.
	readByNobody readers = iota
	// readByClients: a success is read by the origins of the client that asked, an error by whoever asked. An error often
	// comes before the client is known, and says nothing that the request did not say.
	readByClients
	// readByAll is for published documents, and for what a bearer token guards.
	readByAll
)

// CORS decides which pages of other origins may read an answer.
type CORS struct {
	Store *storage.Store
	// RegistrationByToken says that clients register with an initial access token, so that a page can do no harm there.
	RegistrationByToken bool
}

// readersOf is the table of the paths that scripts of other origins call. Registration without a token is not among
// them: any page could register clients from the addresses of those who look at it.
func (c *CORS) readersOf(path string) readers {
	switch path {
	case PathPushedRequest, PathDevice, PathToken, PathRevoke, PathUserinfo:
		return readByClients
	case PathDiscovery, PathServerMetadata, PathJWKS, PathProtectedResource + PathUserinfo:
		return readByAll
	}
	if c.RegistrationByToken && (path == PathRegister || strings.HasPrefix(path, PathRegister+"/")) {
		return readByAll
	}
	return readByNobody
}

// exposedHeaders are those of an answer that a script may read beside its body.
const exposedHeaders = "DPoP-Nonce, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"

// Share puts the CORS headers on every answer of the paths of audienceOf, whoever writes it: the endpoint, or what
// refuses the request before it.
func (c *CORS) Share(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		switch c.readersOf(r.URL.Path) {
		case readByAll:
			shareWith(header, "*")
		case readByClients:
			header.Set("Vary", "Origin")
			if origin := r.Header.Get("Origin"); origin != "" {
				w = &errorSharer{ResponseWriter: w, origin: origin}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// errorSharer lets the origin that asked read an answer that is an error. Of a success allowOrigin decides.
type errorSharer struct {
	http.ResponseWriter
	origin string
}

// WriteHeader implements http.ResponseWriter.
func (e *errorSharer) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		shareWith(e.Header(), e.origin)
	}
	e.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the writer below.
func (e *errorSharer) Unwrap() http.ResponseWriter { return e.ResponseWriter }

func shareWith(header http.Header, origin string) {
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Expose-Headers", exposedHeaders)
}

// AllowOrigin lets a script of the client read a success.
func (c *CORS) AllowOrigin(w http.ResponseWriter, r *http.Request, clientID string) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	client, err := c.Store.Client(r.Context(), clientID)
	if err != nil {
		return
	}
	allowed := slices.Contains(client.Metadata.AllowedCORSOrigins, origin)
	for _, uri := range client.RegisteredRedirectURIs() {
		allowed = allowed || inbound.Origin(uri) == origin
	}
	if allowed {
		shareWith(w.Header(), origin)
	}
}

// The bounds of the header names that a preflight may ask for.
const (
	maximumAskedHeaders     = 4 << 10 // bytes of the list
	maximumAskedHeaderNames = 64
)

// Preflight is answered without knowing the client: the answer to the request itself decides. A page may send whatever
// headers it asks for, since none that the endpoints read is one that a browser adds by itself.
func Preflight(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	if origin := r.Header.Get("Origin"); origin != "" && r.Header.Get("Access-Control-Request-Method") != "" {
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
		if names := askedHeaders(r.Header.Values("Access-Control-Request-Headers")); names != "" {
			header.Set("Access-Control-Allow-Headers", names)
		}
		header.Set("Access-Control-Max-Age", "600")
	}
	header.Set("Vary", "Origin, Access-Control-Request-Headers")
	w.WriteHeader(http.StatusNoContent)
}

// askedHeaders is the list of a preflight, if it is one of names and short enough, else "".
func askedHeaders(lines []string) string {
	list := strings.Join(lines, ",")
	if len(list) > maximumAskedHeaders {
		return ""
	}
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.Trim(name, " \t")
		if name == "" {
			continue
		}
		if !isToken(name) || len(names) == maximumAskedHeaderNames {
			return ""
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// isToken says that a text is a token of RFC 9110 section 5.6.2, which a header's name is.
func isToken(value string) bool {
	for _, c := range []byte(value) {
		isAlphanumeric := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !isAlphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return value != ""
}
