package example;

import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** An API as a tutorial has it: Spring Boot's defaults, and spring.security.oauth2.resourceserver.jwt.issuer-uri. */
@SpringBootApplication
@RestController
public class ResourceServer {
  public static void main(String[] arguments) {
    SpringApplication.run(ResourceServer.class, arguments);
  }

  @GetMapping("/whoami")
  Map<String, String> whoami(@AuthenticationPrincipal Jwt token) {
    return Map.of("subject", token.getSubject());
  }
}
