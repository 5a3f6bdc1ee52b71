package mail

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"ithildin/storage"
)

// Purpose is what a letter is about. It names its texts, and is a label of the metrics.
type Purpose string

// The letters.
const (
	// PasswordReset has the link by which a person who forgot the password sets another.
	PasswordReset Purpose = "password_reset"
	// PasswordChanged tells that the password was changed. Details: At.
	PasswordChanged Purpose = "password_changed"
	// PhoneChanged tells that the phone of the second factor was changed. Details: At, Phone.
	PhoneChanged Purpose = "phone_changed"
	// FactorAdded and FactorRemoved tell that an authenticator app was added or removed. Details: At, Factor.
	FactorAdded   Purpose = "factor_added"
	FactorRemoved Purpose = "factor_removed"
	// RecoveryCodesMade tells that new recovery codes were made, RecoveryCodeUsed that one of them was used. Details: At.
	RecoveryCodesMade Purpose = "recovery_codes_made"
	RecoveryCodeUsed  Purpose = "recovery_code_used"
	// EmailConfirmation goes to a new address, with the link that confirms it.
	EmailConfirmation Purpose = "email_confirmation"
	// EmailChanged tells the former address that another one took its place. Details: At.
	EmailChanged Purpose = "email_changed"
	// Invitation has the link by which a person accepts a role. Details: Inviter, Organisation, Role.
	Invitation Purpose = "invitation"
	// FactorReset tells that the phone of the second factor was taken away, and FactorDisabled that the second factor is
	// not asked for any more. Details: At.
	FactorReset    Purpose = "factor_reset"
	FactorDisabled Purpose = "factor_disabled"
	// AccountBlocked tells that the account was blocked after wrong one-time codes. Details: At.
	AccountBlocked Purpose = "account_blocked"
	// PasskeyAdded and PasskeyRemoved tell that somebody can sign in by another passkey, or by one less. Details: At,
	// Factor.
	PasskeyAdded   Purpose = "passkey_added"
	PasskeyRemoved Purpose = "passkey_removed"
	// PasskeyCloned tells that a passkey was refused, since there may be a copy of it. Details: At, Factor.
	PasskeyCloned Purpose = "passkey_cloned"
	// Test is what the verb mail test sends.
	Test Purpose = "test"
)

// Purposes are all of them.
var Purposes = []Purpose{
	PasswordReset, PasswordChanged, PhoneChanged, FactorReset, FactorDisabled, FactorAdded, FactorRemoved,
	RecoveryCodesMade, RecoveryCodeUsed, EmailConfirmation, EmailChanged, Invitation, AccountBlocked, PasskeyAdded,
	PasskeyRemoved, PasskeyCloned, Test,
}

// The languages of letters.
const (
	Ukrainian = "uk"
	English   = "en"
)

// Mail is a letter to one person.
type Mail struct {
	Purpose Purpose
	To      string // the address alone
	// Language is Ukrainian or English; anything else is Ukrainian.
	Language string
	// UserID is whose letter it is: it is deleted with the user. "" for somebody who has no account yet.
	UserID string
	// LinkID is the id, a UUID, of the row that the link stands for; it has one letter. "" for a letter without a link.
	LinkID string
	// Link is the https URL that the letter is about; "" for none.
	Link string
	// ExpiresAt is when the link is over, or the letter is of no more use. It is not sent after that.
	ExpiresAt time.Time
	Details   Details
}

// Details are what letters of some purposes say. A detail that is empty is left out.
type Details struct {
	At           time.Time // when it happened
	Phone        string    // masked, as it is to be shown
	Factor       string    // what its owner calls a second factor or a passkey
	Inviter      string
	Organisation string
	Role         string
}

