package main

import (
	"cmp"
	"slices"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// clientMetadataFields are what a client may also register about itself (OIDC Registration 2). A sector document is not
// fetched here: whoever writes the command vouches for it.
type clientMetadataFields struct {
	ApplicationType            *string  `placeholder:"TYPE" enum:",web,native" help:"web (default), or native for an app, whose redirect URI may have a private-use scheme."`
	ResponseType               []string `placeholder:"TYPE,…" help:"Response types, such as \"code id_token\"; default code with authorization_code."`
	PostLogoutRedirectURI      []string `name:"post-logout-redirect-uri" sep:"none" placeholder:"URI" help:"Redirect URI after sign-out; may be repeated."`
	BackchannelLogoutURI       *string  `name:"backchannel-logout-uri" placeholder:"URL" help:"URI that is notified when a session ends (back-channel logout)."`
	FrontchannelLogoutURI      *string  `name:"frontchannel-logout-uri" placeholder:"URL" help:"URI that the browser opens in a frame when a session ends (front-channel logout)."`
	SubjectType                *string  `placeholder:"TYPE" enum:",public,pairwise" help:"public (default), or pairwise: another sub for each client."`
	SectorIdentifierURI        *string  `name:"sector-identifier-uri" placeholder:"URL" help:"URI of the document with the redirect URIs that share pairwise subjects."`
	UserinfoAlg                *string  `name:"userinfo-alg" placeholder:"ALG" enum:",RS256,ES256,EdDSA" help:"Signing algorithm of userinfo responses; default: unsigned JSON."`
	RequestObjectAlg           *string  `name:"request-object-alg" placeholder:"ALG" enum:",RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,EdDSA,HS256,HS384,HS512" help:"The only signing algorithm for request objects."`
	RequestURI                 []string `name:"request-uri" sep:"none" placeholder:"URL" help:"Address of request objects; may be repeated."`
	RequireSignedRequestObject *bool    `negatable:"" help:"Require a signed request object for each authorization request."`
	InitiateLoginURI           *string  `name:"initiate-login-uri" placeholder:"URL" help:"URI at which another party starts a sign-in with the client."`
	LogoURI                    *string  `name:"logo-uri" placeholder:"URL" help:"URI of the logo on the consent page."`
	ClientURI                  *string  `name:"client-uri" placeholder:"URL" help:"URI of the client's home page."`
	PolicyURI                  *string  `name:"policy-uri" placeholder:"URL" help:"URI of its privacy policy."`
	TermsURI                   *string  `name:"tos-uri" placeholder:"URL" help:"URI of its terms of service."`
	DefaultMaxAge              *int64   `placeholder:"SECONDS" help:"Age of a sign-in, in seconds, after which the user must sign in again."`
}

// apply changes what is given. New grants without response types get those that go with them.
func (f clientMetadataFields) apply(m *storage.Metadata, grants []string) {
	if grants != nil {
		replaceList(&m.GrantTypes, grants)
		m.ResponseTypes = nil
	}
	if f.ResponseType != nil {
		m.ResponseTypes = nil
		for _, responseType := range f.ResponseType {
			m.ResponseTypes = append(m.ResponseTypes, cmp.Or(oauth.NormalizeResponseType(responseType), responseType))
		}
	}
	if len(m.ResponseTypes) == 0 && slices.Contains(m.GrantTypes, "authorization_code") {
		m.ResponseTypes = []string{"code"}
	}
	for member, given := range map[*string]*string{
		&m.ApplicationType: f.ApplicationType, &m.SubjectType: f.SubjectType, &m.UserinfoSignedResponseAlg: f.UserinfoAlg,
		&m.RequestObjectSigningAlg: f.RequestObjectAlg,
		&m.BackchannelLogoutURI:    f.BackchannelLogoutURI, &m.FrontchannelLogoutURI: f.FrontchannelLogoutURI,
		&m.SectorIdentifierURI: f.SectorIdentifierURI, &m.InitiateLoginURI: f.InitiateLoginURI, &m.LogoURI: f.LogoURI,
		&m.ClientURI: f.ClientURI, &m.PolicyURI: f.PolicyURI, &m.TermsURI: f.TermsURI,
	} {
		replaceText(member, given)
	}
	replaceList(&m.PostLogoutRedirectURIs, f.PostLogoutRedirectURI)
	replaceList(&m.RequestURIs, f.RequestURI)
	if f.RequireSignedRequestObject != nil {
		m.RequireSignedRequestObject = *f.RequireSignedRequestObject
	}
	if f.DefaultMaxAge != nil {
		m.DefaultMaxAge = f.DefaultMaxAge
	}
}
