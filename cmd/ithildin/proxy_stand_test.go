package main_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
	"ithildin/storage/storagetest/requirement"
)

const (
	exampleIssuer = "https://id.example.org"
	exampleMTLS   = "https://mtls.id.example.org"
	exampleAPI    = "https://api.example.org"
	// clientAddress is where clients of a stand come from. Proxies and servers have other addresses of the loopback.
	clientAddress = "127.0.0.8"
	proxyAddress  = "127.0.0.1"
)

// proxyExample is a folder of deploy/proxies, and how its program is started with the files there.
type proxyExample struct {
	name      string
	program   requirement.Requirement
	arguments []string // FILE is the path of a file
	// https and http are how the files write that the proxy listens on the ports 443 and 80; ADDRESS and PORT are put in.
	https, http [2]string
	hasGateway  bool
	// passesTLS says that TLS of the host for certificates ends at the servers, which then see the proxy's address.
	passesTLS bool
}

var proxyExamples = []proxyExample{
	{
		name: "nginx", program: requirement.Nginx,
		https: [2]string{"listen 443 ", "listen ADDRESS "}, http: [2]string{"listen 80;", "listen ADDRESS;"},
	},
	{
		name: "haproxy", program: requirement.HAProxy, arguments: []string{"-db", "-f", "FILE/haproxy.cfg"},
		https: [2]string{"bind :443", "bind ADDRESS"}, http: [2]string{"bind :80", "bind ADDRESS"},
	},
	{
		name: "caddy", program: requirement.Caddy, hasGateway: true,
		arguments: []string{"run", "--config", "FILE/Caddyfile"},
		https:     [2]string{"https_port 443", "https_port PORT"}, http: [2]string{"http_port 80", "http_port PORT"},
	},
	{
		name: "envoy", program: requirement.Envoy, hasGateway: true,
		arguments: []string{"--disable-hot-restart", "--concurrency", "1", "--log-level", "warning", "-c", "FILE/envoy.yaml"},
		https:     [2]string{"0.0.0.0, port_value: 443}", "127.0.0.1, port_value: PORT}"},
		http:      [2]string{"0.0.0.0, port_value: 80}", "127.0.0.1, port_value: PORT}"},
	},
}

// proxyStand is two servers on one database behind the proxy of an example.
type proxyStand struct {
	t             *testing.T
	authority     *authority
	environment   []string
	public, admin string // ports
	mutual        string // port of the servers' listeners for certificates; "": the proxy asks for them
	servers       [2]*process
	https, http   string // the addresses of the proxy
}

// newProxyStand starts two development servers, which know each other's data, and the proxy before them.
func newProxyStand(t *testing.T, example proxyExample) *proxyStand {
	program := example.program.Get(t)
	s := &proxyStand{t: t, authority: newAuthority(t), https: freeAddress(t), http: freeAddress(t)}
	s.public, s.admin = port(t, freeAddress(t)), port(t, freeAddress(t))
	rules := filepath.Join(t.TempDir(), "rules.json")
	require.NoError(t, os.WriteFile(rules, []byte(`{"rules": [
		{"path": "/public", "public": true}, {"path": "/me", "scopes": ["openid"]}]}`), 0o600))
	s.environment = []string{
		"ITHILDIN_DATABASE_URL=" + storagetest.PostgreSQL().Create(t), "ITHILDIN_SECRET=" + string(storagetest.Secret()),
		"ITHILDIN_ISSUER=" + exampleIssuer, "ITHILDIN_TRUSTED_PROXIES=" + proxyAddress,
		"ITHILDIN_MTLS_PROXIES=" + proxyAddress,
		"ITHILDIN_MTLS_URL=" + exampleMTLS, "ITHILDIN_MTLS_CLIENT_CA_FILE=" + s.authority.file,
		"ITHILDIN_ADMIN_TOKEN=a-token-of-an-operator", "ITHILDIN_GATEWAY_RULES=" + rules, "ITHILDIN_SHUTDOWN_DELAY=4s",
		"ITHILDIN_DATABASE_CONNECTIONS=4", "ITHILDIN_OTLP_ENDPOINT=" + newCollector(t).URL + "/otlp",
	}
	if example.passesTLS {
		s.mutual = port(t, freeAddress(t))
		certificateFile, keyFile := s.authority.issue(t.TempDir(), 30*time.Minute, "mtls.id.example.org")
		s.environment = append(s.environment,
			"ITHILDIN_MTLS_CERTIFICATE_FILE="+certificateFile, "ITHILDIN_MTLS_KEY_FILE="+keyFile)
	}
	s.verb("migrate", "up")
	for i := range s.servers {
		s.startServer(i)
	}
	s.startProxy(example, program)
	require.Eventually(t, func() bool { // a proxy may listen before it has read what it serves
		response, err := s.client(nil).Get(exampleIssuer + "/.well-known/openid-configuration")
		return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}, patience, 50*time.Millisecond)
	return s
}

