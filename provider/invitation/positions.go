package invitation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"ithildin/provider/mail"
)

const (
	positionsLifetime = time.Hour
	positionsRetry    = time.Minute // after a call that failed
)

// positions are the words for codes of the dictionary POSITION. It is safe for concurrent use.
type positions struct {
	mutex sync.Mutex
	words map[string]string
	next  time.Time // when they are asked for again
}

// claim returns the words, and whether the caller is to ask for newer ones: one does, and the others go on with those
// that are there.
func (p *positions) claim(now time.Time) (words map[string]string, isDue bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if isDue = !now.Before(p.next); isDue {
		p.next = now.Add(positionsRetry)
	}
	return p.words, isDue
}

func (p *positions) put(words map[string]string, next time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.words, p.next = words, next
}

// position is the word for a code, or the code where ehealth.api has none. That it does not answer keeps nobody from an
// invitation.
func (e *EmployeeRequests) position(ctx context.Context, code string) string {
	if code == "" {
		return ""
	}
	words, isDue := e.positions.claim(e.now())
	if isDue {
		if newer, err := e.readPositions(ctx); err == nil {
			words = newer
			e.positions.put(newer, e.now().Add(positionsLifetime))
		}
	}
	if word := mail.OneLine(words[code]); word != "" {
		return word
	}
	return code
}

func (e *EmployeeRequests) readPositions(ctx context.Context) (map[string]string, error) {
	began := time.Now()
	status, content, err := e.call(ctx, began, http.MethodGet, "/api/dictionaries?name=POSITION", "", nil)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, e.refusal(began, status)
	}
	var response struct {
		Data []struct {
			Name   string            `json:"name"`
			Values map[string]string `json:"values"`
		} `json:"data"`
	}
	if json.Unmarshal(content, &response) == nil {
		for _, dictionary := range response.Data {
			if dictionary.Name == "POSITION" {
				e.count(began, nil)
				return dictionary.Values, nil
			}
		}
	}
	err = fmt.Errorf("%w: an answer without the dictionary POSITION", ErrUnavailable)
	e.count(began, err)
	return nil, err
}
