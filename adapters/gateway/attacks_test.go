package gateway_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/adapters/gateway"
	"ithildin/jwks"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// decided is how often the metric says that an answer had this outcome.
func (s *stack) decided(outcome string) float64 {
	families, err := s.metrics.Gather()
	require.NoError(s.t, err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == "ithildin_gateway_decisions_total" && metric.GetLabel()[0].GetValue() == outcome {
				return metric.GetCounter().GetValue()
			}
		}
	}
	return -1
}

// jwtFor makes an access token of the doctor that is for some resources.
func (s *stack) jwtFor(audience any) string {
	token, _ := s.newJWT("at+jwt", audience)
	return token
}

// newJWT makes a token of a type, with the grant by which it is revoked.
func (s *stack) newJWT(tokenType string, audience any) (token, grantID string) {
	grantID = uuid.NewString()
	require.NoError(s.t, s.store.CreateGrant(s.t.Context(), storage.Grant{
		ID: grantID, ClientID: hospitalID, UserID: doctorID, Scope: "legal_entity:read",
		Session:   &storage.Session{UserID: doctorID, Subject: doctorID},
		ExpiresAt: time.Unix(now+3600, 0),
	}))
	token, err := s.keys.Sign(jwks.ES256, tokenType, map[string]any{
		"iss": s.issuer, "sub": doctorID, "aud": audience, "exp": now + 600, "iat": now, "jti": uuid.NewString(),
		"client_id": hospitalID,
		"scope":     "legal_entity:read employee:read employee:write episode:read", "grant_id": grantID,
	})
	require.NoError(s.t, err)
	return token, grantID
}

func TestAttackTokenForAnotherResourceAtTheGateway(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		ask := func(path string, audience any) int {
			return s.ask("GET", path, bearer(s.jwtFor(audience))...).status
		}
		const other, billing = "https://other.example", "https://billing.example"
		require.Equal(t, http.StatusOK, ask("/api/entities", s.issuer))
		require.Equal(t, http.StatusOK, ask("/api/entities", []string{other, s.issuer}))
		require.Equal(t, http.StatusUnauthorized, ask("/api/entities", other))
		require.Equal(t, http.StatusUnauthorized, ask("/api/entities", []string{other, s.issuer + "/"}))

		rules, err := gateway.ParseRules([]byte(`{"rules": [
			{"path": "/billing", "scopes": ["legal_entity:read"], "audiences": ["` + billing + `"]},
			{"path": "/api/entities", "scopes": ["legal_entity:read"]}]}`))
		require.NoError(t, err)
		s.gateway.SetRules(rules)
		require.Equal(t, http.StatusOK, ask("/billing", billing), "what a rule names counts")
		require.Equal(t, http.StatusUnauthorized, ask("/billing", s.issuer), "and nothing else does, there")
		require.Equal(t, http.StatusUnauthorized, ask("/billing", other))
		require.Equal(t, http.StatusOK, ask("/api/entities", billing))
		s.gateway.Audiences = []string{other}
		s.gateway.SetRules(rules)
		require.Equal(t, http.StatusOK, ask("/api/entities", other), "the setting replaces the default")
		require.Equal(t, http.StatusUnauthorized, ask("/api/entities", s.issuer))
		require.Equal(t, http.StatusOK,
			s.ask("GET", "/api/entities", bearer(s.token(hospitalID, "legal_entity:read", storage.KindAccessToken))...).status,
			"an opaque token that was asked for without a resource is for every one")
	})
}

func TestAttackUnknownTokensFillTheAudit(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		for range 300 {
			s.ask("GET", "/api/entities", "Authorization", "Bearer "+uuid.NewString())
			s.ask("GET", "/api/entities")
			s.ask("GET", "/public")
			s.ask("GET", "/mis", "api-key", uuid.NewString())
		}
		s.ask("GET", "/api/entities", bearer(s.token(hospitalID, "employee:read", storage.KindAccessToken))...)
		s.ask("GET", "/api/entities", "Authorization",
			"Bearer "+s.token(hospitalID, "legal_entity:read", storage.KindAccessToken))
		require.EqualValues(t, 900, s.decided("stranger"), "each is counted")
		require.EqualValues(t, 300, s.decided("public"))
		require.EqualValues(t, 2, s.decided("refused"))
		s.events.Close()
		events, err := s.store.ListEvents(t.Context(), storage.EventFilter{Kind: "gateway_decision", Limit: 1000})
		require.NoError(t, err)
		require.Len(t, events, 12, "a few of strangers, and each of somebody known")
		var newest storage.Event
		for _, e := range events {
			if e.UserID == doctorID && e.Details["strangers_not_kept"] == "" {
				newest = e
			}
		}
		require.Equal(t, hospitalID, newest.ClientID)
	})
}

func TestGatewayCountsPublicPassesWithoutAuditingThem(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		require.Equal(t, http.StatusOK, s.ask("GET", "/public").status)
		require.EqualValues(t, 1, s.decided("public"))
		s.events.Close()
		events, err := s.store.ListEvents(t.Context(), storage.EventFilter{Kind: "gateway_decision"})
		require.NoError(t, err)
		require.Empty(t, events)
	})
}

func TestGatewayLogNamesFailuresOfTheABACService(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		var log bytes.Buffer
		s.log = &log
		token := bearer(s.token(hospitalID, "episode:read", storage.KindAccessToken))
		s.allows = func(w http.ResponseWriter, _ map[string]any) { w.WriteHeader(http.StatusForbidden) }
		s.ask("GET", "/api/patients/42/episodes/7", token...)
		require.Contains(t, log.String(), "abac answers with status 403")
		s.allows = func(w http.ResponseWriter, _ map[string]any) { _, _ = w.Write([]byte("yes")) }
		s.ask("GET", "/api/patients/42/episodes/7", token...)
		require.Contains(t, log.String(), "abac answers with what is not its JSON: invalid character")
		require.NotContains(t, log.String(), "%!")
	})
}
