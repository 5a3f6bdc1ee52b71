package provider

import (
	"cmp"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"ithildin/jwks"
	"ithildin/storage"
)

// typeIntrospection is the typ of a signed answer to an introspection, and with "application/" before it its media type
// (RFC 9701 4 and 5). Nothing that takes a token here takes a JWT of this typ.
const typeIntrospection = "token-introspection+jwt"

// signedIntrospection are the claims of a signed answer. It has neither sub nor exp, so that nobody takes it for an
// access token (RFC 9701 5).
type signedIntrospection struct {
	Issuer        string        `json:"iss"`
	Audience      string        `json:"aud"`
	IssuedAt      int64         `json:"iat"`
	Introspection introspection `json:"token_introspection"`
}

// writeSignedIntrospection answers the client that asked with a JWT for that client alone.
func (e *tokenEndpoints) writeSignedIntrospection(
	w http.ResponseWriter, client *storage.Client, found introspection,
) error {
	signed, err := e.keys.Sign(introspectionAlgorithm(client), typeIntrospection, signedIntrospection{
		Issuer: e.issuer, Audience: client.ID, IssuedAt: storage.EpochSeconds(e.store.Now()), Introspection: found,
	})
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/"+typeIntrospection)
	header.Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(signed)) // a client that is gone has nobody to tell
	return nil
}

// introspectionAlgorithm signs what a client asks about: the one that it registered, else the first of its profile,
// else RS256 (RFC 9701 6).
func introspectionAlgorithm(client *storage.Client) string {
	standard := jwks.RS256
	if allowed := client.Profile().SigningAlgorithms; len(allowed) > 0 {
		standard = allowed[0]
	}
	return cmp.Or(client.Metadata.IntrospectionSignedResponseAlg, standard)
}

// wantsSignedIntrospection says whether the header Accept prefers the signed form to JSON. A range such as */* means
// JSON, which every client of before expects.
func wantsSignedIntrospection(r *http.Request) bool {
	var signed, plain float64
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		mediaType, parameters, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		quality := 1.0
		if given, ok := parameters["q"]; ok {
			if quality, err = strconv.ParseFloat(given, 64); err != nil {
				quality = 0
			}
		}
		switch mediaType {
		case "application/" + typeIntrospection:
			signed = max(signed, quality)
		case "application/json":
			plain = max(plain, quality)
		}
	}
	return signed > 0 && signed >= plain
}