// startServer starts a server at 127.0.0.2 or 127.0.0.3, which stand for the 10.0.0.1 and 10.0.0.2 of the examples.
func (s *proxyStand) startServer(i int) {
	host := []string{"127.0.0.2:", "127.0.0.3:"}[i]
	environment := s.environment
	if s.mutual != "" {
		environment = append(slices.Clone(environment), "ITHILDIN_MTLS_LISTEN="+host+s.mutual)
	}
	s.servers[i] = startAt(s.t, host+s.public, host+s.admin, s.t.TempDir(), environment, "serve", "--dev")
}

// verb runs the program once with the settings of the servers.
func (s *proxyStand) verb(arguments ...string) {
	path, err := binary()
	require.NoError(s.t, err)
	command := exec.Command(path, arguments...)
	command.Env = append(os.Environ(), s.environment...)
	output, err := command.CombinedOutput()
	require.NoError(s.t, err, string(output))
}

// startProxy runs the files of the example as they are, but for addresses and folders.
func (s *proxyStand) startProxy(example proxyExample, program string) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(r.Header)
	}))
	s.t.Cleanup(api.Close)
	directory := s.t.TempDir()
	s.certificates(directory)
	listens := func(pair [2]string, address string) []string {
		return []string{pair[0], strings.NewReplacer("ADDRESS", address, "PORT", port(s.t, address)).Replace(pair[1])}
	}
	values := append(listens(example.https, s.https), listens(example.http, s.http)...)
	files := strings.NewReplacer(append(values,
		"10.0.0.1", "127.0.0.2", "10.0.0.2", "127.0.0.3", "10.0.0.9", "127.0.0.1",
		"8080", s.public, "8081", s.admin, "8443", s.mutual,
		"9000", port(s.t, api.Listener.Addr().String()), "/etc/ithildin/tls", directory, "/etc/haproxy", directory,
		"/etc/traefik", directory)...)
	found, err := filepath.Glob(filepath.Join("../../deploy/proxies", example.name, "*"))
	require.NoError(s.t, err)
	require.NotEmpty(s.t, found)
	for _, file := range found {
		content, err := os.ReadFile(file)
		require.NoError(s.t, err)
		path := filepath.Join(directory, filepath.Base(file))
		require.NoError(s.t, os.WriteFile(path, []byte(files.Replace(string(content))), 0o600))
	}
	if example.name == "nginx" {
		content, err := os.ReadFile(filepath.Join(directory, "ithildin.conf"))
		require.NoError(s.t, err)
		storagetest.StartNginx(s.t, func(listen string) string {
			defer func() { s.https = listen }()
			return strings.ReplaceAll(string(content), s.https, listen)
		})
		return
	}
	var arguments []string
	for _, argument := range example.arguments {
		arguments = append(arguments, strings.ReplaceAll(argument, "FILE", directory))
	}
	runProxy(s.t, s.https, directory, program, arguments...)
}

