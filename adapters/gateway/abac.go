package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"ithildin/provider"
	"ithildin/provider/outbound"
)

const (
	abacTimeout = 2 * time.Second
	// maximumABACAnswer bounds what the service answers, in bytes.
	maximumABACAnswer = 64 << 10
)

// ABAC asks the service that decides about single records (contract section 8.2). Whatever it does not answer is a no.
type ABAC struct {
	URL   string // without /api/authorize
	Token string // sent as a bearer token; "" sends none
}

type abacConsumer struct {
	UserID      string `json:"user_id"`
	ClientID    string `json:"client_id"`
	ClientType  string `json:"client_type,omitempty"`
	MISClientID string `json:"mis_client_id,omitempty"`
}

type abacResource struct {
	Type   string `json:"type"`
	Action string `json:"action"`
	ID     string `json:"id,omitempty"`
}

// allows says whether the service lets the bearer of a token do something to a record. The error says why it did not
// answer; it is a no like any other.
func (a *ABAC) allows(ctx context.Context, v *provider.Verification, record RecordABAC) (bool, error) {
	service := outbound.Service{Token: a.Token, Timeout: abacTimeout, MaximumAnswer: maximumABACAnswer}
	address := strings.TrimSuffix(a.URL, "/") + "/api/authorize"
	status, response, err := service.Ask(ctx, http.MethodPost, address, map[string]any{
		"consumer": abacConsumer{
			UserID: v.UserID, ClientID: v.ClientID, ClientType: v.Client.TypeName, MISClientID: v.MISClientID,
		},
		"resource": abacResource{Type: record.ResourceType, Action: record.Action, ID: record.ResourceID},
		"contexts": append([]Context{}, record.Contexts...),
	})
	switch {
	case err != nil:
		return false, fmt.Errorf("gateway: abac: %w", err)
	case status != http.StatusOK:
		return false, fmt.Errorf("gateway: abac answers with status %d", status)
	}
	var decision struct {
		Data struct {
			Result bool `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(response, &decision); err != nil {
		return false, fmt.Errorf("gateway: abac answers with what is not its JSON: %w", err)
	}
	return decision.Data.Result, nil
}
