package ehealth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

// counters are the values of all counters, by name and the values of the labels.
func (s *stack) counters() map[string]float64 {
	families, err := s.metrics.Gather()
	require.NoError(s.t, err)
	values := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if m.GetCounter() == nil {
				continue
			}
			name := []string{f.GetName()}
			for _, label := range m.GetLabel() { // in the order of their names
				name = append(name, label.GetValue())
			}
			values[strings.Join(name, " ")] = m.GetCounter().GetValue()
		}
	}
	return values
}

func TestMetricsOfSignInsClientsAndOperatorsStartAtZero(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		before := w.counters()
		w.factor(doctorPhone)
		w.components.smsAway = true
		w.login(byPassword())
		w.components.smsAway = false
		token := w.login(byPassword()).member("data.value")
		w.twoFactor(token, w.components.wrong(doctorPhone))
		require.Equal(t, http.StatusCreated, w.twoFactor(token, w.components.code(doctorPhone)).status)
		token = w.login(byPassword()).member("data.value")
		w.later.Store(301)
		w.twoFactor(token, w.components.code(doctorPhone))
		w.login(byPassword("token", "bad"))
		w.login(byPassword("token", "good"))
		for _, path := range []string{"users/" + doctorID, "clients/" + frontID} {
			require.Equal(t, http.StatusOK, w.admin(http.MethodPatch, path+"/actions/block", "").status)
			w.admin(http.MethodPatch, path+"/actions/block", "") // a conflict is no block
		}
		exchange := func(secret string) reply {
			return w.send(http.MethodPost, "/oauth/tokens", asJSON, body("token", map[string]any{
				"grant_type": "authorization_code", "client_id": hospitalID, "client_secret": secret, "code": "x",
				"redirect_uri": "https://hospital.example/callback", "scope": "legal_entity:read",
			}))
		}
		wrong := exchange("wrong")
		require.Equal(t, http.StatusUnauthorized, wrong.status, wrong.raw)
		exchange(hospitalSecret)

		after := w.counters()
		for name, by := range map[string]float64{
			"ithildin_one_time_codes_total sent": 3, "ithildin_one_time_codes_total not_sent": 1,
			"ithildin_one_time_codes_total right": 1, "ithildin_one_time_codes_total wrong": 1,
			"ithildin_one_time_codes_total expired": 1, "ithildin_one_time_codes_total limited": 0,
			"ithildin_outbound_calls_total answered sms": 3, "ithildin_outbound_calls_total failed sms": 1,
			"ithildin_outbound_calls_total answered captcha": 1, "ithildin_outbound_calls_total refused captcha": 1,
			"ithildin_outbound_calls_total failed abac": 0,
			"ithildin_blocks_total user":                1, "ithildin_blocks_total client": 1,
			"ithildin_client_authentications_total client_secret_post":                 1,
			"ithildin_client_authentication_failures_total client_secret_post refused": 1,
			"ithildin_client_authentication_failures_total client_secret_post limited": 0,
			"ithildin_tokens_refused_total invalid_client authorization_code":          1,
			"ithildin_tokens_refused_total invalid_grant refresh_token":                0,
		} {
			require.Contains(t, before, name, "a series is there before its first event")
			require.InDelta(t, by, after[name]-before[name], 0, name)
		}
		for name := range after {
			require.Contains(t, before, name, "every series is there from the start")
		}
	})
}

func TestMetricsCountABlockByWrongOneTimeCodes(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		token := w.login(byPassword()).member("data.value")
		for range 3 {
			w.twoFactor(token, w.components.wrong(doctorPhone))
		}
		counters := w.counters()
		require.InDelta(t, 1, counters["ithildin_blocks_total user"], 0)
		require.InDelta(t, 1, counters["ithildin_login_events_total user_blocked"], 0)
		require.InDelta(t, 3, counters["ithildin_one_time_codes_total wrong"], 0)
	})
}
