package gateway

import (
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// maximumErrorHeader bounds the error that is repeated in a header, in bytes: proxies take little more.
const maximumErrorHeader = 3 << 10

// authorize answers about the request that headers describe.
func (g *Gateway) authorize(w http.ResponseWriter, r *http.Request) {
	o, err := describedBy(r.Header)
	if err != nil {
		g.respond(w, r, o, decision{}.refuse(http.StatusBadRequest, "request_malformed", err.Error(), err))
		return
	}
	g.decideAndRespond(w, r, o)
}

// authorizeEnvoy answers about the request whose path follows the prefix.
func (g *Gateway) authorizeEnvoy(w http.ResponseWriter, r *http.Request) {
	o := original{
		method: r.Method, target: strings.TrimPrefix(r.RequestURI, PathEnvoy), host: r.Host, // as it was received
		scheme: r.Header.Get("X-Forwarded-Proto"),
	}
	if err := o.decodePath(); err != nil {
		g.respond(w, r, o, decision{}.refuse(http.StatusBadRequest, "request_malformed", "The path is too long.", err))
		return
	}
	g.decideAndRespond(w, r, o)
}

// decideAndRespond decides, keeps the decision and answers. A decision that can't be kept is a no.
func (g *Gateway) decideAndRespond(w http.ResponseWriter, r *http.Request, o original) {
	if err := inbound.Admitted(r); err != nil {
		g.respond(w, r, o, decision{}.refuse(http.StatusServiceUnavailable, "internal_error",
			"Service is temporarily unavailable. Try later", err))
		return
	}
	d := g.decide(r.Context(), o, r.Header)
	if err := g.keep(r, o, d); err != nil {
		d = d.refuse(http.StatusServiceUnavailable, "internal_error", "Service is temporarily unavailable. Try later", err)
	}
	g.respond(w, r, o, d)
}

// event is what the audit keeps of a decision: ids of records are in the path, for they are what an auditor asks about.
func (g *Gateway) event(r *http.Request, o original, d decision) storage.Event {
	e := storage.Event{
		Kind: storage.EventGatewayDecision, Address: inbound.ClientAddress(r),
		Details: map[string]string{
			"method": o.method, "path": o.pathOnly(), "result": "allowed", "status": strconv.Itoa(d.status),
		},
	}
	if d.status != http.StatusOK {
		e.Details["result"], e.Details["reason"] = "denied", d.message
	}
	if d.rule != nil {
		e.Details["rule"] = d.rule.Path
	}
	if d.record != nil {
		e.Details["resource"] = d.record.ResourceType + " " + d.record.Action + " " + d.record.ResourceID
		for _, c := range d.record.Contexts {
			e.Details["context "+c.Type] = c.ID
		}
	}
	if d.known != nil {
		e.ClientID, e.UserID = d.known.ClientID, d.known.UserID
	}
	if d.who != nil {
		e.ClientID, e.UserID = d.who.ClientID, d.who.UserID
		e.Details["client_name"], e.Details["mis_client_id"] = d.who.Client.Name, d.who.MISClientID
	}
	if d.mis != nil {
		e.ClientID, e.Details["client_name"], e.Details["mis_client_id"] = d.mis.ClientID, d.mis.Client.Name, d.mis.ClientID
	}
	return oauth.IdentifyEvent(r.Context(), e)
}

// metadata is what upstream reads of the token (contract section 7.5). It leaves out the refresh token, which the
// original had: no API needs it.
type metadata struct {
	ClientID    string `json:"client_id"`
	GrantType   string `json:"grant_type,omitempty"`
	RedirectURI string `json:"redirect_uri,omitempty"`
	Scope       string `json:"scope"`
	BrokerScope string `json:"broker_scope,omitempty"`
}

func (g *Gateway) respond(w http.ResponseWriter, r *http.Request, o original, d decision) {
	g.decisions.WithLabelValues(d.outcome()).Inc()
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	maps.Copy(header, d.answer)
	if d.status != http.StatusOK {
		if challenge := g.challenge(o, d); challenge != "" {
			header.Add("WWW-Authenticate", challenge)
		}
		g.writeRefusal(w, r, o, d)
		return
	}
	if d.who != nil {
		details, err := json.Marshal(metadata{
			ClientID: d.who.ClientID, GrantType: d.who.GrantType, RedirectURI: d.who.RedirectURI, Scope: d.who.Scope,
			BrokerScope: d.who.BrokerScope,
		})
		if err != nil {
			panic("gateway: metadata: " + err.Error()) // strings always marshal
		}
		header.Set("X-Consumer-Id", d.who.UserID)
		header.Set("X-Consumer-Scope", d.who.Scope)
		header.Set("X-Consumer-Metadata", ascii(details))
		header.Set("X-Client-Id", d.who.ClientID)
		setUnlessEmpty(header, "X-Person-Id", d.who.PersonID)
		setUnlessEmpty(header, "X-Mis-Client-Id", d.who.MISClientID)
	}
	if d.mis != nil {
		header.Set("X-Mis-Client-Id", d.mis.ClientID)
	}
	w.WriteHeader(http.StatusOK)
}

func setUnlessEmpty(header http.Header, name, value string) {
	if value != "" {
		header.Set(name, value)
	}
}

// errorBody is the body of an answer that is no.
type errorBody struct {
	Meta struct {
		URL       string `json:"url"`
		Type      string `json:"type"`
		RequestID string `json:"request_id"`
		Code      int    `json:"code"`
	} `json:"meta"`
	Error struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"error"`
}

// writeRefusal writes the body, and repeats it in a header for a gateway that keeps only those.
func (g *Gateway) writeRefusal(w http.ResponseWriter, r *http.Request, o original, d decision) {
	level := slog.LevelInfo
	if d.status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	cause := d.cause
	if cause == nil {
		cause = errors.New(d.outcome())
	}
	inbound.RecordOf(r.Context()).Failed(level, d.kind, cause)
	var body errorBody
	body.Meta.URL, body.Meta.Type, body.Meta.RequestID, body.Meta.Code = o.url(), "object", inbound.RequestID(r), d.status
	body.Error.Type, body.Error.Message = d.kind, d.message
	encoded, err := json.Marshal(body)
	if err != nil {
		panic("gateway: refusal: " + err.Error()) // strings and numbers always marshal
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	line := ascii(encoded)
	if len(line) > maximumErrorHeader {
		body.Meta.URL = ""
		short, _ := json.Marshal(body) // it marshalled before
		line = ascii(short)
	}
	if len(line) <= maximumErrorHeader {
		header.Set("X-Gateway-Error", line)
	}
	w.WriteHeader(d.status)
	_, _ = w.Write(encoded) // a gateway that is gone has nobody to tell
}

// ascii escapes what a header can't hold; JSON reads the same.
func ascii(content []byte) string {
	var out strings.Builder
	for _, r := range string(content) {
		switch {
		case r < 0x80:
			out.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			out.WriteString(`\u` + strconv.FormatInt(int64(0xd800+r>>10), 16) + `\u` +
				strconv.FormatInt(int64(0xdc00+r&0x3ff), 16))
		default:
			hex := strconv.FormatInt(int64(r), 16)
			out.WriteString(`\u` + strings.Repeat("0", 4-len(hex)) + hex)
		}
	}
	return out.String()
}
