package ehealth

import (
	"net/http"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// oneTimeCodesAPI lists one-time codes (contract section 2.7.10).
type oneTimeCodesAPI struct {
	answers
	store    *storage.Store
	identity *identity.Service // knows how often a code may be tried
}

// oneTimeCodeObject is a one-time code as the old system shows it, but for the code: only a MAC of that is kept.
type oneTimeCodeObject struct {
	ID            string  `json:"id"`
	Key           string  `json:"key"`
	Code          *string `json:"code"`
	CodeExpiredAt string  `json:"code_expired_at"`
	Status        string  `json:"status"`
	Active        bool    `json:"active"`
	AttemptsCount int64   `json:"attempts_count"`
	InsertedAt    string  `json:"inserted_at"`
}

// oneTimeCodeStatuses are the words of the old system.
var oneTimeCodeStatuses = map[string]string{
	storage.OneTimeCodeNew: "NEW", storage.OneTimeCodeVerified: "VERIFIED", storage.OneTimeCodeCanceled: "CANCELED",
	storage.OneTimeCodeExpired: "EXPIRED", storage.OneTimeCodeExhausted: "UNVERIFIED",
}

func (a *oneTimeCodesAPI) list(w http.ResponseWriter, r *http.Request) error {
	f, attempts := newFilters(r), a.identity.Limits().OneTimeCodeAttempts
	filter := storage.OneTimeCodeFilter{
		Attempts: attempts, Key: f.stringOf("key"), IsActive: f.boolean("active"),
	}
	if word := f.stringOf("status"); word != "" {
		filter.Status = "none" // for a word that no code has
		for status, known := range oneTimeCodeStatuses {
			if known == word {
				filter.Status = status
			}
		}
	}
	if failed := f.failed(); failed != nil {
		return failed
	}
	p := pageAsked(r)
	codes, total, err := a.store.PageOfOneTimeCodes(r.Context(), filter, p)
	if err != nil {
		return err
	}
	now := a.store.Now()
	return a.answerList(w, r, objects(codes, func(c storage.OneTimeCode) oneTimeCodeObject {
		status := c.StatusAt(now, attempts)
		return oneTimeCodeObject{
			ID: c.ID, Key: c.Key, CodeExpiredAt: naiveTime(c.ExpiresAt) + "Z", Status: oneTimeCodeStatuses[status],
			Active: status == storage.OneTimeCodeNew, AttemptsCount: c.Attempts, InsertedAt: naiveTime(c.CreatedAt) + "Z",
		}
	}), pagingOf(p, total))
}
