package console

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"ithildin/provider/clientauth"
	"ithildin/provider/operator"
	"ithildin/storage"
)

// secretsTable lists the secrets of a client that are good now, those of each connection with the oldest first.
func secretsTable(v *visit, c *storage.Client) (section, error) {
	t := &table{Label: v.T("client.secrets"), Empty: v.T("client.no_secrets"), Columns: []string{
		v.T("connection.whose"), v.T("secret.since"), v.T("secret.until"), v.T("list.actions"),
	}}
	for _, connection := range c.Connections {
		whose, err := whoseConnection(v, connection)
		if err != nil {
			return section{}, err
		}
		secrets := slices.SortedStableFunc(slices.Values(connection.Secrets), func(a, b storage.ConnectionSecret) int {
			return a.CreatedAt.Compare(b.CreatedAt)
		})
		for _, secret := range secrets {
			var links []link
			if v.operator.Has(operator.Clients) && c.ID != ClientID && len(secrets) > 1 {
				links = []link{{v.T("action.end-secret.link"), address("clients", c.ID, "connections", connection.ID,
					"secrets", secret.ID, "end-secret")}}
			}
			t.Rows = append(t.Rows, []cell{
				whose, moment(secret.CreatedAt), endOfSecret(v, secret), cell{}.doing(links...),
			})
		}
	}
	return section{ID: "secrets", Title: v.T("client.secrets"), Lead: v.T("client.secrets_lead"), Table: t}, nil
}

func endOfSecret(v *visit, secret storage.ConnectionSecret) cell {
	if secret.ExpiresAt.IsZero() {
		return text(v.T("secret.no_end"))
	}
	return moment(secret.ExpiresAt)
}

// overlaps are for how many hours the secrets so far may stay good beside a new one.
var overlaps = []int64{24, 72, 168, 1, 0}

func askNewSecret(v *visit, c *storage.Client, connection *storage.Connection) (*question, error) {
	options := make([]option, len(overlaps))
	chosen := time.Duration(overlaps[0]) * time.Hour
	for i, hours := range overlaps {
		options[i] = option{Value: number(hours), Label: v.T("secret.hours." + number(hours))}
		if options[i].Value == v.r.PostForm.Get("overlap") {
			options[i].Selected, chosen = true, time.Duration(hours)*time.Hour
		}
	}
	q := &question{
		Fresh: true, Facts: []fact{{v.T("secret.live"), text(number(int64(len(connection.Secrets))))}},
		Fields: []field{{Name: "overlap", Label: v.T("secret.overlap"), Type: "select", Options: options}},
	}
	if !clientauth.HasSecret(c.Metadata.TokenEndpointAuthMethod) {
		q.Refused = "action.no_secret"
	}
	q.do = func(ctx context.Context) (*result, error) {
		signs := clientauth.SignsWithSecret(&c.Metadata)
		value, err := clientauth.RandomSecret(rand.Reader, signs)
		if err != nil {
			return nil, err
		}
		secret := v.store.NewConnectionSecret(storage.SecretValue{
			Text: value, Sealed: signs || c.IsLegacy() && !v.secretsHashed,
		})
		err = v.store.AddConnectionSecret(ctx, connection.ID, secret, v.store.Now().Add(chosen))
		return &result{Lead: v.T("secret.once"), Secret: value}, err
	}
	return q, nil
}

// askEndSecret asks whether a secret is to end now, such as the previous one once the client uses the new one. The only
// one is not ended here: the client could not authenticate any more.
func askEndSecret(v *visit, c *storage.Client, connection *storage.Connection) (*question, error) {
	at := slices.IndexFunc(connection.Secrets, func(s storage.ConnectionSecret) bool {
		return s.ID == v.parameter("secret")
	})
	if at < 0 {
		return nil, storage.ErrNotFound
	}
	secret := connection.Secrets[at]
	q := &question{Facts: []fact{
		{v.T("secret.since"), moment(secret.CreatedAt)}, {v.T("secret.until"), endOfSecret(v, secret)},
		{v.T("secret.others"), text(number(int64(len(connection.Secrets) - 1)))},
	}}
	if len(connection.Secrets) == 1 {
		q.Refused = "action.only_secret"
	}
	q.do = withoutResult(func(ctx context.Context) error {
		return v.store.Together(ctx, func(ctx context.Context) error {
			if err := v.store.HoldClient(ctx, c.ID); err != nil {
				return err
			}
			now, err := v.store.FindConnection(ctx, connection.ID)
			if err != nil {
				return err
			}
			if len(now.Secrets) < 2 {
				return storage.ErrConflict // somebody has ended the other one meanwhile
			}
			return v.store.EndConnectionSecret(ctx, connection.ID, secret.ID)
		})
	})
	return q, nil
}
