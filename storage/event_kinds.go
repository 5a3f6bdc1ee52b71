package storage

// EventKinds are all kinds of audit events, in the order of their declarations.
var EventKinds = []string{
	EventUserCreated, EventUserUpdated, EventUserBlocked, EventUserUnblocked, EventUserDeleted, EventPasswordSet,
	EventFactorCreated, EventFactorChanged, EventFactorDeleted, EventPasskeyCreated, EventPasskeyDeleted,
	EventRecoveryCodesCreated, EventRecoveryCodesDeleted, EventSessionEnded, EventUserSignedOut,
	EventApprovalCreated, EventApprovalUpdated, EventApprovalDeleted, EventClientCreated, EventClientUpdated,
	EventClientBlocked, EventClientUnblocked, EventClientDeleted, EventTokensDeactivated, EventTokenCreated,
	EventTokenChanged, EventTokenDeleted, EventTokensDeleted, EventClientRegistered,
	EventClientRegistrationUpdated, EventClientRegistrationDeleted, EventConnectionCreated,
	EventConnectionUpdated, EventConnectionDeleted, EventConnectionSecretReplaced, EventConnectionSecretEnded,
	EventRoleCreated, EventRoleUpdated, EventRoleDeleted, EventRoleGranted, EventRoleRevoked,
	EventClientHostBlocked, EventClientHostUnblocked, EventClientTypeCreated, EventClientTypeUpdated,
	EventClientTypeDeleted, EventScopePut, EventScopeDeleted, EventResourcePut, EventResourceDeleted,
	EventDetailTypePut, EventDetailTypeDeleted, EventSigningKeyReplaced, EventSecretsResealed,
	EventInitialAccessTokenCreated, EventInitialAccessTokenDeleted, EventInvitationCreated,
	EventInvitationRevoked, EventInvitationAccepted, EventInvitationRejected, EventRolledBackEnded,
	EventAuditPruned, EventImported, EventImportPruned, EventSignIn, EventSignInFailed, EventSignOut,
	EventPasskeyCloned, EventRecoveryCodeUsed, EventBrowserRemembered, EventBrowserForgotten, EventDataExported,
	EventPasswordResetSent, EventPasswordResetRefused, EventSessionTokenIssued, EventLoginScopeBeyondRoles,
	EventConsented, EventCodeExchanged, EventDeviceApproved, EventDeviceDenied, EventTokenRevoked,
	EventRefreshTokenRepeated, EventRefreshTokenReused, EventClientAuthenticationFailed, EventAdminTokenFailed,
	EventGatewayDecision, EventInvitationRefused, EventConsoleSignedIn, EventConsoleRefused,
	EventConsoleSignedOut, EventUserViewed, EventAuditExported, EventClientTried,
}
