package login

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// browsers is what is known of remembered browsers.
func (s *signInPages) browsers() identity.RememberedBrowsers {
	return identity.RememberedBrowsers{Service: s.identity}
}

// rememberLabel is the label of the box by which a person has a browser remembered, "" where none is.
func (s *signInPages) rememberLabel(t *messageSet) string {
	days := int(s.browsers().Lifetime() / (24 * time.Hour))
	if days == 0 {
		return ""
	}
	return strings.ReplaceAll(t.Factors.Remember, "{days}", strconv.Itoa(days))
}

// wantsRemembering says whether the box is ticked.
func wantsRemembering(r *http.Request) bool { return r.PostForm.Get("remember") == "yes" }

// rememberedBrowser is a remembered browser as the account shows it.
type rememberedBrowser struct {
	ID, Device, Address, Place string
	Since, Until               time.Time
}

// browsersOf are the remembered browsers of a person.
func (a *accountPages) browsersOf(
	r *http.Request, userID string, t *messageSet,
) (list []rememberedBrowser, err error) {
	browsers, err := a.store.ListRememberedBrowsers(r.Context(), userID)
	for _, b := range browsers {
		list = append(list, rememberedBrowser{
			ID: b.ID, Device: t.deviceTitle(b.UserAgent), Address: b.Address, Place: a.places.of(b.Address),
			Since: b.CreatedAt, Until: b.ExpiresAt,
		})
	}
	return list, err
}

// forgetBrowser ends that a browser is remembered, as its owner says.
func (a *accountPages) forgetBrowser(r *http.Request, userID, id string) error {
	err := identity.RememberedBrowsers{Service: a.identity}.Forget(r, userID, id)
	if errors.Is(err, storage.ErrNotFound) {
		return errNotTheirs
	}
	return err
}
