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
	ApplicationType            *string  `placeholder:"TYPE" enum:",web,native" help:"web (the default), or native for an app, which may have a private-use scheme."`
	ResponseType               []string `placeholder:"TYPE,…" help:"Response types, such as \"code id_token\"; default code with authorization_code."`
	PostLogoutRedirectURI      []string `name:"post-logout-redirect-uri" sep:"none" placeholder:"URI" help:"Where users go after they signed out; give it once for each."`
	BackchannelLogoutURI       *string  `name:"backchannel-logout-uri" placeholder:"URL" help:"Is told when a session ends."`
	FrontchannelLogoutURI      *string  `name:"frontchannel-logout-uri" placeholder:"URL" help:"Is opened in the browser when a session ends."`
	SubjectType                *string  `placeholder:"TYPE" enum:",public,pairwise" help:"public (the default), or pairwise for users whom no other client may recognise."`
	SectorIdentifierURI        *string  `name:"sector-identifier-uri" placeholder:"URL" help:"Document of the redirect URIs that share pairwise users."`
	UserinfoAlg                *string  `name:"userinfo-alg" placeholder:"ALG" enum:",RS256,ES256,EdDSA" help:"Signature of userinfo answers; default none, as JSON."`
	RequestObjectAlg           *string  `name:"request-object-alg" placeholder:"ALG" enum:",RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,EdDSA,HS256,HS384,HS512" help:"The only signature that request objects may have."`
	RequestURI                 []string `name:"request-uri" sep:"none" placeholder:"URL" help:"Where request objects may lie; give it once for each."`
	RequireSignedRequestObject *bool    `negatable:"" help:"Whether each authorization request must be a signed object."`
	InitiateLoginURI           *string  `name:"initiate-login-uri" placeholder:"URL" help:"Where others may send a user to sign in with the client."`
	LogoURI                    *string  `name:"logo-uri" placeholder:"URL" help:"Logo on the consent page."`
	ClientURI                  *string  `name:"client-uri" placeholder:"URL" help:"The client's own page."`
	PolicyURI                  *string  `name:"policy-uri" placeholder:"URL" help:"Its privacy policy."`
	TermsURI                   *string  `name:"tos-uri" placeholder:"URL" help:"Its terms of service."`
	DefaultMaxAge              *int64   `placeholder:"SECONDS" help:"Age of a sign-in after which the user is asked again."`
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