// certificates writes the files that the examples name: certificate and key of the proxy, both in one file as HAProxy
// takes them, and the authority of clients.
func (s *proxyStand) certificates(directory string) {
	certificateFile, keyFile := s.authority.issue(directory, 30*time.Minute,
		"id.example.org", "mtls.id.example.org", "api.example.org")
	var combined []byte
	for _, file := range []string{certificateFile, keyFile} {
		content, err := os.ReadFile(file)
		require.NoError(s.t, err)
		combined = append(combined, content...)
	}
	clients, err := os.ReadFile(s.authority.file)
	require.NoError(s.t, err)
	for name, content := range map[string][]byte{"combined.pem": combined, "clients-ca.pem": clients} {
		require.NoError(s.t, os.WriteFile(filepath.Join(directory, name), content, 0o600))
	}
	require.NoError(s.t, os.Rename(certificateFile, filepath.Join(directory, "fullchain.pem")))
}

// runLogged runs a program until the test ends, whose output a failed test shows.
func runLogged(t *testing.T, command *exec.Cmd) {
	log := &output{}
	command.Stdout, command.Stderr = log, log
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
}

// runProxy runs a program until the test ends, and waits until it listens at an address.
func runProxy(t *testing.T, address, directory, program string, arguments ...string) {
	command := exec.Command(program, arguments...)
	command.Dir = directory
	command.Env = append(os.Environ(), "HOME="+directory)
	runLogged(t, command)
	require.Eventually(t, func() bool {
		connection, err := net.DialTimeout("tcp", address, 100*time.Millisecond)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond, "%s does not listen", program)
}

func port(t *testing.T, address string) string {
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return port
}

// client is a client whose every host is the proxy, with these headers on each request and these certificates.
func (s *proxyStand) client(header http.Header, certificates ...tls.Certificate) *http.Client {
	config := s.authority.config()
	config.Certificates = certificates
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(clientAddress)}}
	transport := &http.Transport{
		TLSClientConfig: config, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if port(s.t, address) == "80" {
				return dialer.DialContext(ctx, network, s.http)
			}
			return dialer.DialContext(ctx, network, s.https)
		},
	}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: adding{transport, header}}
}

// adding sends the same headers with each request.
type adding struct {
	next   http.RoundTripper
	header http.Header
}

// RoundTrip implements http.RoundTripper.
func (a adding) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, values := range a.header {
		r.Header[name] = append(r.Header[name], values...)
	}
	return a.next.RoundTrip(r)
}

// postForm posts a form as a client with a secret, or as nobody where the client has no name.
func (s *proxyStand) postForm(
	client *http.Client, address, id, secret string, form url.Values, header http.Header,
) (*http.Response, map[string]any) {
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name := range header {
		r.Header.Set(name, header.Get(name))
	}
	if id != "" {
		r.SetBasicAuth(id, secret)
	}
	response, err := client.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	var reply map[string]any
	_ = json.Unmarshal(content, &reply) // an error of the proxy is no JSON: the status says it
	return response, reply
}

// requireLoggedAddress requires that the server which answered took the client for who it is.
func (s *proxyStand) requireLoggedAddress(response *http.Response) {
	s.t.Helper()
	seen := clientAddress
	if s.mutual != "" && response.Request.URL.Host == strings.TrimPrefix(exampleMTLS, "https://") {
		seen = proxyAddress
	}
	id := response.Header.Get("X-Request-Id")
	require.NotEmpty(s.t, id)
	for _, server := range s.servers {
		for line := range strings.Lines(server.output.String()) {
			if strings.Contains(line, id) && strings.Contains(line, `"address"`) {
				require.Contains(s.t, line, `"address":"`+seen+`"`)
				return
			}
		}
	}
	require.Fail(s.t, "no server has logged the request "+id)
}

// requireGatewayLogsTheClient requires that the proxy asked for the client, and in no trace that the client named.
func (s *proxyStand) requireGatewayLogsTheClient() {
	s.t.Helper()
	asked := 0
	for _, server := range s.servers {
		for line := range strings.Lines(server.output.String()) {
			if !strings.Contains(line, `"/gateway/`) || !strings.Contains(line, `"address"`) {
				continue
			}
			asked++
			require.Contains(s.t, line, `"address":"`+clientAddress+`"`)
			require.NotContains(s.t, line, givenTrace)
		}
	}
	require.Positive(s.t, asked)
}
