package oauth

// GrantTypes are those that Exchange serves.
var GrantTypes = []string{"authorization_code", "refresh_token", "client_credentials"}
