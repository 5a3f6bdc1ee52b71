package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/migrations"
	"ithildin/provider/identity"
	"ithildin/storage"
)

// openDatabase brings the database up to date, and asks it a question.
func (s *setup) openDatabase(ctx context.Context) (*storage.Store, error) {
	store, err := database.Open(s.settings.Database,
		func(o *storage.Options) { o.StatementTimeout = storage.NoStatementTimeout })
	if err != nil {
		return nil, err
	}
	if err := s.prepareDatabase(ctx, store); err != nil {
		return nil, database.ExplainRefused(errors.Join(err, store.Close()))
	}
	return store, nil
}

func (s *setup) prepareDatabase(ctx context.Context, store *storage.Store) error {
	if store.IsPooled() {
		return console.WithHint("give the address of PostgreSQL itself, without binary_parameters=yes",
			errors.New("a setup can't go through a transaction pooler"))
	}
	applied, err := migrations.Up(ctx, store.SQL(), database.EngineOf(store))
	if err != nil {
		return err
	}
	if err := store.Ping(ctx); err != nil {
		return err
	}
	engine := "SQLite"
	if store.IsPostgreSQL() {
		engine = "PostgreSQL"
	}
	s.say("database: ok, %s, %s applied", engine, console.Count(len(applied), "migration"))
	return nil
}

// checkClock compares the clock of this machine with that of the database.
func (s *setup) checkClock(store *storage.Store) {
	skew, most := store.ClockSkew(), s.settings.Serving.ClockSkew
	switch {
	case !store.IsPostgreSQL():
		s.say("clock: not compared, the database is a file of this machine")
		s.left = append(s.left, "Have the clock of this machine set by NTP: codes of authenticator apps depend on it.")
	case most > 0 && skew.Abs() > most:
		s.say("clock: %v from the database's, more than ITHILDIN_CLOCK_SKEW", skew.Round(time.Millisecond))
		s.left = append(s.left, "Set the clock: with this one the server does not become ready.")
	default:
		s.say("clock: ok, %v from the database's", skew.Round(time.Millisecond))
	}
}

// checkMail sends a test mail to the administrator.
func (s *setup) checkMail(ctx context.Context) {
	if s.settings.Mail.Server == nil {
		s.say("mail: none configured")
		s.left = append(s.left, "Set ITHILDIN_MAIL_URL and ITHILDIN_MAIL_FROM: without mail nobody can set a forgotten "+
			"password, or is told of changes of their account.")
		return
	}
	if err := sendTestMail(ctx, s.settings.Mail, s.command.Administrator, "uk", func(string) {}); err != nil {
		s.say("mail: failed, %v", err)
		s.left = append(s.left, "Mend the settings of mail, and try them: ithildin mail test "+s.command.Administrator+".")
		return
	}
	s.say("mail: ok, the server has taken a test mail for %s", s.command.Administrator)
}

// checkSMS sends a test message where a phone is given, and otherwise asks whether the service answers.
func (s *setup) checkSMS(ctx context.Context) {
	service, configured := s.settings.Components.SMS.(identity.HTTPSMS)
	if !configured {
		s.say("SMS: none configured")
		return
	}
	result, err := "the service answers; --test-phone sends a message", error(nil)
	if s.command.TestPhone != "" {
		result = "the service has taken a message for " + s.command.TestPhone
		err = service.Send(ctx, s.command.TestPhone, "ithildin: "+s.settings.Issuer.Host)
	} else {
		var status int
		status, _, err = service.Ask(ctx, http.MethodHead, service.URL, nil)
		if err == nil && status >= http.StatusInternalServerError {
			err = fmt.Errorf("the service answers %d", status)
		}
	}
	if err != nil {
		s.say("SMS: failed, %v", err)
		s.left = append(s.left, "Mend ITHILDIN_SMS_URL or its token, and run setup with --test-phone.")
		return
	}
	s.say("SMS: ok, %s", result)
}
