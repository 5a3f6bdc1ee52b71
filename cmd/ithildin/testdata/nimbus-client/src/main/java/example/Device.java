package example;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationRequest;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationResponse;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationSuccessResponse;
import com.nimbusds.oauth2.sdk.device.DeviceCodeGrant;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.openid.connect.sdk.token.OIDCTokens;
import java.util.Map;

/** An application on a device without a browser, whose tokens are bound to a key. Device AUTHORITY_FILE ISSUER */
final class Device extends Application {
  private Device(String issuer) throws Exception {
    super(issuer);
  }

  public static void main(String[] arguments) throws Exception {
    trust(arguments[0]);
    new Device(arguments[1]).run();
  }

  private void run() throws Exception {
    ClientAuthentication authentication = new ClientSecretBasic(new ClientID("demo"), new Secret("demo-secret"));
    DeviceAuthorizationSuccessResponse begun = DeviceAuthorizationResponse.parse(
        new DeviceAuthorizationRequest.Builder(authentication).scope(new Scope("openid", "email"))
            .endpointURI(provider.getDeviceAuthorizationEndpointURI()).build().toHTTPRequest().send())
        .toSuccessResponse();
    DeviceCodeGrant grant = new DeviceCodeGrant(begun.getDeviceCode());
    TokenResponse early = token(authentication, grant);
    open(begun.getVerificationURIComplete());
    Thread.sleep(begun.getInterval() * 1000);
    OIDCTokens tokens = tokens(authentication, grant);
    finish(Map.of(
        "userCode", begun.getUserCode().getValue(),
        "early", early.toErrorResponse().getErrorObject().getCode(),
        "tokenType", tokens.getAccessToken().getType().getValue(),
        "sub", subjectOf(tokens, "demo", JWSAlgorithm.RS256, null),
        "userinfoSub", userinfo(tokens.getAccessToken()).getSubject().getValue()));
  }
}