// Message is a letter as it is sent.
type Message struct {
	ID      string `json:"id"` // a UUID; the same at each attempt
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

// Sender sends one message to a mail server. It returns nil where the server has taken it over.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// The errors of a Sender that mean more than another try.
var (
	// ErrRefused says that the mail server will never take the message for this recipient.
	ErrRefused = errors.New("mail: the recipient is refused")
	// ErrUnreachable says that there is no session with the mail server: other messages would fail too.
	ErrUnreachable = errors.New("mail: the mail server cannot be used")
)

// ErrNoLetter says that something is not what a letter can be made of: an address, a link, a time.
var ErrNoLetter = errors.New("mail: this makes no letter")

// ErrOff says that no mail server is configured.
var ErrOff = errors.New("mail: no mail server is configured")

// Bounds of what a letter is made from.
const (
	longestAddress = 254 // bytes, RFC 5321 4.5.3.1.3 without the angle brackets
	longestLink    = 2048
	longestDetail  = 200 // characters; the rest is cut off
)

// Options are what a Service takes from outside.
type Options struct {
	Store  *storage.Store
	Sender Sender // nil: mail is off
	// ServiceName is what letters call the service.
	ServiceName string
	Letters     *Letters // default BuiltIn
	// PerMinute is how many letters all processes on a database send in a minute of the clock at most, attempts that fail
	// among them; default DefaultPerMinute.
	PerMinute int
	Now       func() time.Time
	Logger    *slog.Logger
	Metrics   prometheus.Registerer
}

// DefaultPerMinute is more than a national service needs on its busiest day, and few enough that a mail server which
// takes them does not become known for spam.
const DefaultPerMinute = 300

// Service writes letters, queues them in the database and sends them. It is safe for concurrent use.
type Service struct {
	store     *storage.Store
	sender    Sender
	name      string
	letters   *Letters
	perMinute int64
	now       func() time.Time
	logger    *slog.Logger
	metrics   metrics
	// resume is when sending goes on after the mail server was unreachable or the ceiling was reached, in epoch seconds.
	resume atomic.Int64
}

// New makes a Service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	return &Service{
		store: o.Store, sender: o.Sender, name: o.ServiceName, letters: cmp.Or(o.Letters, BuiltIn),
		perMinute: int64(cmp.Or(o.PerMinute, DefaultPerMinute)), now: o.Now, logger: o.Logger, metrics: newMetrics(o.Metrics),
	}
}

// IsOn returns whether letters can be sent; by no Service none can. Pages that need a letter are not offered otherwise.
func (s *Service) IsOn() bool { return s != nil && s.sender != nil }

// Enqueue writes a letter and stores it to be sent, in the transaction of storage.Together if the context is in one.
// Where the link has a letter already, nothing is stored. Errors: ErrOff; storage.ErrNotFound, where there is no such
// user; ErrNoLetter.
func (s *Service) Enqueue(ctx context.Context, m Mail) error {
	if !s.IsOn() {
		return ErrOff
	}
	now := s.now()
	message, err := s.letters.Write(m, s.name, now)
	if err != nil {
		return err
	}
	content, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	err = s.store.EnqueueMail(ctx, storage.QueuedMail{
		ID: message.ID, LinkID: m.LinkID, UserID: m.UserID, Purpose: string(m.Purpose), Content: content,
		NextAt: now, CreatedAt: now, ExpiresAt: m.ExpiresAt,
	})
	if err == nil {
		s.metrics.count(m.Purpose, resultEnqueued)
	}
	return err
}

// Withdraw deletes the letter of a link that is void, if it was not sent yet. It takes part in storage.Together.
func (s *Service) Withdraw(ctx context.Context, linkID string) error {
	return s.store.WithdrawMail(ctx, linkID)
}

// check returns what is wrong with a letter.
func (m Mail) check(now time.Time) error {
	address, err := netmail.ParseAddress(m.To)
	switch {
	case !slices.Contains(Purposes, m.Purpose):
		return fmt.Errorf("%w: there is none about %q", ErrNoLetter, m.Purpose)
	case err != nil || address.Address != m.To || address.Name != "" || len(m.To) > longestAddress:
		return fmt.Errorf("%w: the recipient is no e-mail address", ErrNoLetter)
	case !m.ExpiresAt.After(now):
		return fmt.Errorf("%w: it has expired", ErrNoLetter)
	case m.Link == "" && fieldsOf[m.Purpose].needsLink():
		return fmt.Errorf("%w: its link is missing", ErrNoLetter)
	case m.Link == "":
		return nil
	}
	link, err := url.Parse(m.Link)
	if err != nil || link.Host == "" || link.Scheme != "https" && link.Scheme != "http" || len(m.Link) > longestLink {
		return fmt.Errorf("%w: the link is no absolute URL", ErrNoLetter)
	}
	return nil
}

// OneLine makes a text that somebody else may have chosen a short one of one line, without control characters and
// without marks that turn the direction of writing.
func OneLine(value string) string {
	value = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, value)
	value = strings.Join(strings.Fields(value), " ")
	if utf8.RuneCountInString(value) > longestDetail {
		value = string([]rune(value)[:longestDetail]) + "…"
	}
	return value
}
