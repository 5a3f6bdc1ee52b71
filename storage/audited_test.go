package storage

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// unaudited are the methods that write, but make no change that an administrator may make: requests and jobs do it, and
// what is to be kept of that they record by themselves.
var unaudited = map[string]string{
	"Approve": "a user, whose consent is an event", "CountOneTimeCodeFailure": "a sign-in",
	"ResetOneTimeCodeFailures": "a sign-in", "UsePasskey": "a sign-in",
	"UseAuthenticator": "a sign-in",
	"UseRecoveryCode":  "a sign-in that is an event",
	"UpgradePassword":  "the same password", "EndOldPasswords": "a job", "DeleteUnapprovedRegistrations": "a job",
	"UseIdempotencyKey":   "what is made with it is recorded",
	"RecordSignInFailure": "a sign-in", "ForgetSignInFailures": "a sign-in", "DeleteExpiredSigningKeys": "a job",
	"Sweep":       "a job",
	"PruneEvents": "its caller records it whole", "UseJTI": "a request", "RevokeJTI": "a request that is an event",
	"DeleteAccessToken": "a request that is an event", "ExpireAccessToken": "a request",
	"RevokeGrant":  "a request that is an event",
	"AcquireLease": "a job", "ReleaseLease": "a job", "ClaimLogoutDelivery": "a job", "PostponeLogoutDeliveries": "a job",
	"DeleteLogoutDelivery": "a job", "Together": "what is done in it is recorded", "TryWrite": "a probe",
	"PutSetting": "what the database remembers about itself", "VerifyOneTimeCode": "a sign-in",
	"CreateOneTimeCode": "a sign-in", "CreateLoginSession": "a sign-in", "RenewLoginSession": "a sign-in",
	"EndLoginSession": "a browser signs out, which is an event", "RandomKey": "a key that nobody chose",
	"DeleteImportedTokens": "its caller records them whole",
	"CreatePasswordReset":  "a request that is an event", "CountPasswordResetRefusal": "a request",
	"EnqueueMail": "its caller records what the mail is about", "WithdrawMail": "likewise", "ClaimMail": "a job",
	"MarkMailSent": "a job", "DropMail": "a job", "DropExpiredMails": "a job",
	"CreateConsoleSession": "a sign-in that is an event", "UseConsoleSession": "a request",
	"EndConsoleSession": "a browser signs out, which is an event",
	"RecordDevicePoll":  "a request",
	"KeepConsoleView":   "what operators remember for themselves", "DropConsoleView": "likewise",
	"WithoutTokenIndexes": "its caller records the import", "ReportHeldMails": "a job", "TakeAccountNotice": "a job",
	"NoteAccountChange": "its caller records the change", "CreatePushedRequest": "a request",
	"StoreRateCounts": "a job",
	"RememberBrowser": "a sign-in that is an event", "ForgetBrowser": "its owner does, which is an event",
}

// TestEveryChangeOfAnAdministratorIsRecordedWhereItIsMade finds the methods that write by what they call.
func TestEveryChangeOfAnAdministratorIsRecordedWhereItIsMade(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	require.NoError(t, err)
	writers := 0
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			f, isFunction := declaration.(*ast.FuncDecl)
			if !isFunction || f.Recv == nil || !f.Name.IsExported() || strings.HasPrefix(f.Name.Name, "Import") {
				continue
			}
			calls := callsOf(f)
			if !calls["transaction"] && !calls["changeConfiguration"] && !calls["exec"] && !calls["endLoginSessions"] {
				continue
			}
			writers++
			if unaudited[f.Name.Name] == "" {
				require.True(t, calls["changing"] || calls["changingBy"] || calls["changingRole"],
					"%s writes, but says not what it changes: call changing, or say in unaudited who else records it", f.Name.Name)
			}
		}
	}
	require.Greater(t, writers, 50)
}

// callsOf are the names of what a function calls.
func callsOf(f *ast.FuncDecl) map[string]bool {
	calls := map[string]bool{}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		call, isCall := n.(*ast.CallExpr)
		if !isCall {
			return true
		}
		switch called := call.Fun.(type) {
		case *ast.Ident:
			calls[called.Name] = true
		case *ast.SelectorExpr:
			calls[called.Sel.Name] = true
		}
		return true
	})
	return calls
}
