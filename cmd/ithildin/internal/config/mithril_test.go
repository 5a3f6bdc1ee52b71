package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// mithrilFlagsOf are right flags of serve, with a mithril listener.
func mithrilFlagsOf(issuer string, mithril mithrilFlags) Flags {
	return Flags{Issuer: issuer, mithrilFlags: mithril}
}

func TestMithrilListenerIsRefusedWhereOthersCanReachIt(t *testing.T) {
	t.Setenv("ITHILDIN_SECRET", "0123456789abcdef0123456789abcdef")
	const issuer = "https://id.example"
	for _, private := range []string{
		"127.0.0.1:4000", "localhost:4000", "[::1]:4000", "10.1.2.3:4000", "172.16.0.1:4000", "192.168.1.1:80",
		"[fd00::1]:4000", "[::ffff:10.0.0.1]:4000",
	} {
		s, err := mithrilFlagsOf(issuer, mithrilFlags{MithrilListen: private}).Load()
		require.NoError(t, err, private)
		require.Equal(t, private, s.Mithril.Listen)
	}
	for _, public := range []string{
		"0.0.0.0:4000", "[::]:4000", ":4000", "203.0.113.5:4000", "[2001:db8::1]:4000", "mithril.internal:4000",
		"172.32.0.1:4000", "100.64.0.1:4000", "169.254.1.1:4000", "[::ffff:203.0.113.5]:4000",
	} {
		_, err := mithrilFlagsOf(issuer, mithrilFlags{MithrilListen: public}).Load()
		require.ErrorContains(t, err, "ITHILDIN_MITHRIL_LISTEN is ", public)
		require.ErrorContains(t, err, "want a loopback or a private address", public)
		_, err = mithrilFlagsOf(issuer, mithrilFlags{MithrilListen: public, MithrilAnywhere: true}).Load()
		require.NoError(t, err, public)
	}
}

func TestMithrilListenerHasNoPublicName(t *testing.T) {
	t.Setenv("ITHILDIN_SECRET", "0123456789abcdef0123456789abcdef")
	for want, flags := range map[string]Flags{
		"ITHILDIN_MITHRIL_HOSTS has the host of ITHILDIN_ISSUER": mithrilFlagsOf("https://id.example",
			mithrilFlags{MithrilListen: "10.0.0.1:4000", MithrilHosts: "mithril.svc, ID.example"}),
		"ITHILDIN_MITHRIL_LISTEN is the address of ITHILDIN_ISSUER": mithrilFlagsOf("https://10.0.0.1",
			mithrilFlags{MithrilListen: "10.0.0.1:443"}),
		"ITHILDIN_MITHRIL_LISTEN is the address of another listener": mithrilFlagsOf("https://id.example",
			mithrilFlags{MithrilListen: defaultAdminListen}),
		"ITHILDIN_MITHRIL_LISTEN is required with ITHILDIN_MITHRIL_HOSTS": mithrilFlagsOf("https://id.example",
			mithrilFlags{MithrilHosts: "mithril"}),
		`ITHILDIN_MITHRIL_HOSTS has "a:80": want names without a port`: mithrilFlagsOf("https://id.example",
			mithrilFlags{MithrilListen: "10.0.0.1:4000", MithrilHosts: "a:80"}),
		"a development server listens on loopback only": {Dev: true,
			mithrilFlags: mithrilFlags{MithrilListen: "10.0.0.1:4000"}},
	} {
		_, err := flags.Load()
		require.ErrorContains(t, err, want)
	}
}
