package main

import (
	"cmp"
	"slices"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// clientMetadataFields are the metadata that a client may also register itself (OIDC Registration 2). The document of
// a sector identifier is not fetched: the operator who runs the verb is responsible for it.
type clientMetadataFields struct {
	ApplicationType            *string  `placeholder:"TYPE" enum:",web,native" help:"@application_type"`
	ResponseType               []string `placeholder:"TYPE,…" help:"@response_type"`
	PostLogoutRedirectURI      []string `sep:"none" placeholder:"URI" help:"Redirect URI after sign-out; may be repeated."`
	BackchannelLogoutURI       *string  `placeholder:"URL" help:"@backchannel_logout_uri"`
	FrontchannelLogoutURI      *string  `placeholder:"URL" help:"@frontchannel_logout_uri"`
	SubjectType                *string  `placeholder:"TYPE" enum:",public,pairwise" help:"@subject_type"`
	SectorIdentifierURI        *string  `name:"sector-identifier-uri" placeholder:"URL" help:"@sector_identifier_uri"`
	UserinfoAlg                *string  `name:"userinfo-alg" placeholder:"ALG" enum:"${token_algs}" help:"@userinfo_alg"`
	AuthorizationAlg           *string  `name:"authorization-alg" placeholder:"ALG" enum:"${token_algs}" help:"@authorization_alg"`
	IntrospectionAlg           *string  `name:"introspection-alg" placeholder:"ALG" enum:"${token_algs}" help:"@introspection_alg"`
	RequestObjectAlg           *string  `placeholder:"ALG" enum:"${assertion_algs}" help:"@object_alg"`
	RequestURI                 []string `name:"request-uri" sep:"none" placeholder:"URL" help:"@request_uri"`
	RequireSignedRequestObject *bool    `negatable:"" help:"@require_signed_request_object"`
	RequirePushedRequests      *bool    `negatable:"" help:"@require_pushed_requests"`
	DPoPBoundAccessTokens      *bool    `name:"dpop-bound-access-tokens" negatable:"" help:"@dpop_bound_access_tokens"`
	InitiateLoginURI           *string  `name:"initiate-login-uri" placeholder:"URL" help:"@initiate_login_uri"`
	LogoURI                    *string  `name:"logo-uri" placeholder:"URL" help:"URI of the logo on the consent page."`
	ClientURI                  *string  `name:"client-uri" placeholder:"URL" help:"URI of the client's home page."`
	PolicyURI                  *string  `name:"policy-uri" placeholder:"URL" help:"URI of its privacy policy."`
	TermsURI                   *string  `name:"tos-uri" placeholder:"URL" help:"URI of its terms of service."`
	DefaultMaxAge              *int64   `placeholder:"SECONDS" help:"@default_max_age"`
}

// apply sets the members whose flags were given. Response types follow from the grant types where only the latter
// were given.
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
		&m.RequestObjectSigningAlg: f.RequestObjectAlg, &m.AuthorizationSignedResponseAlg: f.AuthorizationAlg,
		&m.IntrospectionSignedResponseAlg: f.IntrospectionAlg,
		&m.BackchannelLogoutURI:           f.BackchannelLogoutURI, &m.FrontchannelLogoutURI: f.FrontchannelLogoutURI,
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
	if f.RequirePushedRequests != nil {
		m.RequirePushedAuthorizationRequests = *f.RequirePushedRequests
	}
	if f.DPoPBoundAccessTokens != nil {
		m.DPoPBoundAccessTokens = *f.DPoPBoundAccessTokens
	}
	if f.DefaultMaxAge != nil {
		m.DefaultMaxAge = f.DefaultMaxAge
	}
}
