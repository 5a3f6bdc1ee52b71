package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"ithildin/provider"
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
	// Client makes the requests; default one with a time limit that follows no redirects.
	Client *http.Client
}

var abacClient = &http.Client{
	Timeout:       abacTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
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
	body, err := json.Marshal(map[string]any{
		"consumer": abacConsumer{
			UserID: v.UserID, ClientID: v.ClientID, ClientType: v.Client.TypeName, MISClientID: v.MISClientID,
		},
		"resource": abacResource{Type: record.ResourceType, Action: record.Action, ID: record.ResourceID},
		"contexts": append([]Context{}, record.Contexts...),
	})
	if err != nil {
		return false, fmt.Errorf("gateway: abac: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(a.URL, "/")+"/api/authorize",
		bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("gateway: abac: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	if a.Token != "" {
		r.Header.Set("Authorization", "Bearer "+a.Token)
	}
	client := a.Client
	if client == nil {
		client = abacClient
	}
	response, err := client.Do(r)
	if err != nil {
		return false, fmt.Errorf("gateway: abac: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maximumABACAnswer))
	var answer struct {
		Data struct {
			Result bool `json:"result"`
		} `json:"data"`
	}
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	switch {
	case response.StatusCode != http.StatusOK:
		return false, fmt.Errorf("gateway: abac answers with status %d", response.StatusCode)
	case err != nil:
		return false, fmt.Errorf("gateway: abac answers with what is not its JSON: %w", err)
	}
	return answer.Data.Result, nil
}
