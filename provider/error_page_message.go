package provider

import (
	"errors"
	"fmt"
	"net/http"

	"ithildin/provider/login"
	"ithildin/provider/oauth"
	"ithildin/provider/redirect"
)

// errorPageOf is the page of an error: what is known of its cause in the person's language, and the description beside
// it.
func errorPageOf(e *oauth.Error) *login.ErrorPage {
	page := &login.ErrorPage{
		Status: withoutChallenge(e).Status, Code: e.Code, Message: e.Description, Level: e.Level(), Cause: e.PrivateCause(),
	}
	if e.Status < http.StatusInternalServerError {
		page.Hint = login.HintTellOperator
	}
	var scope *ScopeError
	var mismatch *redirect.Mismatch
	switch {
	case errors.As(e, &scope) && scope.Reason == ScopeEmpty:
		page.Message = login.MessageNoRoles
	case errors.As(e, &scope):
		page.Message, page.Received = login.MessageScopeRefused, scope.Scope
	case errors.Is(e, ErrNoPage):
		page.Message, page.Hint = login.MessageNoPage, ""
	case errors.Is(e, oauth.ErrClientMissing):
		page.Message, page.Expected = login.MessageClientMissing, "client_id"
	case errors.Is(e, oauth.ErrUnknownClient):
		page.Message = login.MessageClientUnknown
	case errors.Is(e, redirect.ErrMissing):
		page.Message, page.Expected = login.MessageRedirectMissing, "redirect_uri"
	case errors.As(e, &mismatch):
		page.Message, page.Detail = login.MessageRedirectMismatch, nearMissDetail[mismatch.Nearest]
		page.Received = fmt.Sprintf("%.200q", mismatch.Requested)
	case errors.Is(e, redirect.ErrUnregistered):
		page.Message = login.MessageRedirectMismatch
	case errors.Is(e, oauth.ErrClientBlocked):
		page.Message = login.MessageClientBlocked
	case errors.Is(e, ErrRequestOver):
		page.Message, page.Hint = login.MessageRequestOver, ""
	case errors.Is(e, ErrRefused):
		page.Message, page.Hint = login.MessageDenied, ""
	}
	return page
}

// nearMissDetail has the message key for the difference between a redirect URI and the nearest that is registered.
var nearMissDetail = map[redirect.Difference]string{
	redirect.IsNotAbsolute:          login.DetailRedirectNotAbsolute,
	redirect.HasFragment:            login.DetailRedirectFragment,
	redirect.HasUserInformation:     login.DetailRedirectUser,
	redirect.DiffersInScheme:        login.DetailRedirectScheme,
	redirect.DiffersInPort:          login.DetailRedirectPort,
	redirect.DiffersInPath:          login.DetailRedirectPath,
	redirect.DiffersInCase:          login.DetailRedirectCase,
	redirect.DiffersInTrailingSlash: login.DetailRedirectTrailingSlash,
	redirect.DiffersInQuery:         login.DetailRedirectQuery,
}
