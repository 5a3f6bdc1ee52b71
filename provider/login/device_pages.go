package login

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// The pages on which a person answers the request of a device that is elsewhere (RFC 8628 3.3). Package provider serves
// them. A person reads the first address off the device and types it.
const (
	PathDevice             = "/device"
	PathDeviceConfirmation = "/device/confirm"
	// PathDeviceQR is a picture of the address of PathDevice with a code, for a device that can't draw it.
	PathDeviceQR = "/device/qr"
)

// DeviceProgress is the request of a device that the person answers.
type DeviceProgress struct {
	ID       []byte `json:"id"`        // of the storage.DeviceAuthorization
	UserCode string `json:"user_code"` // as the person typed it, or came with the address
}

// DeviceCodeProblem is why the page that asks for a code is shown again.
type DeviceCodeProblem int

// The problems with a code.
const (
	DeviceCodeNone DeviceCodeProblem = iota
	DeviceCodeWrong
	DeviceCodeLimited // too many wrong ones
)

// DeviceCodePage asks for the code that a device shows. The form goes to PathDevice with the field user_code.
type DeviceCodePage struct {
	UserCode string // to begin with
	Problem  DeviceCodeProblem
}

type deviceCodeView struct {
	Text              *deviceText
	UserCode, Message string
}

// DeviceCode writes the page that asks for a code.
func (l *layout) DeviceCode(w http.ResponseWriter, r *http.Request, page DeviceCodePage) error {
	v := l.newView(w, r, "")
	text, status := v.Messages.Elsewhere, http.StatusOK
	view := deviceCodeView{Text: text, UserCode: page.UserCode}
	v.Title, v.Heading = text.CodeTitle, text.CodeTitle
	switch page.Problem {
	case DeviceCodeWrong:
		view.Message = text.CodeWrong
	case DeviceCodeLimited:
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(int(identity.DeviceCodeWindow/time.Second)))
		again := l.now().Add(identity.DeviceCodeWindow + time.Minute - 1).Truncate(time.Minute)
		view.Message = strings.ReplaceAll(text.CodeLimited, "{time}", again.In(kyiv).Format("15:04")+" "+v.Messages.Zone)
	}
	if view.Message != "" {
		v.Title = v.Messages.Error + ": " + v.Title
	}
	v.Page = view
	v.showContact()
	return v.write(w, status, "device_code.html")
}

// SubmittedDeviceCode is what a person typed into that page.
func (l *layout) SubmittedDeviceCode(r *http.Request) (string, error) {
	form, err := submitted(r)
	return form.Get("user_code"), err
}

// DeviceConfirmationPage asks whether a device may have what its client asks for. The form goes to
// PathDeviceConfirmation with the fields request, matches (yes: the device shows the same code) and decision, which is
// DecisionAccept, DecisionDeny or DecisionSwitch.
type DeviceConfirmationPage struct {
	Client    Presentation
	UserName  string // the email address of who is signed in
	Request   string // sealed
	UserCode  string
	BegunAt   time.Time // when the device asked, and from where
	Address   string
	Scopes    []storage.Scope
	Resources []storage.Resource
	// Unconfirmed says that the person approved without saying that the device shows the code.
	Unconfirmed bool
}

type deviceConfirmationView struct {
	DeviceConfirmationPage
	Text   *deviceText
	Titles []string
	For    []string // the resources in words
	Place  string   // of the address, "" where the operator names none
	Many   bool
}

// DeviceConfirmation writes that page.
func (l *layout) DeviceConfirmation(w http.ResponseWriter, r *http.Request, page DeviceConfirmationPage) error {
	v := l.newView(w, r, "")
	page.Client = v.present(page.Client)
	view := deviceConfirmationView{
		DeviceConfirmationPage: page, Text: v.Messages.Elsewhere, Place: l.places.of(page.Address),
		Many: len(page.Scopes) >= manyScopes,
	}
	for _, scope := range page.Scopes {
		view.Titles = append(view.Titles, scopeTitle(scope, v.Language))
	}
	view.For = resourceTitles(page.Resources, v.Language)
	v.Title, v.Heading, v.Page = view.Text.ConfirmTitle, view.Text.ConfirmTitle, view
	if page.Unconfirmed {
		v.Title = v.Messages.Error + ": " + v.Title
	}
	return v.write(w, http.StatusOK, "device_confirmation.html")
}

// DeviceNotice is how the request of a device ended.
type DeviceNotice int

// The ends of a request of a device.
const (
	DeviceApproved DeviceNotice = iota
	DeviceDenied
	DeviceOver // its code has expired, or was answered before
)

// DeviceNotice tells a person how the request of a device ended.
func (l *layout) DeviceNotice(w http.ResponseWriter, r *http.Request, notice DeviceNotice) error {
	v := l.newView(w, r, "")
	text, status := v.Messages.Elsewhere, http.StatusOK
	v.Title, v.Page = text.ApprovedTitle, noticePage{Lead: text.ApprovedLead, More: text.ApprovedMore}
	switch notice {
	case DeviceDenied:
		v.Title, v.Page = text.DeniedTitle, noticePage{Lead: text.DeniedLead, More: text.DeniedMore}
	case DeviceOver:
		status = http.StatusBadRequest
		v.Title, v.Page = text.OverTitle, noticePage{Lead: text.OverLead}
	}
	if notice != DeviceOver {
		v.Links = v.accountLink()
	}
	return v.write(w, status, "notice.html")
}
