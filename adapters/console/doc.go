// Package console serves the pages on which operators administer the provider with a browser, at /console/ on the admin
// listener, in Ukrainian and English and without JavaScript.
//
// # Who may do what
//
// An operator signs in by OpenID Connect through this very provider: the console is its client ClientID, which New
// makes. The ID token must say that the sign-in was within the last minutes and had a second factor or a signature.
// What an operator may do are the rights (package operator) that the scopes of their roles name, for that client or
// everywhere. They are read anew for each request, as is whether the operator is blocked: a session never has more
// rights than its operator has now.
//
// A session is a row with the hash of a cookie. It ends after 15 minutes without a request, after 8 hours, when the
// operator gets another password, is blocked or has no right left.
//
// # A request
//
//	router ──> handler (handler.go): session, right, token of the form ──> a page (show…) ──> write (page.go)
//	                                                                 └───> an action (action.go): asks, then does
//
// Every page and action is a row of routes (routes.go) with the right that it needs. An action is a page of its own
// that says what will happen and asks for a reason; nothing is changed by a GET. Each change is recorded by package
// storage with the operator and the reason, and so is each look at the data of a person. An action that gives or takes
// what lets somebody in needs a sign-in of the last five minutes.
//
// # Forms
//
// A form is accepted from the console's own pages alone: by http.CrossOriginProtection, by SameSite=Strict, and by a
// token that is derived from the cookie of the session.
//
// # Pages
//
// A page is a screen (screen.go): facts, tables, filters and links, which one template writes. Its texts are in the
// catalogues texts/uk.json and texts/en.json.
package console
