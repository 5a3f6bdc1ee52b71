package main_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const (
	recordsAPI = "https://records.example/api"
	billingAPI = "https://billing.example/api"
)

const (
	shopSecret   = "a-secret-of-more-than-128-random-bits-honestly"
	shopCallback = "https://shop.example/callback" // where the person's browser stops
)

// declaredShop is a client with two APIs and a type of authorization details.
const declaredShop = `
resources:
  - {identifier: "` + recordsAPI + `", title_uk: Записи, title_en: Records}
  - {identifier: "` + billingAPI + `", title_uk: Рахунки, title_en: Bills}
authorization_details_types:
  - type: record_access
    title_uk: Доступ до записів пацієнта
    title_en: Access to records of a patient
    fields:
      - {name: patient, title_uk: Пацієнт, title_en: Patient, kind: text, is_required: true}
      - name: actions
        title_uk: Дії
        title_en: Actions
        kind: text
        is_list: true
        values:
          - {value: read, title_uk: читати, title_en: read}
          - {value: write, title_uk: записувати, title_en: write}
clients:
  - client_id: shop
    name: Shop
    scope: [openid, offline_access]
    metadata:
      grant_types: [authorization_code, refresh_token, client_credentials]
      response_types: [code]
      token_endpoint_auth_method: client_secret_basic
      audience: ["` + recordsAPI + `", "` + billingAPI + `"]
      authorization_details_types: [record_access]
    connections:
      - {redirect_uris: ["` + shopCallback + `"], secret_file: secret}
`

// declareShop is the environment of a server that has the shop.
func declareShop(t *testing.T) []string {
	directory := t.TempDir()
	file := filepath.Join(directory, "shop.yaml")
	require.NoError(t, os.WriteFile(file, []byte(declaredShop), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(directory, "secret"), []byte(shopSecret), 0o600))
	return []string{"ITHILDIN_DECLARATION_FILE=" + file}
}

func TestOpenIDClientOfNodeGetsTokensForAPIsAndAuthorizationDetails(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS(declareShop(t), "serve", "--dev")
	browser := newFormBrowser(t, a.client())
	browser.stop = shopCallback
	var report struct {
		Types, Actions, RefreshedActions, IntrospectedActions []string
		Audience, RefreshedAudience, OwnAudience, Widened     string
	}
	arguments := []string{p.issuer, shopCallback, shopSecret, recordsAPI, billingAPI}
	a.startNode(t, "sign_in_detailed.mjs", arguments...).serve(func(address string) string {
		landed, _ := browser.visit(address)
		return landed.String()
	}, &report)
	require.Equal(t, []string{"record_access"}, report.Types)
	require.Equal(t, recordsAPI, report.Audience)
	require.Equal(t, []string{"read", "write"}, report.Actions)
	require.Equal(t, billingAPI, report.RefreshedAudience)
	require.Equal(t, []string{"read"}, report.RefreshedActions)
	require.Equal(t, []string{"read"}, report.IntrospectedActions)
	require.Equal(t, recordsAPI, report.OwnAudience)
	require.Equal(t, "invalid_target", report.Widened)
}

// TestOAuth2OfGoGetsTokensForAPIsAndAuthorizationDetails is an application with golang.org/x/oauth2 as it is.
func TestOAuth2OfGoGetsTokensForAPIsAndAuthorizationDetails(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS(declareShop(t), "serve", "--dev")
	rp := newRelyingParty(t, p.issuer, a.client())
	rp.config.ClientID, rp.config.ClientSecret, rp.config.RedirectURL = "shop", shopSecret, shopCallback
	rp.config.Scopes = []string{"openid", "offline_access"}
	browser := newFormBrowser(t, a.client())
	browser.stop = rp.config.RedirectURL
	const granted = `[{"type":"record_access","patient":"p-17","actions":["read","write"]}]`
	verifier := oauth2.GenerateVerifier()
	landed, _ := browser.visit(rp.config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier),
		oauth2.SetAuthURLParam("resource", billingAPI), oauth2.SetAuthURLParam("authorization_details", granted)))
	tokens, err := rp.config.Exchange(rp.context, landed.Query().Get("code"), oauth2.VerifierOption(verifier),
		oauth2.SetAuthURLParam("resource", billingAPI),
		oauth2.SetAuthURLParam("authorization_details", `[{"type":"record_access","patient":"p-17","actions":["read"]}]`))
	require.NoError(t, err)
	require.Equal(t, []any{map[string]any{"type": "record_access", "patient": "p-17", "actions": []any{"read"}}},
		tokens.Extra("authorization_details"))

	own := clientcredentials.Config{
		ClientID: rp.config.ClientID, ClientSecret: rp.config.ClientSecret, TokenURL: rp.config.Endpoint.TokenURL,
		EndpointParams: map[string][]string{"resource": {recordsAPI, billingAPI}},
	}
	_, err = own.Token(rp.context)
	require.NoError(t, err)
	own.EndpointParams = map[string][]string{"resource": {"https://nobody.example"}}
	_, err = own.Token(rp.context)
	var refused *oauth2.RetrieveError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "invalid_target", refused.ErrorCode)
}
