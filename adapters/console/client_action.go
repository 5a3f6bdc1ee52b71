package console

import (
	"context"
	"strings"

	"ithildin/provider/operator"
	"ithildin/provider/redirect"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// clientActions are those on the page of a client.
func clientActions() []action {
	on := func(name, path string, ask func(*visit, *storage.Client) (*question, error)) action {
		return action{path: "clients/{id}/" + path, name: name, right: operator.Clients, ask: aboutClient(ask)}
	}
	return []action{
		on("block-client", "block-client", askBlockClient),
		on("unblock-client", "unblock-client", askUnblockClient),
		on("end-client-tokens", "end-client-tokens", askEndClientTokens),
		on("trial", "trial", askTrial),
		on("edit-client", "edit-client", askEditClient),
		on("change-policy", "change-policy", askChangePolicy),
		on("delete-client", "delete-client", askDeleteClient),
		on("redirect-uris", "connections/{connection}/redirect-uris", aboutConnection(askRedirectURIs)),
		on("new-secret", "connections/{connection}/new-secret", aboutConnection(askNewSecret)),
		on("end-secret", "connections/{connection}/secrets/{secret}/end-secret", aboutConnection(askEndSecret)),
	}
}

// aboutClient finds the client of an action. The console's own client is changed by the settings of the server alone,
// and one that may ask for rights of operators only by those who have them.
func aboutClient(ask func(*visit, *storage.Client) (*question, error)) func(*visit) (*question, error) {
	return func(v *visit) (*question, error) {
		client, err := findClient(v)
		if err != nil {
			return nil, err
		}
		q, err := ask(v, client)
		if err != nil {
			return nil, err
		}
		q.Subject, q.Back = client.Name, clientAddress(client.ID)
		switch {
		case client.ID == ClientID:
			q.Refused = "action.own_client"
		case len(v.operator.Beyond(client.AllowedScope())) > 0:
			q.Refused = "action.beyond"
		}
		return q, nil
	}
}

// aboutConnection finds the connection of an action among those of its client.
func aboutConnection(
	ask func(*visit, *storage.Client, *storage.Connection) (*question, error),
) func(*visit, *storage.Client) (*question, error) {
	return func(v *visit, c *storage.Client) (*question, error) {
		connection := c.ConnectionByID(v.parameter("connection"))
		if connection == nil {
			return nil, storage.ErrNotFound
		}
		return ask(v, c, connection)
	}
}

func askBlockClient(v *visit, c *storage.Client) (*question, error) {
	count, err := v.store.CountLiveOfClient(v.r.Context(), c.ID)
	q := &question{Fresh: true, Facts: []fact{
		{v.T("client.grants"), text(number(count.Grants))}, {v.T("client.access_tokens"), text(number(count.AccessTokens))},
		{v.T("client.approvals"), text(number(count.Approvals))},
	}}
	q.do = withoutResult(func(ctx context.Context) error {
		actor, _ := storage.ActorOf(ctx)
		return v.store.BlockClient(ctx, c.ID, actor.Reason)
	})
	return q, err
}

func askUnblockClient(v *visit, c *storage.Client) (*question, error) {
	q := &question{Facts: []fact{{v.T("person.block_reason"), text(c.BlockReason)}}}
	q.do = withoutResult(func(ctx context.Context) error { return v.store.UnblockClient(ctx, c.ID) })
	if !c.IsBlocked {
		q.Refused = "action.client_not_blocked"
	}
	return q, nil
}

func askEndClientTokens(v *visit, c *storage.Client) (*question, error) {
	count, err := v.store.CountLiveOfClient(v.r.Context(), c.ID)
	q := &question{Fresh: true, Facts: liveFacts(v, count, false)}
	q.do = withoutResult(func(ctx context.Context) error { return v.store.DeactivateTokens(ctx, c.ID) })
	return q, err
}

// askRedirectURIs asks for the addresses to which codes go: whoever has one of them can sign in as others.
func askRedirectURIs(v *visit, c *storage.Client, connection *storage.Connection) (*question, error) {
	value := strings.Join(connection.RedirectURIs, "\n")
	if v.r.PostForm.Has("redirect_uris") {
		value = v.r.PostForm.Get("redirect_uris")
	}
	q := &question{Fresh: true, Fields: []field{{
		Name: "redirect_uris", Label: v.T("connection.redirects"), Hint: v.T("connection.redirects_hint"), Type: "textarea",
		Value: value, Required: true,
	}}}
	q.do = withoutResult(func(ctx context.Context) error {
		wanted := readURIs(value)
		if len(wanted) == 0 {
			return &formProblem{"connection.redirects_missing", "redirect_uris"}
		}
		for _, uri := range wanted {
			if redirect.Validate(uri) != nil {
				return &formProblem{"connection.redirects_wrong", "redirect_uris"}
			}
		}
		changed := *connection
		changed.RedirectURIs = wanted
		after := *c
		after.Connections = nil
		for _, other := range c.Connections {
			if other.ID == changed.ID {
				other = &changed
			}
			after.Connections = append(after.Connections, other)
		}
		if registration.ValidateClientChange(c, &after, registration.Rules{}) != nil {
			return &formProblem{"connection.redirects_wrong", "redirect_uris"}
		}
		return v.store.UpdateConnection(ctx, changed)
	})
	return q, nil
}
