package example;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.TokenErrorResponse;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.dpop.DPoPProofFactory;
import com.nimbusds.oauth2.sdk.dpop.DefaultDPoPProofFactory;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.http.HTTPResponse;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import com.nimbusds.openid.connect.sdk.Nonce;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponseParser;
import com.nimbusds.openid.connect.sdk.UserInfoRequest;
import com.nimbusds.openid.connect.sdk.UserInfoResponse;
import com.nimbusds.openid.connect.sdk.claims.UserInfo;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.token.OIDCTokens;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Map;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import net.minidev.json.JSONObject;

/**
 * What both applications share: the provider, a key that tokens are bound to, and the person at the browser, to whom a
 * line of JSON says what to open, and who answers with a line of what came of it.
 */
abstract class Application {
  final OIDCProviderMetadata provider;
  private final DPoPProofFactory proofs;
  private final BufferedReader person = new BufferedReader(new InputStreamReader(System.in));
  private Nonce serverNonce;

  Application(String issuer) throws Exception {
    provider = OIDCProviderMetadata.resolve(new Issuer(issuer));
    proofs = new DefaultDPoPProofFactory(new ECKeyGenerator(Curve.P_256).generate(), JWSAlgorithm.ES256);
  }

  /** trust makes a certificate in PEM the only authority that is trusted. */
  static void trust(String file) throws Exception {
    KeyStore authorities = KeyStore.getInstance(KeyStore.getDefaultType());
    authorities.load(null, null);
    try (FileInputStream content = new FileInputStream(file)) {
      authorities.setCertificateEntry("authority",
          CertificateFactory.getInstance("X.509").generateCertificate(content));
    }
    TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(authorities);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    HttpsURLConnection.setDefaultSSLSocketFactory(context.getSocketFactory());
    HTTPRequest.setDefaultSSLSocketFactory(context.getSocketFactory());
  }

  /** open lets the person go through all pages from an address on, and returns where they ended. */
  URI open(URI address) throws Exception {
    System.out.println(JSONObject.toJSONString(Map.of("open", address.toString())));
    return URI.create(person.readLine());
  }

  static void finish(Map<String, Object> report) {
    System.out.println(JSONObject.toJSONString(Map.of("report", report)));
  }

  /** prove sends a request with a proof, again where the provider asks for its nonce (RFC 9449 8). */
  HTTPResponse prove(HTTPRequest request, AccessToken token) throws Exception {
    HTTPResponse response = null;
    for (int i = 0; i < 2; i++) {
      request.setDPoP(token == null
          ? proofs.createDPoPJWT(request.getMethod().name(), request.getURI(), serverNonce)
          : proofs.createDPoPJWT(request.getMethod().name(), request.getURI(), token, serverNonce));
      response = request.send();
      boolean wasAsked = response.getStatusCode() >= 400 && asksForNonce(response);
      serverNonce = response.getDPoPNonce() == null ? serverNonce : response.getDPoPNonce();
      if (!wasAsked) {
        break;
      }
    }
    return response;
  }

  private static boolean asksForNonce(HTTPResponse response) {
    String challenge = response.getWWWAuthenticate();
    return (challenge != null ? challenge : response.getBody()).contains("use_dpop_nonce");
  }

  TokenResponse token(ClientAuthentication authentication, AuthorizationGrant grant) throws Exception {
    HTTPRequest request =
        new TokenRequest.Builder(provider.getTokenEndpointURI(), authentication, grant).build().toHTTPRequest();
    return OIDCTokenResponseParser.parse(prove(request, null));
  }

  OIDCTokens tokens(ClientAuthentication authentication, AuthorizationGrant grant) throws Exception {
    TokenResponse response = token(authentication, grant);
    if (response instanceof TokenErrorResponse refusal) {
      throw new IllegalStateException(refusal.toJSONObject().toString());
    }
    return (OIDCTokens) response.toSuccessResponse().getTokens();
  }

  String subjectOf(OIDCTokens tokens, String client, JWSAlgorithm algorithm, Nonce nonce) throws Exception {
    IDTokenValidator validator = new IDTokenValidator(
        provider.getIssuer(), new ClientID(client), algorithm, provider.getJWKSetURI().toURL());
    return validator.validate(tokens.getIDToken(), nonce).getSubject().getValue();
  }

  UserInfo userinfo(AccessToken token) throws Exception {
    HTTPRequest request = new UserInfoRequest(provider.getUserInfoEndpointURI(), token).toHTTPRequest();
    UserInfoResponse response = UserInfoResponse.parse(prove(request, token));
    if (!response.indicatesSuccess()) {
      throw new IllegalStateException(response.toErrorResponse().getErrorObject().toJSONObject().toString());
    }
    return response.toSuccessResponse().getUserInfo();
  }
}
