package main_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

// visitDevice answers for the person who opens the address that a device shows, and agrees to everything.
func (b *formBrowser) visitDevice(address string) string {
	landed, page := b.visit(address)
	require.Contains(b.t, page, "Доступ надано")
	return landed.String()
}

func TestOpenIDClientOfNodeSignsInOnADevice(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS(nil, "serve", "--dev")
	browser := newFormBrowser(t, a.client())
	var report struct{ UserCode, Sub, RefreshedSub, Email string }
	a.startNode(t, "device.mjs", p.issuer).serve(browser.visitDevice, &report)
	require.Regexp(t, "^[A-Z]{4}-[A-Z]{4}$", report.UserCode)
	require.NotEmpty(t, report.Sub)
	require.Equal(t, report.Sub, report.RefreshedSub)
	require.Equal(t, "doctor@example.com", report.Email)
}

func TestOpenIDClient5OfNodeSignsInOnADevice(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS([]string{"ITHILDIN_DPOP_NONCE=required"}, "serve", "--dev")
	browser := newFormBrowser(t, a.client())
	var report struct{ UserCode, TokenType, Sub, UserinfoSub string }
	a.startNode(t, "device_bound.mjs", p.issuer).serve(browser.visitDevice, &report)
	require.Regexp(t, "^[A-Z]{4}-[A-Z]{4}$", report.UserCode)
	require.Equal(t, "DPoP", report.TokenType)
	require.NotEmpty(t, report.Sub)
	require.Equal(t, report.Sub, report.UserinfoSub)
}

// TestOAuth2OfGoSignsInOnADevice is what a program in Go does that is a public client, as golang.org/x/oauth2 does not
// authenticate when it begins.
func TestOAuth2OfGoSignsInOnADevice(t *testing.T) {
	p := start(t, t.TempDir(), nil, "serve", "--dev")
	p.verb("client", "create", "--id", "cli", "--name", "Command line", "--auth-method", "none", "--scope", "openid email",
		"--grant-type", "urn:ietf:params:oauth:grant-type:device_code")
	config := oauth2.Config{ClientID: "cli", Scopes: []string{"openid", "email"}, Endpoint: oauth2.Endpoint{
		DeviceAuthURL: p.issuer + "/oauth2/device_authorization", TokenURL: p.issuer + "/oauth2/token",
		AuthStyle: oauth2.AuthStyleInParams,
	}}
	begun, err := config.DeviceAuth(t.Context())
	require.NoError(t, err)
	newFormBrowser(t, &http.Client{}).visitDevice(begun.VerificationURIComplete)
	token, err := config.DeviceAccessToken(t.Context(), begun)
	require.NoError(t, err)
	require.NotEmpty(t, token.AccessToken)
	require.NotEmpty(t, token.Extra("id_token"))

	response, err := config.Client(t.Context(), token).Get(p.issuer + "/oauth2/userinfo")
	require.NoError(t, err)
	defer response.Body.Close()
	var person struct{ Email string }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&person))
	require.Equal(t, "doctor@example.com", person.Email)
}
