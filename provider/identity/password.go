package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/text/unicode/norm"

	"ithildin/provider/inbound"
)

// ErrBusy says that too many passwords are being checked. The caller answers 503 and asks to come again.
var ErrBusy = fmt.Errorf("identity: too many passwords at once: %w", inbound.ErrOverloaded)

// What waits for a core is bounded in number and in time: behind more than this, an answer would come too late for the
// person who waits for it.
const (
	maximumWaiting = 100
	maximumWait    = 5 * time.Second
)

// memoryQuiet is how long after the last hash its memory is given back.
const memoryQuiet = 10 * time.Second

// MaximumPassword is the longest password in characters.
const MaximumPassword = 1024

// PasswordOptions are what Passwords take from outside.
type PasswordOptions struct {
	Random      io.Reader // default crypto/rand
	Concurrency int       // how many current hashes have room at once; default one a core
	// Hashed is told of each password that was hashed or compared: how long it waited for room, and how long it then
	// took. nil: nobody is.
	Hashed func(waited, took time.Duration)
	// CheapForTests makes new hashes that cost next to nothing. It is for tests of something else (architecture_test.go).
	CheapForTests bool
}

// Passwords hashes and verifies what people, and clients with weak secrets, prove themselves with. A current hash takes
// 19 MiB and a core for some tens of milliseconds, so that there is a budget of bytes: room for one current hash a
// core. An imported hash may take more memory, and then takes the room of several; the others wait. It is safe for
// concurrent use.
type Passwords struct {
	random  io.Reader
	cost    argon2Cost          // of new hashes
	buffers *semaphore.Weighted // bytes
	budget  int64               // bytes, of all of memory
	waiting atomic.Int64
	garbage atomic.Int64 // bytes that hashes have left since it was collected
	release *time.Timer
	hashed  func(waited, took time.Duration)
}

// NewPasswords makes Passwords; a process needs one.
func NewPasswords(o PasswordOptions) *Passwords {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Hashed == nil {
		o.Hashed = func(time.Duration, time.Duration) {}
	}
	if o.Concurrency <= 0 {
		o.Concurrency = runtime.GOMAXPROCS(0)
	}
	cost := currentCost
	if o.CheapForTests {
		cost = argon2Cost{buffers: 8, time: 1, lanes: 1}
	}
	budget := int64(o.Concurrency) * currentCost.bytes()
	p := &Passwords{
		random: o.Random, cost: cost, buffers: semaphore.NewWeighted(budget), budget: budget, hashed: o.Hashed,
	}
	// Each hash leaves 19 MiB of garbage. It is given back to the system once sign-ins pause, which the runtime would do
	// after minutes.
	p.release = time.AfterFunc(memoryQuiet, debug.FreeOSMemory)
	return p
}

// Hash makes the PHC string of a password in Unicode normal form C: argon2id with a random salt. Errors: ErrBusy.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if password == "" || TooLong(password, MaximumPassword) {
		return "", fmt.Errorf("identity: a password has 1 to %d characters", MaximumPassword)
	}
	h := argon2Hash{argon2Cost: p.cost, salt: make([]byte, saltLength)}
	if _, err := io.ReadFull(p.random, h.salt); err != nil {
		return "", fmt.Errorf("identity: no randomness: %w", err)
	}
	release, err := p.acquire(ctx, currentCost.bytes())
	if err != nil {
		return "", err
	}
	defer release()
	h.key = h.derive(norm.NFC.String(password), keyLength)
	return h.String(), nil
}

// Verify compares a password with a PHC string of argon2id, or of bcrypt as old systems made it. stale says that a
// right password should be hashed anew. An empty phc is that of an account which does not exist: it costs as much as a
// current hash and never matches. Errors: ErrBusy.
//
// A bcrypt hash costs what the old system chose, so until its owner has signed in once, the time of a refusal tells it
// from an account that does not exist.
func (p *Passwords) Verify(ctx context.Context, phc, password string) (ok, stale bool, err error) {
	if password == "" || TooLong(password, MaximumPassword) {
		return false, false, nil
	}
	release, err := p.acquire(ctx, memoryOf(phc))
	if err != nil {
		return false, false, err
	}
	defer release()
	for n, form := range passwordForms(password) {
		if ok, stale, err = p.verifyForm(phc, form); ok || err != nil {
			return ok, stale || ok && n > 0, err
		}
	}
	return false, stale, nil
}

// passwordForms are the texts that a hash may have been made of: the composed form (NFC), which is hashed today, what
// was typed, which other systems hashed as it came, and the decomposed form, which some keyboards type. They differ
// where letters carry marks, as in й and ї.
func passwordForms(password string) []string {
	forms := []string{norm.NFC.String(password)}
	for _, form := range []string{password, norm.NFD.String(password)} {
		if !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	return forms
}

// verifyForm is Verify for one form of a password.
func (p *Passwords) verifyForm(phc, password string) (ok, stale bool, err error) {
	switch {
	case phc == "":
		nobody := argon2Hash{argon2Cost: p.cost, salt: make([]byte, saltLength)}
		nobody.derive(password, keyLength)
		return false, false, nil
	case strings.HasPrefix(phc, "$2"):
		ok, err = verifyBcrypt(phc, password)
		return ok, true, err
	}
	h, err := parseArgon2(phc)
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(h.key, h.derive(password, uint32(len(h.key)))) == 1
	return ok, h.argon2Cost != p.cost || len(h.key) != keyLength, nil
}

// memoryOf is what it takes to verify a hash, in bytes. A bcrypt hash takes next to nothing but a core, and so the room
// of a current hash; so does one in no known form, which is refused.
func memoryOf(phc string) int64 {
	h, err := parseArgon2(phc)
	if err != nil {
		return currentCost.bytes()
	}
	return max(h.bytes(), currentCost.bytes())
}

// acquire waits until there is room for a hash of so many bytes, and returns what gives the room back. One that is
// larger than the budget is made alone.
func (p *Passwords) acquire(ctx context.Context, bytes int64) (release func(), err error) {
	bytes = min(bytes, p.budget)
	asked := time.Now()
	got := asked
	release = func() {
		p.hashed(got.Sub(asked), time.Since(got))
		left := bytes
		if p.cost != currentCost { // CheapForTests
			left = p.cost.bytes()
		}
		// The runtime would wait until as much garbage has gathered as GOGC says, of what is in use while all hash.
		if p.garbage.Add(left) >= p.budget {
			p.garbage.Store(0)
			runtime.GC()
		}
		p.buffers.Release(bytes)
		p.release.Reset(memoryQuiet)
	}
	if p.buffers.TryAcquire(bytes) {
		return release, nil
	}
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > maximumWaiting {
		return nil, ErrBusy
	}
	ctx, cancel := context.WithTimeout(ctx, maximumWait)
	defer cancel()
	if err := p.buffers.Acquire(ctx, bytes); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	got = time.Now()
	return release, nil
}
