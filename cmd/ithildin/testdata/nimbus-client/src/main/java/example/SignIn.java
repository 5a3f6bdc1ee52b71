package example;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.oauth2.sdk.AuthorizationCodeGrant;
import com.nimbusds.oauth2.sdk.AuthorizationRequest;
import com.nimbusds.oauth2.sdk.AuthorizationResponse;
import com.nimbusds.oauth2.sdk.PushedAuthorizationRequest;
import com.nimbusds.oauth2.sdk.PushedAuthorizationResponse;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.ResponseMode;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.jarm.JARMUtils;
import com.nimbusds.oauth2.sdk.jarm.JARMValidator;
import com.nimbusds.oauth2.sdk.pkce.CodeChallengeMethod;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.openid.connect.sdk.AuthenticationRequest;
import com.nimbusds.openid.connect.sdk.Nonce;
import com.nimbusds.openid.connect.sdk.Prompt;
import com.nimbusds.openid.connect.sdk.claims.UserInfo;
import com.nimbusds.openid.connect.sdk.token.OIDCTokens;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.Map;

/**
 * An application of FAPI 2.0 Message Signing: it pushes a signed request, reads a signed response, and binds its tokens
 * to a key. SignIn AUTHORITY_FILE ISSUER REDIRECT_URI KEY_FILE
 */
final class SignIn extends Application {
  private static final ClientID CLIENT = new ClientID("fapi2");
  private final URI redirect;
  private final ECKey key;

  private SignIn(String issuer, String redirect, String keyFile) throws Exception {
    super(issuer);
    this.redirect = URI.create(redirect);
    this.key = ECKey.parse(Files.readString(Path.of(keyFile)));
  }

  public static void main(String[] arguments) throws Exception {
    trust(arguments[0]);
    new SignIn(arguments[1], arguments[2], arguments[3]).run();
  }

  private ClientAuthentication authentication() throws Exception {
    return new PrivateKeyJWT(CLIENT, URI.create(provider.getIssuer().getValue()), JWSAlgorithm.ES256,
        key.toECPrivateKey(), key.getKeyID(), null);
  }

  private URI push(AuthenticationRequest request) throws Exception {
    JWTClaimsSet claims = new JWTClaimsSet.Builder(request.toJWTClaimsSet())
        .issuer(CLIENT.getValue()).audience(provider.getIssuer().getValue())
        .notBeforeTime(new Date()).expirationTime(Date.from(Instant.now().plusSeconds(60)))
        .build();
    SignedJWT signed = new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(key.getKeyID())
        .type(new JOSEObjectType("oauth-authz-req+jwt")).build(), claims);
    signed.sign(new ECDSASigner(key));
    PushedAuthorizationResponse response = PushedAuthorizationResponse.parse(new PushedAuthorizationRequest(
        provider.getPushedAuthorizationRequestEndpointURI(), authentication(),
        new AuthenticationRequest.Builder(signed, CLIENT).build()).toHTTPRequest().send());
    if (!response.indicatesSuccess()) {
      throw new IllegalStateException(response.toErrorResponse().getErrorObject().toJSONObject().toString());
    }
    return response.toSuccessResponse().getRequestURI();
  }

  private void run() throws Exception {
    State state = new State();
    Nonce nonce = new Nonce();
    CodeVerifier verifier = new CodeVerifier();
    URI pushed = push(new AuthenticationRequest.Builder(
        ResponseType.CODE, new Scope("openid", "email", "offline_access"), CLIENT, redirect)
        .state(state).nonce(nonce).codeChallenge(verifier, CodeChallengeMethod.S256)
        .responseMode(ResponseMode.JWT).prompt(new Prompt(Prompt.Type.CONSENT)).build());
    AuthorizationResponse signed = AuthorizationResponse.parse(open(new AuthorizationRequest.Builder(pushed, CLIENT)
        .endpointURI(provider.getAuthorizationEndpointURI()).build().toURI()));
    JWTClaimsSet claims = new JARMValidator(
        provider.getIssuer(), CLIENT, JWSAlgorithm.ES256, provider.getJWKSetURI().toURL())
        .validate(signed.getJWTResponse());
    AuthorizationResponse response =
        AuthorizationResponse.parse(redirect, JARMUtils.toMultiValuedStringParameters(claims));

    AuthorizationCodeGrant grant = new AuthorizationCodeGrant(
        response.toSuccessResponse().getAuthorizationCode(), redirect, verifier);
    OIDCTokens tokens = tokens(authentication(), grant);
    UserInfo person = userinfo(tokens.getAccessToken());
    OIDCTokens refreshed = tokens(authentication(), new RefreshTokenGrant(tokens.getRefreshToken()));
    UserInfo again = userinfo(refreshed.getAccessToken());
    String subject = subjectOf(tokens, CLIENT.getValue(), JWSAlgorithm.ES256, nonce);
    finish(Map.of(
        "tokenType", tokens.getAccessToken().getType().getValue(),
        "email", person.getEmailAddress(),
        "sameSubject", again.getSubject().getValue().equals(subject),
        "sameState", state.equals(response.getState()),
        "responded", new ArrayList<>(claims.getClaims().keySet()),
        "replayed", token(authentication(), grant).toErrorResponse().getErrorObject().getCode()));
  }
}
