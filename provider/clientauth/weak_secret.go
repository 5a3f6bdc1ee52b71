package clientauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"golang.org/x/sync/singleflight"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// PasswordVerifier compares a password with its slow hash. It bounds how many hashes it works on, and returns an
// inbound.ErrOverloaded beyond that.
type PasswordVerifier interface {
	Verify(ctx context.Context, hash, password string) (ok, stale bool, err error)
}

// weakSecrets verifies secrets of few bits, which have a slow hash: once each, and from then on by a keyed hash in
// memory, so that a request with such a secret costs no more than any other. Requests that come with the same secret
// meanwhile wait for the one hash.
type weakSecrets struct {
	key      []byte
	verifier PasswordVerifier
	right    *set
	wrong    *set // apart, so that guesses make nobody's right secret forgotten
	// hashing are the hashes under way, by client secret and what was presented for it.
	hashing singleflight.Group
}

// verify compares a secret with a known one. Where only known answers may be given, one that is not counts as wrong.
// Errors: inbound.ErrOverloaded.
func (w *weakSecrets) verify(
	ctx context.Context, known storage.ConnectionSecret, secret string, onlyKnown bool,
) (bool, error) {
	mac := hmac.New(sha256.New, w.key)
	mac.Write([]byte(known.ID + " " + known.PasswordHash + " " + secret))
	entry := string(mac.Sum(nil))
	if ok, seen := w.seen(entry); seen || onlyKnown {
		return ok, nil
	}
	// Not by the context of the one that came first, who may leave; the verifier bounds how long and how many wait.
	hash := w.hashing.DoChan(entry, func() (any, error) {
		if ok, seen := w.seen(entry); seen {
			return ok, nil
		}
		ok, _, err := w.verifier.Verify(context.WithoutCancel(ctx), known.PasswordHash, secret)
		if err == nil {
			w.remember(entry, ok)
		}
		return ok, err
	})
	select {
	case result := <-hash:
		ok, _ := result.Val.(bool)
		return ok && result.Err == nil, result.Err
	case <-ctx.Done():
		return false, fmt.Errorf("%w: %w", inbound.ErrOverloaded, ctx.Err())
	}
}

func (w *weakSecrets) seen(entry string) (ok, seen bool) {
	if _, right := w.right.Get(entry); right {
		return true, true
	}
	_, wrong := w.wrong.Get(entry)
	return false, wrong
}

func (w *weakSecrets) remember(entry string, ok bool) {
	if ok {
		w.right.Add(entry, struct{}{})
		return
	}
	w.wrong.Add(entry, struct{}{})
}
